/** `holdfast profiles check`: problems, origin and points of a device profile. Exits with 78 if there are problems. */
import { resolve } from 'node:path';
import { EXIT, Fault } from '../base/fault.ts';
import type { ProfileText } from '../config/device-profiles/attached-profiles.ts';
import { nearestWord } from '../config/suggestion.ts';
import { findProfile, profileIds, readProfileFile } from '../io/profile-files.ts';
import { countOf, printable } from '../ops/words.ts';
import type { Column } from './columns.ts';
import { problemLines } from './config-check.ts';
import { type CommandContext, printJson } from './context.ts';
import { profileFolder } from './profile-folder.ts';
import { type ProfileSummary, summaryOf } from './profile-report.ts';
import { labelled } from './status-view.ts';
import { renderTable } from './table.ts';
import { hangOnScreen, type Terminal } from './terminal.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'point', shrinks: true },
  { heading: 'table' },
  { heading: 'address', align: 'right' },
  { heading: 'type' },
  { heading: 'scale', align: 'right' },
  { heading: 'unit' },
  { heading: 'poll' },
];

/** @param name path of a file, or id. @throws Fault `usage` if there is none */
export function checkProfile(context: CommandContext, name: string): number {
  const isFile = name.includes('/') || name.endsWith('.toml');
  const summary = isFile ? summaryOf(fileNamed(name), undefined) : summaryOf(profileNamed(context, name), name);
  const isGood = summary.problems.length === 0;
  if (context.asJson) printJson(context, 'profile-check', { ok: isGood, profile: summary });
  else for (const line of linesOf(summary, context.terminal)) context.terminal.print(line);
  return isGood ? EXIT.ok : EXIT.config;
}

function fileNamed(path: string): ProfileText {
  const found = readProfileFile(resolve(path));
  if (found !== undefined) return found;
  throw new Fault('usage', `${printable(path)} does not exist`, {
    hint: 'Name a file, or an id: holdfast profiles list',
  });
}

function profileNamed(context: CommandContext, id: string): ProfileText {
  const folder = profileFolder(context);
  const found = findProfile(id, folder);
  if (found !== undefined) return found;
  const similar = nearestWord(id, profileIds(folder));
  throw new Fault('usage', `No device profile has the id ${printable(id)}`, {
    hint: similar === undefined ? 'holdfast profiles list shows the ids.' : `Did you mean ${similar}?`,
  });
}

function linesOf(summary: ProfileSummary, terminal: Terminal): string[] {
  const { file, problems, replaces, points } = summary;
  if (problems.length > 0) return problemLines(file, problems, terminal);
  const note = replaces === null ? [] : hangOnScreen('', `It replaces the shipped profile ${replaces}.`, terminal);
  const rows = points.map(({ name, table, address, type, scale, unit, pollMs }) => [
    name,
    table,
    String(address),
    type ?? '',
    scale === null ? '' : String(scale),
    unit ?? '',
    pollMs === null ? '' : `${pollMs / 1000} s`,
  ]);
  return [
    ...hangOnScreen('', `${file} is valid.`, terminal),
    ...note,
    '',
    ...labelled('Profile', [`${summary.id}, ${countOf(points.length, 'point')}`], terminal),
    ...labelled('Device', [`${summary.vendor} ${summary.name}`], terminal),
    ...labelled('Source', [summary.source ?? ''], terminal),
    ...(summary.notes === null ? [] : labelled('Notes', [summary.notes], terminal)),
    ...labelled('Serial', [serialWords(summary.serial)], terminal),
    '',
    renderTable(COLUMNS, rows, terminal),
  ];
}

/** Factory settings, which the link need not have. */
function serialWords({ baudRate, parity, stopBits }: ProfileSummary['serial']): string {
  const words = [
    baudRate === null ? [] : [`${baudRate} bit/s`],
    parity === null ? [] : [`parity ${parity}`],
    stopBits === null ? [] : [countOf(stopBits, 'stop bit')],
  ].flat();
  return words.length === 0 ? 'not known' : `${words.join(', ')} at delivery`;
}

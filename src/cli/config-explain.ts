/** `holdfast config explain`: one configuration key, with its values in the file and in the running gateway. */
import { parse } from 'smol-toml';
import { EXIT, Fault } from '../base/fault.ts';
import { type ConfigChange, valueText } from '../config/config-changes.ts';
import { valuesOf } from '../config/config-values.ts';
import { type KeyRow, keyRow, keyRows, restartWords, sectionsWith } from '../config/key-table.ts';
import { parseConfig } from '../config/parse.ts';
import type { Sections } from '../config/sections.ts';
import { nearestWord } from '../config/suggestion.ts';
import { ask } from '../ops/api/control-client.ts';
import type { ConfigReport } from '../ops/reports/config-report.ts';
import { printable } from '../ops/words.ts';
import { type CommandContext, printJson, readConfigText } from './context.ts';
import type { KeyValue } from './json-outputs.ts';
import { locateGateway } from './location.ts';
import { labelled } from './status-view.ts';
import { hangOnScreen, type Terminal } from './terminal.ts';

/** Places that are printed; a gateway may have thousands of subdevices. */
const PLACES_MAX = 20;

/** @throws Fault `usage` for a name that is not a key */
export async function explainKey(context: CommandContext, name: string): Promise<number> {
  const rows = rowsNamed(name);
  const sections = fileSections(context);
  const report = await runningReport(context);
  for (const [index, row] of rows.entries()) {
    const values = sections === undefined ? [] : [...keyValues(row, sections, report), ...removedValues(row, report)];
    if (context.asJson) printJson(context, 'config-key', { ...row, values });
    else
      for (const line of [...(index === 0 ? [] : ['']), ...keyLines(row, values, context.terminal)])
        context.terminal.print(line);
  }
  if (sections === undefined && !context.asJson) {
    const { configPath, terminal } = context;
    const why = `not shown, neither of the file nor of the running gateway: ${configPath} is missing, invalid, or closed to this user. Run: holdfast config check ${configPath}`;
    for (const line of labelled('Value', [why], terminal)) terminal.print(line);
  }
  return EXIT.ok;
}

/** Rows of a key, which may be in several sections. Names of entries, as in `link[meters].path`, are left out. */
function rowsNamed(name: string): readonly KeyRow[] {
  const plain = name.replace(/^\[+([a-z_.]+)\]+/, '$1').replaceAll(/\[[^\]]*\]/g, '');
  const cut = plain.lastIndexOf('.');
  const key = plain.slice(cut + 1);
  const sections = cut < 0 ? sectionsWith(key) : [plain.slice(0, cut)];
  const rows = sections.flatMap((section) => keyRow(section, key) ?? []);
  if (rows.length > 0) return rows;
  throw unknownKey(name, plain, key);
}

function unknownKey(name: string, plain: string, key: string): Fault {
  const all = keyRows();
  const ofSection = all.filter(({ section }) => section === plain);
  const full = nearestWord(
    plain,
    all.map((row) => `${row.section}.${row.key}`),
  );
  const similar = full ?? nearestWord(key, [...new Set(all.map((row) => row.key))]);
  const elsewhere = sectionsWith(key).map((section) => `${section}.${key}`);
  const hint =
    ofSection.length > 0
      ? `It is a section. Its keys: ${ofSection.map((row) => row.key).join(', ')}.`
      : elsewhere.length > 0
        ? `Did you mean ${elsewhere.join(' or ')}?`
        : similar === undefined
          ? 'holdfast config reference lists the keys.'
          : `Did you mean ${similar}?`;
  return new Fault('usage', `No key of the configuration has the name ${printable(name)}`, { hint });
}

/** @returns `undefined`: the file is missing or invalid */
function fileSections({ configPath }: CommandContext): Sections | undefined {
  try {
    const parsed = parseConfig(readConfigText(configPath));
    return parsed.ok ? parsed.sections : undefined;
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** @returns `undefined`: no gateway answers, or its file is not known to be valid */
async function runningReport(context: CommandContext): Promise<ConfigReport | undefined> {
  try {
    const { controlSocket } = await locateGateway(context);
    const asked = await ask(controlSocket, '/v1/config');
    return asked.kind === 'answered' && asked.report.problems.length === 0 ? asked.report : undefined;
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

function keyValues({ section, key }: KeyRow, sections: Sections, report: ConfigReport | undefined): KeyValue[] {
  return valuesOf(sections, section, key).map(({ place, text, profile }) => {
    const value = profile === undefined ? { place, file: text } : { place, file: text, profile };
    if (report === undefined) return value;
    const changed = changeAt(report.changes, place);
    if (changed !== undefined) return { ...value, running: changed.old };
    const ofHub = changeAt(report.hubChanges, place);
    if (ofHub === undefined) return { ...value, running: text };
    return ofHub.change === 'removed' ? value : { ...value, running: ofHub.new, isOfHub: true };
  });
}

/** Change of a key, or of the entry that it belongs to. */
function changeAt(changes: readonly ConfigChange[], place: string): ConfigChange | undefined {
  return changes.find(({ key }) => key === place || place.startsWith(`${key}.`));
}

/** Values of links and subdevices that the running gateway has and the file does not. */
function removedValues({ section, key }: KeyRow, report: ConfigReport | undefined): KeyValue[] {
  const removed = report?.changes.filter(({ change }) => change === 'removed') ?? [];
  return removed.flatMap(({ key: place, old }) => {
    if (old === null || /^(\w+)\[[^\]]*\]$/.exec(place)?.[1] !== section) return [];
    const { entry } = parse(`entry = ${old}`);
    if (typeof entry !== 'object' || Array.isArray(entry)) return [];
    return [{ place: `${place}.${key}`, running: valueText(new Map(Object.entries(entry)).get(key)) }];
  });
}

function keyLines(row: KeyRow, values: readonly KeyValue[], terminal: Terminal): string[] {
  const shown = values.slice(0, PLACES_MAX);
  return [
    terminal.tone('strong', `${row.section}.${row.key}`),
    ...hangOnScreen('  ', row.meaning, terminal),
    '',
    ...labelled('Type', [row.type], terminal),
    ...labelled('Default', [row.fallback], terminal),
    ...(row.unit === null ? [] : labelled('Unit', [row.unit], terminal)),
    ...labelled('Restarts', [`a change restarts ${restartWords(row)}`], terminal),
    ...shown.flatMap((value) => labelled('Value', [valueWords(value)], terminal)),
    ...(values.length > shown.length ? labelled('', [`and ${values.length - shown.length} more`], terminal) : []),
  ];
}

function valueWords({ place, file, running, profile, isOfHub }: KeyValue): string {
  if (file === undefined) return `${printable(`${place} = ${running ?? 'default'}`)} in the running gateway only`;
  const inFile = printable(`${place} = ${file ?? 'default'}`);
  if (profile !== undefined && running === file) return `${inFile} of the device profile ${profile}`;
  if (running === undefined) return `${inFile} in the file`;
  if (running === file) return `${inFile} in the file and in the running gateway`;
  return `${inFile} in the file, ${printable(running ?? 'default')} in the running gateway${isOfHub === true ? ', set by the hub' : ''}`;
}

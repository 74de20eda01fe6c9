/**
 * Scene as lines of text: the live frame of a terminal, or one line for a log. Pure.
 *
 * Invariant: a frame always has the same number of lines (`FRAME_LINES`), and no line is wider than requested, so the
 * frame can be drawn over the previous one.
 */
import { stripVTControlCharacters } from 'node:util';
import { bytesWords, countWords, durationWords, etaWords, rateWords } from '../../ops/words.ts';
import type { Paint } from './paint.ts';
import { ACTS, type Scene, type SubdeviceScene, sumOf } from './scene.ts';

/** One line less than the smallest terminal, for the cursor. */
export const FRAME_LINES = 23;
export const FRAME_WIDTH_MIN = 76;
/** Wider is harder to read. */
const WIDTH_MAX = 96;
const WHY_LINES = 3;
const STEPS_GAP = '   ';
/** Largest width of the bar beside the backlog, in columns. */
const REPLAY_BAR = 24;

export function frameOf(scene: Scene, columns: number, paint: Paint): string[] {
  const width = Math.min(WIDTH_MAX, columns);
  const act = ACTS[scene.act];
  const why = wrapped(act.why, width);
  return [
    titleLine(scene, width, paint),
    bar(scene.progress, width, paint),
    stepsLine(scene, paint),
    '',
    paint('strong', `${scene.act + 1}  ${act.title}`),
    ...Array.from({ length: WHY_LINES }, (_, index) => why[index] ?? ''),
    '',
    ...tableLines(scene, paint),
    '',
    ...stateLines(scene, width, paint),
    '',
    ...footLines(paint),
  ].map((line) => clipped(line, width));
}

/** Cuts a line. A very large number may cost a line its colours, but must not change the layout. */
function clipped(line: string, width: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length > width ? plain.slice(0, width) : line;
}

/** Most important values on one line, for a log. */
export function logLineOf(scene: Scene): string {
  const sum = sumOf(scene.subdevices);
  const backlog = scene.backlog === undefined ? '' : `, ${countWords(scene.backlog.onDisk)} on disk`;
  return [
    `  ${Math.floor(scene.elapsedMs / 1000)} s`.padEnd(7),
    `readings: ${countWords(sum.acknowledged)} acknowledged, ${countWords(sum.delivered)} at the hub, ${countWords(sum.missing)} on the way`,
    `commands: ${countWords(sum.commandsDelivered)} of ${countWords(sum.commandsSent)}`,
    `gateway ${scene.gateway.state}${backlog}`,
    `hub ${scene.hub.state}`,
  ].join(' | ');
}

export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function titleLine({ elapsedMs, seconds, seed }: Scene, width: number, paint: Paint): string {
  const left = 'holdfast demo: no message is lost';
  const right = `${Math.floor(elapsedMs / 1000)} s of about ${seconds} s · seed ${seed}`;
  return `${paint('strong', left)}${right.padStart(width - left.length)}`;
}

function bar(share: number, width: number, paint: Paint): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return paint('good', '█'.repeat(full)) + paint('quiet', '░'.repeat(width - full));
}

function stepsLine(scene: Scene, paint: Paint): string {
  return ACTS.map(({ step }, index) => {
    if (index === scene.act) return paint('strong', `▸ ${index + 1} ${step}`);
    return index < scene.act ? paint('good', `✓ ${index + 1} ${step}`) : paint('quiet', `· ${index + 1} ${step}`);
  }).join(STEPS_GAP);
}

/** Widths of the columns; the first holds the name with its mark. */
const COLUMNS = [14, 8, 15, 13, 8, 12, 10] as const;

function row(cells: readonly string[]): string {
  return cells
    .map((cell, index) => (index === 0 ? cell.padEnd(COLUMNS[0]) : cell.padStart(COLUMNS[index] ?? 0)))
    .join('')
    .trimEnd();
}

function tableLines(scene: Scene, paint: Paint): string[] {
  const sum = sumOf(scene.subdevices);
  const cells = (counts: Omit<SubdeviceScene, 'id' | 'isConnected'>): string[] =>
    [
      counts.sent,
      counts.acknowledged,
      counts.delivered,
      counts.missing,
      counts.commandsSent,
      counts.commandsDelivered,
    ].map(countWords);
  const mark = (subdevice: SubdeviceScene): string => (isServed(scene, subdevice) ? '' : ' (waits)');
  return [
    paint('quiet', row(['', 'readings', '', '', '', 'commands', ''])),
    paint('quiet', row(['subdevice', 'sent', 'acknowledged', 'at the hub', 'on the way', 'sent', 'arrived'])),
    ...scene.subdevices.map((subdevice) => row([`${subdevice.id}${mark(subdevice)}`, ...cells(subdevice)])),
    paint('strong', row(['together', ...cells(sum)])),
  ];
}

function isServed({ gateway }: Scene, { isConnected }: SubdeviceScene): boolean {
  return isConnected && gateway.state !== 'killed' && gateway.state !== 'starting';
}

function stateLines(scene: Scene, width: number, paint: Paint): string[] {
  const label = (name: string): string => paint('strong', name.padEnd(10));
  return [
    label('Gateway') + gatewayWords(scene, paint),
    label('Backlog') + backlogWords(scene, width - 10, paint),
    label('Hub') + hubWords(scene, paint),
    label('Flash') + flashWords(scene),
  ];
}

function gatewayWords({ gateway }: Scene, paint: Paint): string {
  switch (gateway.state) {
    case 'killed':
      return paint('bad', 'killed: the subdevices get no answer');
    case 'starting':
      return paint('warning', 'starting');
    case 'running':
    case 'stopping': {
      const kills = gateway.kills === 0 ? '' : ', restarted after SIGKILL';
      return `${paint('good', 'running')} as process ${gateway.pid}${kills}`;
    }
  }
}

function backlogWords({ backlog, replay, act, gateway }: Scene, width: number, paint: Paint): string {
  if (backlog === undefined) return gateway.kills > 0 ? 'on disk, not affected by SIGKILL' : 'none';
  const count = `${countWords(backlog.messages)} for the hub, ${countWords(backlog.onDisk)} on disk`;
  if (act !== 3 || replay === undefined) return count;
  const pace = ` · ${rateWords(replay.perS)}, done in ${replay.etaMs === null ? '...' : etaWords(replay.etaMs)} `;
  const room = Math.max(0, Math.min(REPLAY_BAR, width - count.length - pace.length));
  return `${count}${pace}${bar(replay.share, room, paint)}`;
}

function hubWords({ hub }: Scene, paint: Paint): string {
  const stored = hub.stored === 0 ? '' : ` · stores ${countWords(hub.stored)} commands for the gateway`;
  if (hub.state === 'away') return `${paint('bad', 'away')} for ${durationWords(hub.forMs)}${stored}`;
  const session = hub.sessionPresent === true ? ' · session present = 1' : '';
  return `${paint('good', 'near')}${session}${stored}`;
}

function flashWords({ flash: { steadyBytes, awayBytes } }: Scene): string {
  if (steadyBytes === null) return 'measured once the start is complete';
  const away = awayBytes === null ? '' : ` · ${bytesWords(awayBytes)} with the hub away`;
  return `${bytesWords(steadyBytes)} written with the hub connected${away}`;
}

function footLines(paint: Paint): string[] {
  return [
    'on the way: acknowledged to the subdevice, not yet at the hub. Must reach 0.',
    'Bench hub: MQTT 3.1.1, stores 150 commands; profile generic, short reconnect pauses.',
  ].map((line) => paint('quiet', line));
}

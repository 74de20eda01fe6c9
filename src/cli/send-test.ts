/** `holdfast send uplink|downlink`: a test message through the running gateway, and what became of it in which time. */
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, Fault } from '../base/fault.ts';
import { TEST_PAYLOAD_BYTES_MAX, type TestMessageReport, type TestWay } from '../base/test-message.ts';
import { give } from '../ops/api/control-client.ts';
import { countOf, countWords, durationWords } from '../ops/words.ts';
import { ByteProgress } from './byte-progress.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';
import { wrap } from './terminal.ts';

export interface SendOptions {
  readonly payload?: string;
  readonly hex?: string;
  readonly file?: string;
  /** Also wait for the PUBACK of the hub. Uplinks only. */
  readonly wait?: true;
  /** Longest wait, ms. */
  readonly timeout: number;
}

/** Pauses between two requests for the outcome, ms: short at first, because most messages take milliseconds. */
const PAUSES_MS = [20, 50, 100, 250];

/**
 * @param words subdevice, topic, and `-` if the payload is read from standard input
 * @throws Fault `usage`, `command-rejected`, `not-running`
 */
export async function sendTest(
  context: CommandContext,
  way: TestWay,
  words: readonly string[],
  options: SendOptions,
): Promise<number> {
  const [subdevice = '', topic = '', input] = words;
  const payload = payloadOf(input, options).toString('base64');
  const { controlSocket } = await locateGateway(context);
  const ask = async (name: string, body: object): Promise<TestMessageReport> =>
    (await give(controlSocket, name, body)) as TestMessageReport;
  let report = await ask(`send.${way}`, { subdevice, topic, payload });
  const untilEnd = way === 'downlink' || options.wait === true;
  const isDone = ({ safeMs, endedMs }: TestMessageReport): boolean =>
    endedMs !== null || (!untilEnd && safeMs !== null);
  const progress = new ByteProgress('');
  const startedMs = performance.now();
  for (let round = 0; !isDone(report); round += 1) {
    const waitedMs = performance.now() - startedMs;
    if (waitedMs > options.timeout) break;
    if (waitedMs > 1000) progress.say(`waiting for ${awaited(way, report)} (${durationWords(waitedMs)})`);
    await pause(PAUSES_MS[Math.min(round, PAUSES_MS.length - 1)]);
    report = await ask('send.outcome', { id: report.id });
  }
  progress.clear();
  if (context.asJson) printJson(context, 'test-message', report);
  else
    for (const line of linesOf(report, untilEnd, options.timeout).flatMap((one) => wrap(one, context.terminal.width)))
      context.terminal.print(line);
  const isGood = report.outcome === 'delivered' || (report.outcome === null && isDone(report));
  return isGood ? EXIT.ok : EXIT.refused;
}

function awaited(way: TestWay, { safeMs }: TestMessageReport): string {
  if (way === 'downlink') return 'the subdevice';
  return safeMs === null ? 'custody' : 'the PUBACK of the hub';
}

function linesOf(report: TestMessageReport, untilEnd: boolean, timeoutMs: number): string[] {
  const { way, subdevice, topic, bytes, safeMs, isStored, endedMs, outcome, reason } = report;
  const receiver = way === 'uplink' ? 'the hub' : subdevice;
  const lines = [`Test ${way} ${way === 'uplink' ? 'of' : 'for'} ${subdevice} on ${topic}, ${countOf(bytes, 'byte')}.`];
  if (safeMs !== null && isStored === true) lines.push(`In custody after ${msWords(safeMs)}: stored on disk.`);
  else if (safeMs !== null && outcome === 'delivered')
    lines.push(`In custody from the start; not written to disk, because ${receiver} had it first.`);
  if (outcome === 'delivered') lines.push(`Acknowledged by ${receiver} after ${msWords(endedMs ?? 0)}.`);
  else if (outcome !== null)
    lines.push(`Not delivered: ${outcome}${reason === null ? '' : ` (${reason})`}, after ${msWords(endedMs ?? 0)}.`);
  else if (safeMs === null) lines.push(`Not in custody within ${durationWords(timeoutMs)}: holdfast status shows why.`);
  else if (untilEnd)
    lines.push(
      `Not acknowledged by ${receiver} within ${durationWords(timeoutMs)}. The message stays in custody and is delivered later.`,
    );
  else lines.push('It is sent to the hub in its turn; --wait waits for the PUBACK.');
  return lines;
}

function msWords(ms: number): string {
  return ms < 10_000 ? `${countWords(Math.round(ms))} ms` : durationWords(ms);
}

/** @throws Fault `usage` if there is not exactly one source, or the payload is invalid or too large */
function payloadOf(input: string | undefined, { payload, hex, file }: SendOptions): Buffer {
  const sources = [input, payload, hex, file].filter((source) => source !== undefined);
  if (sources.length !== 1 || (input !== undefined && input !== '-'))
    throw new Fault('usage', 'Name one payload: --payload TEXT, --hex DIGITS, --file FILE, or - for standard input', {
      hint: 'For example: holdfast send uplink meter-1 t --payload 21.5',
    });
  const bytes = readSource(input, payload, hex, file);
  if (bytes.length <= TEST_PAYLOAD_BYTES_MAX) return bytes;
  throw new Fault('usage', `The payload has ${countOf(bytes.length, 'byte')}`, {
    hint: `At most ${countOf(TEST_PAYLOAD_BYTES_MAX, 'byte')} are allowed.`,
  });
}

function readSource(input?: string, payload?: string, hex?: string, file?: string): Buffer {
  if (payload !== undefined) return Buffer.from(payload);
  if (hex !== undefined) {
    const digits = hex.replaceAll(/[\s:]/g, '');
    if (/^([0-9a-f]{2})*$/i.test(digits)) return Buffer.from(digits, 'hex');
    throw new Fault('usage', `${JSON.stringify(hex)} is not hexadecimal`, { hint: 'Write two digits for each byte.' });
  }
  const path = input === '-' ? '/dev/stdin' : (file ?? '');
  try {
    if (file !== undefined && !statSync(file).isFile()) throw new Error('it is not a file');
    return readFileSync(input === '-' ? 0 : path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Fault('usage', `${path} cannot be read: ${why}`, { hint: 'Name a readable file.', cause });
  }
}

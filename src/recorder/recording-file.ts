/**
 * Recording as a file of JSON lines: a header, one line per step, and a last line with the number of steps and the
 * CRC-32 of everything before it. Bytes are base64. A cut file is readable up to the cut.
 *
 * Some steps carry a snapshot of the machine before them (`before`, `machine-snapshots.ts`). Files before version 4 have
 * one acknowledgement and one message for the hub in a step: they can be shown, and not be run again.
 */
import { Fault } from '../base/fault.ts';
import type { Step, Subject } from '../base/step.ts';
import { crc32 } from '../codec/crc32.ts';

export interface RecordingHeader {
  readonly format: typeof FORMAT;
  readonly version: (typeof VERSIONS)[number];
  readonly subject: Subject;
  readonly gateway: string;
  /** Version of the program that made the recording. */
  readonly program: string;
  /** Reason for freezing the recording. */
  readonly reason: string;
  /** The same moment by both clocks, in ms. */
  readonly frozenAt: { readonly upMs: number; readonly wallMs: number };
  /** Steps before the first one here, which had been overwritten. */
  readonly forgotten: number;
  /** Number of snapshots not kept because they exceeded their share of the ring; since version 2. */
  readonly snapshotsTooLarge?: number;
  /** Reason why the last snapshot that was due could not be made; since version 3. */
  readonly snapshotProblem?: string | undefined;
  /** Notes of operators (`holdfast mark`) in the recorded time, oldest first. They are no input of the machine. */
  readonly notes?: readonly RecordedNote[];
}

export interface RecordedNote {
  readonly upMs: number;
  readonly text: string;
  /** User who left the note; absent: unknown. */
  readonly by?: string | undefined;
}

export interface Recording {
  readonly header: RecordingHeader;
  readonly steps: readonly Step[];
  /** Damage of the file. The steps are those before the damage. */
  readonly damage: string | undefined;
}

export const FORMAT = 'holdfast recording';
export const VERSION = 4;
const VERSIONS = [1, 2, 3, VERSION] as const;

/** @returns UTF-8 */
export function encodeRecording(header: RecordingHeader, steps: readonly Step[]): Uint8Array {
  const lines = [encodeValue(header), ...steps.map(encodeValue)].map((line) => `${line}\n`).join('');
  const text = new TextEncoder().encode(lines);
  const end = new TextEncoder().encode(endLine(steps.length, text));
  const whole = new Uint8Array(text.length + end.length);
  whole.set(text);
  whole.set(end, text.length);
  return whole;
}

/** @throws Fault `usage` if the file is not a recording, or has another version */
export function decodeRecording(bytes: Uint8Array, path: string): Recording {
  const lines = new TextDecoder().decode(bytes).split('\n');
  const header = headerIn(lines[0] ?? '', path);
  const steps: Step[] = [];
  for (const line of lines.slice(1)) {
    const value = parse(line);
    if (isStep(value)) steps.push(value);
    else return { header, steps, damage: endProblem(value, steps.length, bytes) };
  }
  return { header, steps, damage: endProblem(undefined, steps.length, bytes) };
}

/**
 * Encodes a value as one line, without the line end. Bytes and maps are marked for `decodeValue`; `undefined` is left
 * out.
 */
export function encodeValue(value: unknown): string {
  // the second argument cannot be used: a Buffer has already been converted by its toJSON
  return JSON.stringify(value, function mark(this: Readonly<Record<string, unknown>>, key: string, plain: unknown) {
    const own = this[key];
    if (own instanceof Uint8Array) return { $bytes: Buffer.from(own).toString('base64') };
    return own instanceof Map ? { $map: [...own] } : plain;
  });
}

/** @throws SyntaxError if the line is not JSON */
export function decodeValue(line: string): unknown {
  return JSON.parse(line, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if ('$bytes' in value && typeof value.$bytes === 'string')
      return new Uint8Array(Buffer.from(value.$bytes, 'base64'));
    return '$map' in value && Array.isArray(value.$map) ? new Map(value.$map) : value;
  });
}

function headerIn(line: string, path: string): RecordingHeader {
  const header = Object(parse(line)) as Partial<RecordingHeader>;
  if (header.format !== FORMAT)
    throw new Fault('usage', `${path} is not a recording: the first line is not a header`, {
      hint: 'Recordings are made by holdfast record, and by the gateway in state_dir/recordings.',
    });
  if (!VERSIONS.some((version) => version === header.version))
    throw new Fault(
      'usage',
      `${path} is a recording of version ${String(header.version)}, this program reads 1 to ${VERSION}`,
      {
        hint: `Use the program that made it: ${String(header.program)}.`,
      },
    );
  if (!isWhole(header))
    throw new Fault('usage', `${path} has an invalid header`, {
      hint: 'The file was changed, or made by a program too different from this one.',
    });
  return header;
}

/** Checks the header, because the file may come from any source. */
function isWhole(header: Partial<RecordingHeader>): header is RecordingHeader {
  const {
    subject,
    frozenAt,
    forgotten,
    snapshotsTooLarge = 0,
    snapshotProblem = '',
    notes = [],
    gateway,
    program,
    reason,
  } = header;
  const { name, driver, options } = Object(subject) as Partial<Subject>;
  const { upMs, wallMs } = Object(frozenAt) as Partial<RecordingHeader['frozenAt']>;
  const isTold = [name, driver, gateway, program, reason, snapshotProblem].every((text) => typeof text === 'string');
  const isCounted = [forgotten, snapshotsTooLarge].every((count) => Number.isSafeInteger(count) && Number(count) >= 0);
  const isNoted = Array.isArray(notes) && notes.every(isNote);
  return (
    isTold && isNoted && isCounted && isTime(upMs) && isTime(wallMs) && typeof options === 'object' && options !== null
  );
}

function isNote(value: unknown): boolean {
  const { upMs, text, by = '' } = Object(value) as Partial<RecordedNote>;
  return isTime(upMs) && typeof text === 'string' && typeof by === 'string';
}

/** True for a number of ms since any origin, from 0 to the last date of ECMA-262 §21.4.1.1. */
function isTime(ms: unknown): boolean {
  return typeof ms === 'number' && ms >= 0 && ms <= 8.64e15;
}

function parse(line: string): unknown {
  try {
    return decodeValue(line);
  } catch {
    return undefined;
  }
}

function isStep(value: unknown): value is Step {
  if (typeof value !== 'object' || value === null || !('input' in value) || !('upMs' in value)) return false;
  const { upMs, before, input, draws, actions, state } = value as Partial<Step>;
  const isKinded = (one: unknown): boolean =>
    typeof one === 'object' && one !== null && 'kind' in one && typeof one.kind === 'string';
  const isActed = actions === undefined || (Array.isArray(actions) && actions.every(isKinded));
  const isWritten = before === undefined || (typeof before === 'object' && before !== null);
  const isDrawn = Array.isArray(draws) && draws.every((draw) => Number.isFinite(draw));
  return isTime(upMs) && isWritten && isKinded(input) && isDrawn && isActed && typeof state === 'string';
}

function endProblem(end: unknown, steps: number, bytes: Uint8Array): string | undefined {
  if (typeof end !== 'object' || end === null || !('crc32' in end))
    return `the file is cut or damaged after ${steps} steps; the steps before are shown`;
  const lastLineAt = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
  const last = new TextDecoder().decode(bytes.subarray(lastLineAt));
  return last === endLine(steps, bytes.subarray(0, lastLineAt))
    ? undefined
    : 'the CRC-32 is wrong: the file was changed';
}

function endLine(steps: number, before: Uint8Array): string {
  return `${JSON.stringify({ steps, crc32: crc32(before) })}\n`;
}

/** Reader of the records of `recorder.c`. */
import { readFileSync } from 'node:fs';

/** Operations on the files of the folder. A file is known by the number of its inode. */
export type FileEvent =
  | { readonly kind: 'opened'; readonly file: number; readonly path: string; readonly existed: boolean }
  | { readonly kind: 'folder'; readonly file: number; readonly path: string }
  | { readonly kind: 'write'; readonly file: number; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly file: number; readonly length: number }
  | { readonly kind: 'fsyncBegin'; readonly file: number; readonly serial: number }
  /** `begun`: serial of its beginning, in the same process. */
  | { readonly kind: 'fsyncEnd' | 'fsyncFailed'; readonly file: number; readonly begun: number }
  | { readonly kind: 'unlink' | 'mkdir'; readonly path: string }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string };

/** Bytes on a serial line or a connection, seen from the recorded process. */
export interface StreamEvent {
  readonly kind: 'out' | 'in';
  readonly stream: 'tty' | 'tcp';
  readonly object: number;
  readonly bytes: Uint8Array;
}

/** `start`: another process continues with the files of the previous one. */
export type TraceEvent = FileEvent | StreamEvent | { readonly kind: 'start' };

/** Five 64-bit numbers: kind, serial, object, argument, length. */
const HEAD_BYTES = 40;
/** Kinds in the order of the enumeration in `recorder.c`, from 1. */
const KINDS = [
  'start',
  'opened',
  'write',
  'fsyncBegin',
  'fsyncEnd',
  'fsyncFailed',
  'truncate',
  'unlink',
  'rename',
  'out',
  'left',
  'in',
  'folder',
  'mkdir',
] as const;

interface Head {
  readonly kind: (typeof KINDS)[number];
  readonly serial: number;
  readonly object: number;
  readonly argument: number;
}

/** @throws if the trace is empty: a recorder that was not loaded proves nothing */
export function readTrace(path: string): TraceEvent[] {
  const trace = readFileSync(path);
  const events: TraceEvent[] = [];
  /** Serial, within one process → position of the bytes that were about to be sent. */
  const leaving = new Map<number, number>();
  for (let at = 0; at + HEAD_BYTES <= trace.length; ) {
    const [kindNumber = 0, serial = 0, object = 0, argument = 0, length = 0] = Array.from({ length: 5 }, (_, index) =>
      Number(trace.readBigInt64LE(at + index * 8)),
    );
    const kind = KINDS[kindNumber - 1];
    if (kind === undefined) throw new Error(`no record at byte ${at} of ${path}`);
    const body = trace.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length);
    at += HEAD_BYTES + length;
    if (body.length < length) break; // The process was killed during a record: its operation had not happened.
    if (kind === 'start') leaving.clear();
    if (kind === 'left') {
      shorten(events, leaving.get(object), argument);
      continue;
    }
    if (kind === 'out') leaving.set(serial, events.length);
    events.push(eventOf({ kind, serial, object, argument }, body));
  }
  if (!events.some(({ kind }) => kind === 'fsyncEnd')) throw new Error(`${path} holds no fsync: nothing was recorded`);
  return events;
}

/** Fewer bytes were sent than offered. */
function shorten(events: TraceEvent[], index: number | undefined, length: number): void {
  const event = index === undefined ? undefined : events[index];
  if (index === undefined || event?.kind !== 'out') throw new Error('bytes sent that were not offered');
  events[index] = { ...event, bytes: event.bytes.subarray(0, length) };
}

function eventOf({ kind, serial, object, argument }: Head, body: Buffer): TraceEvent {
  switch (kind) {
    case 'start':
      return { kind };
    case 'opened':
      return { kind, file: object, path: body.toString(), existed: argument !== 0 };
    case 'folder':
      return { kind, file: object, path: body.toString() };
    case 'write':
      return { kind, file: object, offset: argument, bytes: body };
    case 'truncate':
      return { kind, file: object, length: argument };
    case 'fsyncBegin':
      return { kind, file: object, serial };
    case 'fsyncEnd':
    case 'fsyncFailed':
      return { kind, file: object, begun: argument };
    case 'unlink':
    case 'mkdir':
      return { kind, path: body.toString() };
    case 'rename': {
      const [path = '', to = ''] = body.toString().split('\0');
      return { kind, path, to };
    }
    case 'out':
    case 'in':
      return { kind, stream: argument === 1 ? 'tty' : 'tcp', object, bytes: body };
    case 'left':
      throw new Error('belongs to the record before');
  }
}

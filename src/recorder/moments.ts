/** Steps in the form shown to a technician: frames in both directions, and other events between them, in order. */
import type { Frame, FrameSource } from '../base/recorded-frame.ts';
import type { Kinded, Step, Subject } from '../base/step.ts';
import { frameSource } from './frames.ts';

/** `in`, `out`: a frame. The others have text only. */
export interface Moment {
  readonly upMs: number;
  readonly what: 'in' | 'out' | 'channel' | 'command' | 'decision' | 'state';
  /** `PUBLISH topic=t qos=1 …` */
  readonly words: string;
  readonly frame: Frame | undefined;
}

/** Largest number of payload bytes shown. */
const SHOWN_BYTES_MAX = 48;
/** Largest number of entries shown of a list. The messages of a step are shown as frames too. */
const SHOWN_ENTRIES_MAX = 4;

export class MomentReader {
  readonly #subject: Subject;
  #in: FrameSource;
  #out: FrameSource;
  #state: string | undefined;

  constructor(subject: Subject) {
    this.#subject = subject;
    this.#in = frameSource(subject);
    this.#out = frameSource(subject);
  }

  read({ upMs, input, actions, state }: Step): Moment[] {
    const moments = this.#ofInput(upMs, input);
    for (const action of actions ?? []) moments.push(...this.#ofAction(upMs, action));
    if (actions === undefined)
      moments.push({ upMs, what: 'decision', words: 'bug: the machine threw an error', frame: undefined });
    if (this.#state !== undefined && state !== this.#state)
      moments.push({ upMs, what: 'state', words: `${this.#state} → ${state}`, frame: undefined });
    this.#state = state;
    return moments;
  }

  #ofInput(upMs: number, input: Kinded): Moment[] {
    if (input.kind === 'wake') return [];
    if (input.kind === 'bytes' && 'bytes' in input && input.bytes instanceof Uint8Array)
      return this.#in.read(input.bytes).map((frame) => momentOf(upMs, 'in', frame));
    if (input.kind === 'opened') {
      this.#in = frameSource(this.#subject);
      this.#out = frameSource(this.#subject);
    }
    const isOfChannel = ['opened', 'closed', 'start', 'stop', 'speedSet'].includes(input.kind);
    return [{ upMs, what: isOfChannel ? 'channel' : 'command', words: wordsOf(input), frame: undefined }];
  }

  #ofAction(upMs: number, action: Kinded): Moment[] {
    if (action.kind === 'write' && 'bytes' in action && action.bytes instanceof Uint8Array)
      return this.#out.read(action.bytes).map((frame) => momentOf(upMs, 'out', frame));
    const isOfChannel = ['open', 'close', 'setSpeed'].includes(action.kind);
    return [{ upMs, what: isOfChannel ? 'channel' : 'decision', words: wordsOf(action), frame: undefined }];
  }
}

function momentOf(upMs: number, what: 'in' | 'out', frame: Frame): Moment {
  const { packet, problem, bytes } = frame;
  if (packet === undefined) return { upMs, what, frame, words: `?? ${shownBytes(bytes)} (${problem})` };
  const { kind, ...fields } = packet;
  return { upMs, what, frame, words: `${kind.toUpperCase()}${fieldWords(fields)}` };
}

function wordsOf({ kind, ...fields }: Kinded): string {
  return `${kind}${fieldWords(fields)}`;
}

function fieldWords(fields: object): string {
  return Object.entries(fields)
    .map(([name, value]) => (value === undefined ? '' : ` ${name}=${valueWords(value)}`))
    .join('');
}

function valueWords(value: unknown): string {
  if (value instanceof Uint8Array) return shownBytes(value);
  if (value instanceof Map) return `{${value.size}}`;
  if (Array.isArray(value)) return listWords(value);
  if (typeof value === 'object' && value !== null) return `(${fieldWords(value).trim()})`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** The first entries; a cut list is followed by the number of all entries. */
function listWords(list: readonly unknown[]): string {
  const words = `[${list.slice(0, SHOWN_ENTRIES_MAX).map(valueWords).join(',')}]`;
  return list.length > SHOWN_ENTRIES_MAX ? `${words}…${list.length} entries` : words;
}

/** Text if the payload is text, else hexadecimal; a cut payload is followed by its true length. */
function shownBytes(bytes: Uint8Array): string {
  const shown = bytes.subarray(0, SHOWN_BYTES_MAX);
  const isText = shown.every((octet) => octet >= 0x20 && octet < 0x7f);
  const words = isText ? JSON.stringify(new TextDecoder().decode(shown)) : `0x${Buffer.from(shown).toString('hex')}`;
  return bytes.length > shown.length ? `${words}…${bytes.length} bytes` : words;
}

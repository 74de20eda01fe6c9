/**
 * Message that is being handled. Flows announce each message here before they handle it. When a flow throws, the
 * process ends and the innermost message is marked (`mark`). The next process sets a marked message aside instead of
 * handling it, so the same message never ends the process twice (docs/decisions/0020-messages-set-aside.md).
 */
import { createHash } from 'node:crypto';
import type { MessageMark } from '../base/message-mark.ts';
import type { SetAside } from './set-aside.ts';

export interface MessageOnItsWay {
  /** Stage of the message. */
  readonly way: 'uplink' | 'downlink' | 'arrival' | 'will' | 'answer' | `report ${string}`;
  /** Subdevice or lane. */
  readonly whose: string | number;
  /** Topic or filter. */
  readonly topic: string;
  readonly payload?: Uint8Array | undefined;
}

const KEY_DIGITS = 32;
/** Length that is enough to recognise a topic. The recording has the rest. */
const TOPIC_SHOWN_MAX = 80;
const WHY_SHOWN_MAX = 200;

export class UnderWay {
  readonly #setAside: SetAside;
  /** Messages on which an earlier process ended, by key. */
  readonly #marks: ReadonlyMap<string, MessageMark>;
  #innermost: MessageOnItsWay | undefined;

  constructor(setAside: SetAside, marks: readonly MessageMark[]) {
    this.#setAside = setAside;
    this.#marks = new Map(marks.map((mark) => [mark.key, mark]));
  }

  /** @param aside called instead of `act` for a marked message; without it marks are not checked */
  handle(message: MessageOnItsWay, act: () => void, aside?: (why: string) => void): void {
    const mark = aside === undefined || this.#marks.size === 0 ? undefined : this.#marks.get(keyOf(message));
    const outer = this.#innermost;
    this.#innermost = message; // not reset when `act` throws
    if (mark === undefined) act();
    else {
      this.#setAside.known(mark);
      aside?.(mark.why);
    }
    this.#innermost = outer;
  }

  /** Creates the mark when the process ends with this error. `undefined`: no message was being handled. */
  mark(error: unknown): MessageMark | undefined {
    const message = this.#innermost;
    if (message === undefined) return undefined;
    const why = error instanceof Error ? error.message : String(error);
    return { key: keyOf(message), what: wordsOf(message), why: why.slice(0, WHY_SHOWN_MAX) };
  }
}

function keyOf({ way, whose, topic, payload = new Uint8Array(0) }: MessageOnItsWay): string {
  const head = JSON.stringify([way, whose, topic]);
  return createHash('sha256').update(head).update(payload).digest('hex').slice(0, KEY_DIGITS);
}

function wordsOf({ way, whose, topic, payload }: MessageOnItsWay): string {
  const of = typeof whose === 'number' || whose === '' ? '' : ` of ${whose.slice(0, TOPIC_SHOWN_MAX)}`;
  const on = topic === '' ? '' : ` on ${topic.slice(0, TOPIC_SHOWN_MAX)}`;
  return `${way}${of}${on}${payload === undefined ? '' : `, ${payload.length} bytes`}`;
}

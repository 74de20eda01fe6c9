/**
 * The lines that await the flow's answer, and the last ones that were acknowledged.
 *
 * A device that misses our answer sends the line again. With a number in it, the same line within `RETURN_RETRIES_MAX` of
 * its retry pauses is the same message; without one, every line is a new message, whatever it looks like.
 * Invariants: at most `uplinksMax` unanswered; answers leave in the order of the lines, so a device without numbers knows
 * which is meant; nothing is let in ahead of a line that was told to come again; what was remembered of a connection ends
 * with it, since the device may have restarted and count anew: a duplicate is better than a loss.
 */
import type { Restorable } from '../../base/snapshot.ts';
import type { RefuseReason } from '../driver.ts';
import type { LinePacketSink } from './packet-sink.ts';
import type { LineAnswers, LineMessage } from './parse-line.ts';

/** Whatever a device may have under way at one time and repeat. */
const ACKNOWLEDGED_MAX = 16;
/** A device that has not repeated a refused line for so many of its retry pauses has dropped it. */
const RETURN_RETRIES_MAX = 10;

export interface LineUplinkLimits {
  /** Lines that may await their answer. */
  readonly uplinksMax: number;
  /** The device's pause before it sends again, as far as we know, in ms. */
  readonly retryMs: number;
  /** Devices wait for an answer to their lines. */
  readonly isAnswered: boolean;
}

interface Waiting {
  readonly token: number;
  readonly subdevice: string;
  readonly identity: string;
  readonly answers: LineAnswers;
  answer: keyof LineAnswers | undefined;
}

interface Remembered {
  readonly identity: string;
  readonly untilMs: number;
}

export interface LineUplinksSnapshot {
  readonly waiting: readonly Readonly<Waiting>[];
  readonly acknowledged: readonly Remembered[];
  readonly expected: ReadonlyMap<string, Remembered>;
}

/** The token of what is answered without asking the flow. */
const NOBODY = 0;

export class LineUplinks implements Restorable<LineUplinksSnapshot> {
  readonly #limits: LineUplinkLimits;
  readonly #sink: LinePacketSink;
  #waiting: Waiting[] = [];
  #acknowledged: Remembered[] = [];
  /** By subdevice: what was refused for congestion and is expected again; those behind it have to wait for it. */
  #expected = new Map<string, Remembered>();

  constructor(limits: LineUplinkLimits, sink: LinePacketSink) {
    this.#limits = limits;
    this.#sink = sink;
  }

  /** A good line of a subdevice that is attached. */
  offer(message: LineMessage, nowMs: number): void {
    const { subdevice, answers, identity } = message;
    if (answers === undefined) return this.#report(message, this.#sink.drawToken());
    if (message.isNumbered && this.#isDuplicate(message, answers, nowMs)) return;
    if (!this.#hasRoomFor(message, nowMs)) return this.rejectLine(message, 'congestion', nowMs);
    const token = this.#sink.drawToken();
    this.#waiting.push({ token, subdevice, identity, answers, answer: undefined });
    this.#report(message, token);
  }

  /** It is refused without asking the flow. Where there is no room even for that, nothing is said: it comes again. */
  rejectLine(message: LineMessage, why: RefuseReason, nowMs: number): void {
    this.#sink.counters.refusedUplinks += 1;
    if (message.answers === undefined) return this.#lose(message.subdevice, message.payload);
    if (why === 'congestion') this.#expect(message, nowMs);
    this.#answer(message, message.answers, why === 'congestion' ? 'busy' : 'refused');
  }

  /** Answers a line that is no message, in its turn. @param answer `refused` or `busy`, as a whole line */
  reject(answer: Uint8Array): void {
    this.#answer({ subdevice: '', identity: '' }, { ack: answer, busy: undefined, refused: undefined }, 'ack');
  }

  acknowledge(token: number, nowMs: number): void {
    const waiting = this.#waiting.find((one) => one.token === token);
    if (waiting === undefined) return;
    waiting.answer = 'ack';
    this.#acknowledged.push({ identity: waiting.identity, untilMs: this.#memoryEndsAtMs(nowMs) });
    if (this.#acknowledged.length > ACKNOWLEDGED_MAX) this.#acknowledged.shift();
    this.#flush();
  }

  refuse(token: number, why: RefuseReason, nowMs: number): void {
    this.#sink.counters.refusedUplinks += 1;
    const waiting = this.#waiting.find((one) => one.token === token);
    if (waiting === undefined) {
      // nobody can be told: with answers it comes again, else it is gone
      if (!this.#limits.isAnswered && why === 'congestion') this.#lose(undefined, 'the outbox or the disk is full');
      return;
    }
    waiting.answer = why === 'congestion' ? 'busy' : 'refused';
    if (why === 'congestion') this.#expect(waiting, nowMs);
    this.#flush();
  }

  closed(): void {
    this.restore({ waiting: [], acknowledged: [], expected: new Map() });
  }

  snapshot(): LineUplinksSnapshot {
    const waiting = this.#waiting.map((one) => ({ ...one }));
    return { waiting, acknowledged: [...this.#acknowledged], expected: new Map(this.#expected) };
  }

  restore({ waiting, acknowledged, expected }: LineUplinksSnapshot): void {
    this.#waiting = waiting.map((one) => ({ ...one }));
    this.#acknowledged = [...acknowledged];
    this.#expected = new Map(expected);
  }

  #report({ subdevice, topic, payload }: LineMessage, token: number): void {
    this.#sink.report({ kind: 'uplink', subdevice, topic, payload, qos: 1, token });
  }

  #isDuplicate(message: LineMessage, answers: LineAnswers, nowMs: number): boolean {
    const { identity } = message;
    const isUnanswered = this.#waiting.some((one) => one.identity === identity && one.answer === undefined);
    const isAcknowledged = this.#acknowledged.some((one) => one.identity === identity && nowMs < one.untilMs);
    if (!isUnanswered && !isAcknowledged) return false;
    this.#sink.counters.duplicates += 1;
    if (!isUnanswered) this.#answer(message, answers, 'ack');
    return true;
  }

  #hasRoomFor({ subdevice, identity }: LineMessage, nowMs: number): boolean {
    const expected = this.#expected.get(subdevice);
    if (expected !== undefined && identity !== expected.identity && nowMs < expected.untilMs) return false;
    this.#expected.delete(subdevice);
    return this.#waiting.length < this.#limits.uplinksMax;
  }

  /** The first of those refused is the one that the others wait for. */
  #expect({ subdevice, identity }: Pick<LineMessage, 'subdevice' | 'identity'>, nowMs: number): void {
    if (!this.#expected.has(subdevice))
      this.#expected.set(subdevice, { identity, untilMs: this.#memoryEndsAtMs(nowMs) });
  }

  #memoryEndsAtMs(nowMs: number): number {
    return nowMs + RETURN_RETRIES_MAX * this.#limits.retryMs;
  }

  #lose(subdevice: string | undefined, sample: Uint8Array | string): void {
    this.#sink.discard('not taken', sample, subdevice);
  }

  #answer(
    { subdevice, identity }: Pick<LineMessage, 'subdevice' | 'identity'>,
    answers: LineAnswers,
    answer: keyof LineAnswers,
  ): void {
    if (this.#waiting.length >= this.#limits.uplinksMax) return;
    this.#waiting.push({ token: NOBODY, subdevice, identity, answers, answer });
    this.#flush();
  }

  #flush(): void {
    for (let first = this.#waiting[0]; first?.answer !== undefined; first = this.#waiting[0]) {
      this.#waiting.shift();
      const line = first.answers[first.answer];
      if (line !== undefined) this.#sink.write(line);
    }
  }
}

/**
 * Lines that wait for the flow's answer, and the last acknowledged lines.
 *
 * A device that misses our answer sends the line again. If lines are numbered, the same line within
 * `RETURN_RETRIES_MAX` of its retry pauses is the same message. Without a number every line is a new message.
 * Invariants: at most `uplinksMax` unanswered. Answers leave in the order of the lines, so that a device without
 * numbers knows which line is meant. No line overtakes a rejected line that is expected again. All this is forgotten at
 * the end of a connection, because the device may have restarted and reuse its numbers: a duplicate is better than a
 * loss.
 */
import type { RefuseReason } from '../driver.ts';
import type { LinePacketSink } from './packet-sink.ts';
import type { LineAnswers, LineMessage } from './parse-line.ts';

/** Largest number of lines that a device may send before an answer and repeat. */
const ACKNOWLEDGED_MAX = 16;
/** A device that has not repeated a rejected line within this many of its retry pauses has dropped it. */
const RETURN_RETRIES_MAX = 10;

export interface LineUplinkLimits {
  /** Largest number of lines that wait for their answer. */
  readonly uplinksMax: number;
  /** Estimated pause of the device before it sends again, in ms. */
  readonly retryMs: number;
  /** True if devices wait for an answer to their lines. */
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

/** Token of a line that is answered without the flow. */
const ANSWERED_HERE = 0;

export class LineUplinks {
  private readonly limits: LineUplinkLimits;
  private readonly sink: LinePacketSink;
  private waiting: Waiting[] = [];
  private acknowledged: Remembered[] = [];
  /** Subdevice → line rejected for congestion that is expected again. Later lines have to wait for it. */
  private expected = new Map<string, Remembered>();

  constructor(limits: LineUplinkLimits, sink: LinePacketSink) {
    this.limits = limits;
    this.sink = sink;
  }

  /** Offers a valid line of an attached subdevice. */
  offer(message: LineMessage, nowMs: number): void {
    const { subdevice, answers, identity } = message;
    if (answers === undefined) return this.report(message, this.sink.drawToken());
    if (message.isNumbered && this.isDuplicate(message, answers, nowMs)) return;
    if (!this.hasRoomFor(message, nowMs)) return this.rejectLine(message, 'congestion', nowMs);
    const token = this.sink.drawToken();
    this.waiting.push({ token, subdevice, identity, answers, answer: undefined });
    this.report(message, token);
  }

  /**
   * Rejects the line without the flow. If even that has no room, no answer is sent, and the device repeats the line.
   */
  rejectLine(message: LineMessage, why: RefuseReason, nowMs: number): void {
    this.sink.counters.refusedUplinks += 1;
    if (message.answers === undefined) return this.sink.discard('not served', message.payload, message.subdevice);
    if (why === 'congestion') this.expect(message, nowMs);
    this.answer(message, message.answers, why === 'congestion' ? 'busy' : 'refused');
  }

  /** Answers an invalid line in its turn. @param answer `refused` or `busy`, as a whole line */
  reject(answer: Uint8Array): void {
    this.answer({ subdevice: '', identity: '' }, { ack: answer, busy: undefined, refused: undefined }, 'ack');
  }

  acknowledge(token: number, nowMs: number): void {
    const waiting = this.waiting.find((one) => one.token === token);
    if (waiting === undefined) return;
    waiting.answer = 'ack';
    this.acknowledged.push({ identity: waiting.identity, untilMs: this.memoryEndsAtMs(nowMs) });
    if (this.acknowledged.length > ACKNOWLEDGED_MAX) this.acknowledged.shift();
    this.flush();
  }

  refuse(token: number, why: RefuseReason, nowMs: number): void {
    this.sink.counters.refusedUplinks += 1;
    const waiting = this.waiting.find((one) => one.token === token);
    if (waiting === undefined) {
      // without answers the device does not know of the rejection, so the line is lost
      if (!this.limits.isAnswered && why === 'congestion')
        this.sink.discard('no room', 'the outbox or the disk is full', undefined);
      return;
    }
    waiting.answer = why === 'congestion' ? 'busy' : 'refused';
    if (why === 'congestion') this.expect(waiting, nowMs);
    this.flush();
  }

  closed(): void {
    this.waiting = [];
    this.acknowledged = [];
    this.expected.clear();
  }

  private report({ subdevice, topic, payload }: LineMessage, token: number): void {
    this.sink.report({ kind: 'uplink', subdevice, topic, payload, qos: 1, token });
  }

  private isDuplicate(message: LineMessage, answers: LineAnswers, nowMs: number): boolean {
    const { identity } = message;
    const isUnanswered = this.waiting.some((one) => one.identity === identity && one.answer === undefined);
    const isAcknowledged = this.acknowledged.some((one) => one.identity === identity && nowMs < one.untilMs);
    if (!isUnanswered && !isAcknowledged) return false;
    this.sink.counters.duplicates += 1;
    if (!isUnanswered) this.answer(message, answers, 'ack');
    return true;
  }

  private hasRoomFor({ subdevice, identity }: LineMessage, nowMs: number): boolean {
    const expected = this.expected.get(subdevice);
    if (expected !== undefined && identity !== expected.identity && nowMs < expected.untilMs) return false;
    this.expected.delete(subdevice);
    return this.waiting.length < this.limits.uplinksMax;
  }

  /**
   * Records the first rejected line of a subdevice. The other lines of the subdevice are rejected until this line is
   * repeated or is too old.
   */
  private expect({ subdevice, identity }: Pick<LineMessage, 'subdevice' | 'identity'>, nowMs: number): void {
    if (!this.expected.has(subdevice)) this.expected.set(subdevice, { identity, untilMs: this.memoryEndsAtMs(nowMs) });
  }

  private memoryEndsAtMs(nowMs: number): number {
    return nowMs + RETURN_RETRIES_MAX * this.limits.retryMs;
  }

  private answer(
    { subdevice, identity }: Pick<LineMessage, 'subdevice' | 'identity'>,
    answers: LineAnswers,
    answer: keyof LineAnswers,
  ): void {
    if (this.waiting.length >= this.limits.uplinksMax) return;
    this.waiting.push({ token: ANSWERED_HERE, subdevice, identity, answers, answer });
    this.flush();
  }

  private flush(): void {
    for (let first = this.waiting[0]; first?.answer !== undefined; first = this.waiting[0]) {
      this.waiting.shift();
      const line = first.answers[first.answer];
      if (line !== undefined) this.sink.write(line);
    }
  }
}

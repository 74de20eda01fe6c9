/**
 * One Modbus line: one request at a time, its answer, its repetitions, and the silence between frames.
 *
 *     idle ─begin▶ quiet? ─write▶ awaiting ─answer▶ idle
 *                    ▲               │ nothing, or nothing usable, by the deadline
 *                    └───────────────┘ at most `retriesMax` times
 *
 * An answer does not identify its request. So after a request without an answer the unit gets no other request until a
 * late answer can no longer come. (The same request may be repeated, because a late answer to it is valid.) So an
 * accepted answer never belongs to another request, as long as a unit answers within `lateMsMax` after the deadline or
 * not at all. Masters without this rule return the value of a wrong register after a late answer.
 * Source: Modbus over Serial Line V1.02 ("line") §2.4, §2.5.1.1.
 */
import {
  answerBytes,
  encodeRequest,
  FRAME_BYTES_MAX,
  findAnswer,
  type ModbusAnswer,
  type ModbusRequest,
  mismatchWords,
} from '../../codec/modbus-rtu.ts';

export interface ModbusLineLimits {
  readonly baudRate: number;
  /** Time from the end of a request to the end of its answer, without the answer's own time on the wire, in ms. */
  readonly answerMsMax: number;
  /** Longest delay of an answer after that deadline, in ms. The unit gets no other request in this time. */
  readonly lateMsMax: number;
  /** Repetitions of a request without an answer. */
  readonly retriesMax: number;
}

export type TransactionOutcome =
  | ModbusAnswer
  /** Broadcast (line §2.1): no unit answers. */
  | { readonly kind: 'sent' }
  /** `onReceived`: last bytes received instead of an answer. */
  | { readonly kind: 'no answer'; readonly onReceived: AnswerFailure };

/** `mismatch`: an undamaged frame that does not answer the request; `words` give the reason. */
export type AnswerFailure =
  | { readonly kind: 'nothing' | 'damage' }
  | { readonly kind: 'mismatch'; readonly words: string };

export type TransactionAction =
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  | { readonly kind: 'ended'; readonly outcome: TransactionOutcome };

/** Bits of one byte on the line (line §2.5.1): a start bit, eight bits, parity or a second stop bit, a stop bit. */
const BITS_PER_BYTE = 11;
/** Shortest silence between frames, ms. Above 19,200 baud the silence no longer shrinks (line §2.5.1.1). */
const SILENCE_MS_MIN = 1.75;
const FIXED_SILENCE_BAUD = 19_200;
/** Silence after unexpected bytes. An FTDI adapter holds bytes back for up to 16 ms (its default latency timer). */
const RESYNC_MS = 20;
/** Pause before each request in which bytes from the kernel are read, if this process was delayed. */
const LISTEN_MS = 1;
/** Pause after a broadcast, ms. Units need 100 to 200 ms to process a broadcast (line §2.4.1). */
const TURNAROUND_MS = 200;
export const BROADCAST = 0;

type Phase =
  | { readonly kind: 'idle' }
  /** Waits until the line is silent, at most until `giveUpAtMs`. */
  | { readonly kind: 'quiet'; readonly request: ModbusRequest; readonly attempt: number; readonly giveUpAtMs: number }
  | {
      readonly kind: 'awaiting';
      readonly request: ModbusRequest;
      readonly attempt: number;
      readonly sentAtMs: number;
      readonly untilMs: number;
    }
  | { readonly kind: 'turnaround'; readonly untilMs: number };

export class ModbusTransactions {
  readonly counters = {
    bytesIn: 0,
    bytesOut: 0,
    framesIn: 0,
    framesOut: 0,
    damaged: 0,
    mismatches: 0,
    strays: 0,
    retries: 0,
  };
  private readonly limits: ModbusLineLimits;
  /** Silence between frames (line §2.5.1.1): 3.5 characters, rounded up to whole ms like all timers here. */
  private readonly silenceMs: number;
  private phase: Phase = { kind: 'idle' };
  /** Bytes received since the request; at most two frames are kept. */
  private onReceived: Uint8Array = new Uint8Array();
  private quietAtMs = 0;
  /** Unit (at most 247) → time until which a late answer may come. */
  private lateAnswers = new Map<number, number>();
  private readonly actions: TransactionAction[] = [];

  constructor(limits: ModbusLineLimits) {
    this.limits = limits;
    const silenceMs = (3.5 * BITS_PER_BYTE * 1000) / limits.baudRate;
    this.silenceMs = Math.ceil(limits.baudRate > FIXED_SILENCE_BAUD ? SILENCE_MS_MIN : silenceMs);
  }

  get isIdle(): boolean {
    return this.phase.kind === 'idle';
  }

  /** Time until which the unit may still answer an earlier request. 0: no such request. No request begins before. */
  blockedUntilMs(unit: number): number {
    return this.lateAnswers.get(unit) ?? 0;
  }

  /** Notes that the unit may still answer a request that was sent at `sentAtMs`. */
  expectLateAnswer(unit: number, sentAtMs: number): void {
    const { answerMsMax, lateMsMax } = this.limits;
    const latestMs = sentAtMs + answerMsMax + this.wireMs(2 * FRAME_BYTES_MAX) + lateMsMax;
    this.lateAnswers.set(unit, Math.max(this.blockedUntilMs(unit), latestMs));
  }

  wakeAtMs(): number | undefined {
    switch (this.phase.kind) {
      case 'idle':
        return undefined;
      case 'quiet':
        return Math.min(this.quietAtMs, this.phase.giveUpAtMs);
      case 'awaiting':
      case 'turnaround':
        return this.phase.untilMs;
    }
  }

  /** Starts a request. Throws if another one is running or if the unit is blocked. */
  begin(request: ModbusRequest, nowMs: number): void {
    if (!this.isIdle || nowMs < this.blockedUntilMs(request.unit)) throw new Error('a Modbus request out of turn');
    this.onReceived = new Uint8Array();
    this.wait(request, 0, nowMs);
  }

  receive(bytes: Uint8Array, nowMs: number): TransactionAction[] {
    this.counters.bytesIn += bytes.length;
    const phase = this.phase;
    this.quietAtMs = nowMs + Math.max(this.silenceMs, RESYNC_MS);
    // before a repetition an answer to the first request may still come
    if (phase.kind !== 'awaiting' && !(phase.kind === 'quiet' && phase.attempt > 0)) {
      this.counters.strays += 1;
      return [];
    }
    this.onReceived = joined(this.onReceived, bytes, FRAME_BYTES_MAX * 2);
    const answer = findAnswer(phase.request, this.onReceived);
    if (answer === undefined) return [];
    this.counters.framesIn += 1;
    this.quietAtMs = nowMs + this.silenceMs;
    if (phase.kind === 'awaiting' && phase.attempt > 0) this.expectLateAnswer(phase.request.unit, phase.sentAtMs);
    this.end(answer);
    return this.take();
  }

  wake(nowMs: number): TransactionAction[] {
    const phase = this.phase;
    switch (phase.kind) {
      case 'idle':
        break;
      case 'quiet':
        if (nowMs >= this.quietAtMs) this.send(phase.request, phase.attempt, nowMs);
        else if (nowMs >= phase.giveUpAtMs) this.end({ kind: 'no answer', onReceived: { kind: 'damage' } });
        break;
      case 'awaiting':
        if (nowMs >= phase.untilMs) this.miss(phase, nowMs);
        break;
      case 'turnaround':
        if (nowMs >= phase.untilMs) this.end({ kind: 'sent' });
        break;
    }
    return this.take();
  }

  /** Ends the transaction because the line is closed. Its unit may still answer on the next opening. */
  closed(): void {
    const phase = this.phase;
    if (phase.kind === 'awaiting') this.expectLateAnswer(phase.request.unit, phase.sentAtMs);
    this.phase = { kind: 'idle' };
  }

  private wait(request: ModbusRequest, attempt: number, nowMs: number): void {
    this.quietAtMs = Math.max(this.quietAtMs, nowMs + LISTEN_MS);
    this.phase = { kind: 'quiet', request, attempt, giveUpAtMs: this.quietAtMs + this.limits.answerMsMax };
  }

  private send(request: ModbusRequest, attempt: number, nowMs: number): void {
    const bytes = encodeRequest(request);
    this.counters.framesOut += 1;
    this.counters.bytesOut += bytes.length;
    this.onReceived = new Uint8Array();
    this.actions.push({ kind: 'write', bytes });
    const goneAtMs = nowMs + this.wireMs(bytes.length);
    this.quietAtMs = goneAtMs + this.silenceMs;
    this.phase =
      request.unit === BROADCAST
        ? { kind: 'turnaround', untilMs: goneAtMs + TURNAROUND_MS }
        : {
            kind: 'awaiting',
            request,
            attempt,
            sentAtMs: nowMs,
            untilMs: goneAtMs + this.limits.answerMsMax + this.wireMs(answerBytes(request)),
          };
  }

  private miss({ request, attempt, sentAtMs }: Extract<Phase, { kind: 'awaiting' }>, nowMs: number): void {
    this.expectLateAnswer(request.unit, sentAtMs);
    const words = mismatchWords(request, this.onReceived);
    if (words !== undefined) this.counters.mismatches += 1;
    else if (this.onReceived.length > 0) this.counters.damaged += 1;
    if (attempt < this.limits.retriesMax) return this.repeat(request, attempt, nowMs);
    const onReceived: AnswerFailure =
      words === undefined ? { kind: this.onReceived.length > 0 ? 'damage' : 'nothing' } : { kind: 'mismatch', words };
    this.end({ kind: 'no answer', onReceived });
  }

  private repeat(request: ModbusRequest, attempt: number, nowMs: number): void {
    this.counters.retries += 1;
    this.wait(request, attempt + 1, nowMs);
  }

  private end(outcome: TransactionOutcome): void {
    this.phase = { kind: 'idle' };
    this.actions.push({ kind: 'ended', outcome });
  }

  private wireMs(bytes: number): number {
    return Math.ceil((bytes * BITS_PER_BYTE * 1000) / this.limits.baudRate);
  }

  private take(): TransactionAction[] {
    return this.actions.splice(0);
  }
}

/** Bytes beyond the limit are noise, because no answer is that long. */
function joined(before: Uint8Array, after: Uint8Array, bytesMax: number): Uint8Array {
  const all = new Uint8Array(Math.min(before.length + after.length, bytesMax));
  all.set(before.subarray(0, all.length));
  all.set(after.subarray(0, all.length - before.length), before.length);
  return all;
}

/**
 * Serial line with Modbus RTU frames: one request at a time, its answer, its repetitions, and the silence between
 * frames. The same frames on TCP need the same order of requests: the pauses between pieces of an answer are not read.
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
import type { ModbusRequest } from '../../codec/modbus-pdu.ts';
import { answerBytes, encodeRequest, FRAME_BYTES_MAX } from '../../codec/modbus-rtu.ts';
import { AdapterEcho, type EchoMode } from './adapter-echo.ts';
import { BROADCAST, ModbusPauses } from './pauses.ts';
import {
  type ModbusTransactions,
  NO_TRANSACTIONS,
  repetitionsMax,
  type TransactionAction,
  type TransactionLimits,
  type TransactionOutcome,
} from './transaction.ts';

export interface RtuLimits extends TransactionLimits {
  readonly baudRate: number;
  /** Longest delay of an answer after its deadline, in ms. The unit gets no other request in this time. */
  readonly lateMsMax: number;
  readonly echo: EchoMode;
}

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
  | { readonly kind: 'turnaround'; readonly request: ModbusRequest; readonly untilMs: number };

export class RtuLine implements ModbusTransactions {
  readonly counters = { ...NO_TRANSACTIONS };
  private readonly limits: RtuLimits;
  private readonly pauses: ModbusPauses;
  private readonly echo: AdapterEcho;
  /** Silence between frames (line §2.5.1.1): 3.5 characters, rounded up to whole ms like all timers here. */
  private readonly silenceMs: number;
  private phase: Phase = { kind: 'idle' };
  /** Bytes received since the request; at most an echo and two frames are kept. */
  private onReceived: Uint8Array = new Uint8Array();
  private quietAtMs = 0;
  private hasOpened = false;
  /** Unit (at most 255) → time until which a late answer may come. */
  private lateAnswers = new Map<number, number>();
  private readonly actions: TransactionAction[] = [];

  constructor(limits: RtuLimits) {
    this.limits = limits;
    this.echo = new AdapterEcho(limits.echo);
    this.pauses = new ModbusPauses(limits, limits.units);
    const silenceMs = (3.5 * BITS_PER_BYTE * 1000) / limits.baudRate;
    this.silenceMs = Math.ceil(limits.baudRate > FIXED_SILENCE_BAUD ? SILENCE_MS_MIN : silenceMs);
  }

  get isIdle(): boolean {
    return this.phase.kind === 'idle';
  }

  /**
   * Time until which no request to the unit begins: the unit may still answer an earlier request, or a pause lasts. 0:
   * neither has occurred.
   */
  blockedUntilMs(unit: number): number {
    return Math.max(this.lateAnswers.get(unit) ?? 0, this.pauses.untilMs(unit));
  }

  opened(nowMs: number): void {
    this.pauses.opened(nowMs);
    this.echo.opened();
    // an answer to a request of an earlier process may still come
    if (!this.hasOpened) for (const { address } of this.limits.units) this.expectLateAnswer(address, nowMs);
    this.hasOpened = true;
  }

  /** Notes that the unit may still answer a request that was sent at `sentAtMs`. */
  private expectLateAnswer(unit: number, sentAtMs: number): void {
    const { answerMsMax, lateMsMax } = this.limits;
    const latestMs = sentAtMs + answerMsMax + this.wireMs(2 * FRAME_BYTES_MAX) + lateMsMax;
    this.lateAnswers.set(unit, Math.max(this.lateAnswers.get(unit) ?? 0, latestMs));
  }

  wakeAtMs(): number | undefined {
    switch (this.phase.kind) {
      case 'idle':
        return undefined;
      case 'quiet':
        return Math.min(this.readyAtMs(this.phase), this.phase.giveUpAtMs);
      case 'awaiting':
      case 'turnaround':
        return this.phase.untilMs;
    }
  }

  begin(request: ModbusRequest, nowMs: number): TransactionAction[] {
    if (!this.isIdle || nowMs < this.blockedUntilMs(request.unit)) throw new Error('a Modbus request out of turn');
    this.onReceived = new Uint8Array();
    this.echo.begin();
    this.wait(request, 0, nowMs);
    return [];
  }

  receive(bytes: Uint8Array, nowMs: number): TransactionAction[] {
    this.counters.bytesIn += bytes.length;
    const phase = this.phase;
    this.quietAtMs = nowMs + Math.max(this.silenceMs, RESYNC_MS);
    // before a repetition an answer to the first request may still come
    const mayAnswer = phase.kind === 'awaiting' || (phase.kind === 'quiet' && phase.attempt > 0);
    const mayEcho = phase.kind === 'turnaround' && this.echo.isExpected;
    if (phase.kind === 'idle' || !(mayAnswer || mayEcho)) {
      this.counters.strays += 1;
      return [];
    }
    this.onReceived = joined(this.onReceived, bytes, FRAME_BYTES_MAX * 3);
    const answer = mayAnswer ? this.echo.findAnswer(phase.request, this.onReceived) : undefined;
    if (answer === undefined) return [];
    this.countEcho(phase.request);
    this.counters.framesIn += 1;
    this.quietAtMs = nowMs + this.silenceMs;
    if (phase.kind === 'awaiting' && phase.attempt > 0) this.expectLateAnswer(phase.request.unit, phase.sentAtMs);
    this.end(phase.request, answer, nowMs);
    return this.take();
  }

  wake(nowMs: number): TransactionAction[] {
    const phase = this.phase;
    switch (phase.kind) {
      case 'idle':
        break;
      case 'quiet':
        if (nowMs >= this.readyAtMs(phase)) this.send(phase.request, phase.attempt, nowMs);
        else if (nowMs >= phase.giveUpAtMs)
          this.end(phase.request, { kind: 'no answer', onReceived: { kind: 'damage' } }, nowMs);
        break;
      case 'awaiting':
        if (nowMs >= phase.untilMs) this.miss(phase, nowMs);
        break;
      case 'turnaround':
        if (nowMs >= phase.untilMs) this.endBroadcast(phase.request, nowMs);
        break;
    }
    return this.take();
  }

  /** The unit of the transaction may still answer on the next opening. */
  closed(): void {
    const phase = this.phase;
    if (phase.kind === 'awaiting') this.expectLateAnswer(phase.request.unit, phase.sentAtMs);
    this.phase = { kind: 'idle' };
  }

  private wait(request: ModbusRequest, attempt: number, nowMs: number): void {
    this.quietAtMs = Math.max(this.quietAtMs, nowMs + LISTEN_MS);
    const startsAtMs = Math.max(this.quietAtMs, this.pauses.untilMs(request.unit));
    this.phase = { kind: 'quiet', request, attempt, giveUpAtMs: startsAtMs + this.limits.answerMsMax };
  }

  private readyAtMs({ request }: Extract<Phase, { kind: 'quiet' }>): number {
    return Math.max(this.quietAtMs, this.pauses.untilMs(request.unit));
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
        ? { kind: 'turnaround', request, untilMs: goneAtMs + TURNAROUND_MS }
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
    this.countEcho(request);
    const onReceived = this.echo.failureOf(request, this.onReceived);
    if (onReceived.kind === 'mismatch') this.counters.mismatches += 1;
    else if (onReceived.kind === 'damage') this.counters.damaged += 1;
    if (attempt < repetitionsMax(request, this.limits)) return this.repeat(request, attempt, nowMs);
    this.end(request, { kind: 'no answer', onReceived }, nowMs);
  }

  private countEcho(request: ModbusRequest): void {
    if (this.echo.isIn(request, this.onReceived)) this.counters.echoes += 1;
  }

  private repeat(request: ModbusRequest, attempt: number, nowMs: number): void {
    this.counters.retries += 1;
    this.pauses.ended(request, nowMs + this.silenceMs);
    this.wait(request, attempt + 1, nowMs);
  }

  private endBroadcast(request: ModbusRequest, nowMs: number): void {
    this.countEcho(request);
    this.end(request, { kind: 'sent' }, nowMs);
  }

  private end(request: ModbusRequest, outcome: TransactionOutcome, nowMs: number): void {
    this.pauses.ended(request, nowMs + this.silenceMs);
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

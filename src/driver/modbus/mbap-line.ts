/**
 * TCP connection with Modbus TCP frames: one request at a time, its answer and its repetitions.
 *
 *     idle ─begin▶ paused? ─write▶ awaiting ─answer▶ idle
 *                    ▲                │ nothing, or nothing usable, by the deadline
 *                    └────────────────┘ at most `retriesMax` times
 *     any ─header that cannot be read▶ broken ─closed▶ idle
 *
 * The transaction id identifies the request of an answer. So there is no silence between frames, and a late answer is
 * recognised: an answer with another id is counted and never taken for the present request. A repetition has the id of
 * its request, because a late answer to the request is valid. An exception by which a gateway reports a silent unit is
 * repeated like a missing answer, because one damaged answer on the line of the gateway is enough for it. Ids go on over connections, so an id returns after 65,536
 * requests. Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b §3.1.3, §4.4.1.
 */
import { encodeMbap, type MbapFrame, MbapReader, TRANSACTIONS } from '../../codec/modbus-mbap.ts';
import { differenceWords, encodePdu, isSilence, type ModbusRequest, readAnswer } from '../../codec/modbus-pdu.ts';
import type { AnswerFailure } from './adapter-echo.ts';
import { ModbusPauses } from './pauses.ts';
import {
  type ModbusTransactions,
  NO_TRANSACTIONS,
  repetitionsMax,
  type TransactionAction,
  type TransactionLimits,
  type TransactionOutcome,
} from './transaction.ts';

type Phase =
  | { readonly kind: 'idle' }
  /** Waits until the pauses after the last request are over. */
  | { readonly kind: 'paused'; readonly request: ModbusRequest; readonly attempt: number }
  | { readonly kind: 'awaiting'; readonly request: ModbusRequest; readonly attempt: number; readonly untilMs: number }
  /** The beginning of the next frame is unknown. Nothing happens until the connection is closed. */
  | { readonly kind: 'broken' };

type Running = Extract<Phase, { request: ModbusRequest }>;

export class MbapLine implements ModbusTransactions {
  readonly counters = { ...NO_TRANSACTIONS };
  private readonly limits: TransactionLimits;
  private readonly pauses: ModbusPauses;
  private readonly reader = new MbapReader();
  private phase: Phase = { kind: 'idle' };
  /** Id of the present or last request. */
  private transaction = 0;
  /** Frame with the id of the present request that does not answer it. */
  private failure: AnswerFailure = { kind: 'nothing' };
  private readonly actions: TransactionAction[] = [];

  constructor(limits: TransactionLimits) {
    this.limits = limits;
    this.pauses = new ModbusPauses(limits, limits.units);
  }

  get isIdle(): boolean {
    return this.phase.kind === 'idle';
  }

  blockedUntilMs(unit: number): number {
    return this.pauses.untilMs(unit);
  }

  opened(nowMs: number): void {
    this.pauses.opened(nowMs);
    this.reader.reset();
  }

  wakeAtMs(): number | undefined {
    const phase = this.phase;
    if (phase.kind === 'paused') return this.pauses.untilMs(phase.request.unit);
    return phase.kind === 'awaiting' ? phase.untilMs : undefined;
  }

  begin(request: ModbusRequest, nowMs: number): TransactionAction[] {
    if (!this.isIdle || nowMs < this.blockedUntilMs(request.unit)) throw new Error('a Modbus request out of turn');
    this.transaction = (this.transaction + 1) % TRANSACTIONS;
    this.send(request, 0, nowMs);
    return this.take();
  }

  receive(bytes: Uint8Array, nowMs: number): TransactionAction[] {
    this.counters.bytesIn += bytes.length;
    if (this.phase.kind === 'broken') return [];
    for (const { transaction, unit, pdu } of this.reader.push(bytes)) {
      const phase = this.phase;
      const isExpected = phase.kind === 'awaiting' || phase.kind === 'paused';
      if (isExpected && transaction === this.transaction) this.answer(phase, { unit, pdu }, nowMs);
      else this.counters.strays += 1;
    }
    if (this.reader.problem !== undefined) this.fail(this.reader.problem, nowMs);
    return this.take();
  }

  wake(nowMs: number): TransactionAction[] {
    const phase = this.phase;
    if (phase.kind === 'paused' && nowMs >= this.pauses.untilMs(phase.request.unit))
      this.send(phase.request, phase.attempt, nowMs);
    else if (phase.kind === 'awaiting' && nowMs >= phase.untilMs) this.miss(phase, nowMs);
    return this.take();
  }

  closed(): void {
    this.phase = { kind: 'idle' };
  }

  private send(request: ModbusRequest, attempt: number, nowMs: number): void {
    const bytes = encodeMbap(this.transaction, request.unit, encodePdu(request));
    this.counters.framesOut += 1;
    this.counters.bytesOut += bytes.length;
    this.failure = { kind: 'nothing' };
    this.actions.push({ kind: 'write', bytes });
    this.phase = { kind: 'awaiting', request, attempt, untilMs: nowMs + this.limits.answerMsMax };
  }

  private answer({ request, attempt }: Running, { unit, pdu }: Pick<MbapFrame, 'unit' | 'pdu'>, nowMs: number): void {
    const answer = unit === request.unit ? readAnswer(request, pdu) : undefined;
    if (answer === undefined) {
      const words = unit === request.unit ? differenceWords(request, pdu) : `an answer of unit ${unit}`;
      this.failure = { kind: 'mismatch', words };
      return;
    }
    const isSilent = answer.kind === 'exception' && isSilence(answer.code);
    if (isSilent && attempt < repetitionsMax(request, this.limits)) return this.repeat(request, attempt, nowMs);
    this.counters.framesIn += 1;
    this.end(request, answer, nowMs);
  }

  private miss({ request, attempt }: Running, nowMs: number): void {
    if (this.failure.kind === 'mismatch') this.counters.mismatches += 1;
    if (attempt < repetitionsMax(request, this.limits)) return this.repeat(request, attempt, nowMs);
    this.end(request, { kind: 'no answer', onReceived: this.failure }, nowMs);
  }

  private repeat(request: ModbusRequest, attempt: number, nowMs: number): void {
    this.counters.retries += 1;
    this.pauses.ended(request, nowMs);
    this.phase = { kind: 'paused', request, attempt: attempt + 1 };
    if (nowMs >= this.pauses.untilMs(request.unit)) this.send(request, attempt + 1, nowMs);
  }

  /** Gives the connection up, because the next frame cannot be found. */
  private fail(problem: string, nowMs: number): void {
    const phase = this.phase;
    this.counters.damaged += 1;
    const words = `bytes that are not a Modbus TCP frame (${problem})`;
    if (phase.kind === 'paused' || phase.kind === 'awaiting')
      this.end(phase.request, { kind: 'no answer', onReceived: { kind: 'mismatch', words } }, nowMs);
    this.phase = { kind: 'broken' };
    this.actions.push({ kind: 'close', reason: `received ${words}` });
  }

  private end(request: ModbusRequest, outcome: TransactionOutcome, nowMs: number): void {
    this.pauses.ended(request, nowMs);
    this.phase = { kind: 'idle' };
    this.actions.push({ kind: 'ended', outcome });
  }

  private take(): TransactionAction[] {
    return this.actions.splice(0);
  }
}

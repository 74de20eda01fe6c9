/**
 * One Modbus line: one request at a time, its answer, its repetitions, and the silence between frames.
 *
 *     idle ─begin▶ quiet? ─write▶ awaiting ─answer▶ idle
 *                    ▲               │ nothing, or nothing usable, by the deadline
 *                    └───────────────┘ at most `retriesMax` times
 *
 * An answer does not say what it answers. So a request without an answer leaves a debt: until a late one can no longer
 * come, its unit is asked nothing else (the same again may be asked: a late answer to it is an answer to it). What is
 * believed is therefore never the answer to another question, as long as a unit answers within
 * `lateMsMax` of its deadline or not at all.
 * Sources: Modbus over Serial Line V1.02 ("line") §2.4, §2.5.1.1; serial.md §1.2 for how other masters fail here.
 */
import type { Restorable } from '../../base/snapshot.ts';
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
  /** From the end of a request to the end of its answer, less the answer's own time on the wire, in ms. */
  readonly answerMsMax: number;
  /** How late an answer may come after that deadline, in ms: for so long its unit is asked nothing else. */
  readonly lateMsMax: number;
  /** Repetitions of a request without an answer. */
  readonly retriesMax: number;
}

export type TransactionOutcome =
  | ModbusAnswer
  /** To all units (line §2.1): nobody answers. */
  | { readonly kind: 'sent' }
  /** `onReceived`: what came last instead. */
  | { readonly kind: 'no answer'; readonly onReceived: Heard };

/** `mismatch`: a whole frame that is no answer to the request; `words` say why. */
export type Heard = { readonly kind: 'nothing' | 'damage' } | { readonly kind: 'mismatch'; readonly words: string };

export type TransactionAction =
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  | { readonly kind: 'ended'; readonly outcome: TransactionOutcome };

/** line §2.5.1: a start bit, eight bits, parity or a second stop bit, a stop bit. */
const BITS_PER_BYTE = 11;
/** line §2.5.1.1: above 19,200 baud the silence between frames no longer shrinks. */
const SILENCE_MS_MIN = 1.75;
const FIXED_SILENCE_BAUD = 19_200;
/** After bytes that nobody asked for: an FTDI adapter keeps bytes back for up to 16 ms (serial.md §5). */
const RESYNC_MS = 20;
/** One look at the line before each request: what lay in the kernel while this process was held up is read first. */
const LISTEN_MS = 1;
/** line §2.4.1: units need 100 to 200 ms to act on what is sent to all. */
const TURNAROUND_MS = 200;
export const BROADCAST = 0;

type Phase =
  | { readonly kind: 'idle' }
  /** Waits for the line to be silent; it may babble at most until `giveUpAtMs`. */
  | { readonly kind: 'quiet'; readonly request: ModbusRequest; readonly attempt: number; readonly giveUpAtMs: number }
  | {
      readonly kind: 'awaiting';
      readonly request: ModbusRequest;
      readonly attempt: number;
      readonly sentAtMs: number;
      readonly untilMs: number;
    }
  | { readonly kind: 'turnaround'; readonly untilMs: number };

export interface ModbusTransactionsSnapshot {
  readonly counters: Readonly<ModbusTransactions['counters']>;
  readonly phase: Phase;
  readonly onReceived: Uint8Array;
  readonly quietAtMs: number;
  readonly lateAnswers: ReadonlyMap<number, number>;
}

export class ModbusTransactions implements Restorable<ModbusTransactionsSnapshot> {
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
  readonly #limits: ModbusLineLimits;
  /** line §2.5.1.1: 3.5 characters, rounded up to whole ms as our timers are. */
  readonly #silenceMs: number;
  #phase: Phase = { kind: 'idle' };
  /** What has come since the request; at most two frames of it are kept. */
  #onReceived: Uint8Array = new Uint8Array();
  #quietAtMs = 0;
  /** By unit (at most 247): until when a late answer may come. */
  #lateAnswers = new Map<number, number>();
  readonly #actions: TransactionAction[] = [];

  constructor(limits: ModbusLineLimits) {
    this.#limits = limits;
    const silenceMs = (3.5 * BITS_PER_BYTE * 1000) / limits.baudRate;
    this.#silenceMs = Math.ceil(limits.baudRate > FIXED_SILENCE_BAUD ? SILENCE_MS_MIN : silenceMs);
  }

  get isIdle(): boolean {
    return this.#phase.kind === 'idle';
  }

  /** Until when the unit may still answer an earlier request; 0: it owes nothing. No request begins before. */
  restsUntilMs(unit: number): number {
    return this.#lateAnswers.get(unit) ?? 0;
  }

  /** A question was asked at this time whose answer never came, or is not waited for. */
  owe(unit: number, sentAtMs: number): void {
    const { answerMsMax, lateMsMax } = this.#limits;
    const latestMs = sentAtMs + answerMsMax + this.#wireMs(2 * FRAME_BYTES_MAX) + lateMsMax;
    this.#lateAnswers.set(unit, Math.max(this.restsUntilMs(unit), latestMs));
  }

  wakeAtMs(): number | undefined {
    switch (this.#phase.kind) {
      case 'idle':
        return undefined;
      case 'quiet':
        return Math.min(this.#quietAtMs, this.#phase.giveUpAtMs);
      case 'awaiting':
      case 'turnaround':
        return this.#phase.untilMs;
    }
  }

  /** Only while idle, and only to a unit that does not rest. */
  begin(request: ModbusRequest, nowMs: number): void {
    if (!this.isIdle || nowMs < this.restsUntilMs(request.unit)) throw new Error('a Modbus request out of turn');
    this.#onReceived = new Uint8Array();
    this.#wait(request, 0, nowMs);
  }

  receive(bytes: Uint8Array, nowMs: number): TransactionAction[] {
    this.counters.bytesIn += bytes.length;
    const phase = this.#phase;
    this.#quietAtMs = nowMs + Math.max(this.#silenceMs, RESYNC_MS);
    // before a repetition the answer to the first sending may still come
    if (phase.kind !== 'awaiting' && !(phase.kind === 'quiet' && phase.attempt > 0)) {
      this.counters.strays += 1;
      return [];
    }
    this.#onReceived = joined(this.#onReceived, bytes, FRAME_BYTES_MAX * 2);
    const answer = findAnswer(phase.request, this.#onReceived);
    if (answer === undefined) return [];
    this.counters.framesIn += 1;
    this.#quietAtMs = nowMs + this.#silenceMs;
    if (phase.kind === 'awaiting' && phase.attempt > 0) this.owe(phase.request.unit, phase.sentAtMs);
    this.#end(answer);
    return this.#take();
  }

  wake(nowMs: number): TransactionAction[] {
    const phase = this.#phase;
    switch (phase.kind) {
      case 'idle':
        break;
      case 'quiet':
        if (nowMs >= this.#quietAtMs) this.#send(phase.request, phase.attempt, nowMs);
        else if (nowMs >= phase.giveUpAtMs) this.#end({ kind: 'no answer', onReceived: { kind: 'damage' } });
        break;
      case 'awaiting':
        if (nowMs >= phase.untilMs) this.#miss(phase, nowMs);
        break;
      case 'turnaround':
        if (nowMs >= phase.untilMs) this.#end({ kind: 'sent' });
        break;
    }
    return this.#take();
  }

  /** The line is gone, and the transaction with it; its unit may still answer on the next one. */
  closed(): void {
    const phase = this.#phase;
    if (phase.kind === 'awaiting') this.owe(phase.request.unit, phase.sentAtMs);
    this.#phase = { kind: 'idle' };
  }

  snapshot(): ModbusTransactionsSnapshot {
    const [phase, onReceived, quietAtMs] = [this.#phase, this.#onReceived, this.#quietAtMs];
    return { counters: { ...this.counters }, phase, onReceived, quietAtMs, lateAnswers: new Map(this.#lateAnswers) };
  }

  restore({ counters, phase, onReceived, quietAtMs, lateAnswers }: ModbusTransactionsSnapshot): void {
    Object.assign(this.counters, counters);
    this.#phase = phase;
    this.#onReceived = onReceived;
    this.#quietAtMs = quietAtMs;
    this.#lateAnswers = new Map(lateAnswers);
  }

  #wait(request: ModbusRequest, attempt: number, nowMs: number): void {
    this.#quietAtMs = Math.max(this.#quietAtMs, nowMs + LISTEN_MS);
    this.#phase = { kind: 'quiet', request, attempt, giveUpAtMs: this.#quietAtMs + this.#limits.answerMsMax };
  }

  #send(request: ModbusRequest, attempt: number, nowMs: number): void {
    const bytes = encodeRequest(request);
    this.counters.framesOut += 1;
    this.counters.bytesOut += bytes.length;
    this.#onReceived = new Uint8Array();
    this.#actions.push({ kind: 'write', bytes });
    const goneAtMs = nowMs + this.#wireMs(bytes.length);
    this.#quietAtMs = goneAtMs + this.#silenceMs;
    this.#phase =
      request.unit === BROADCAST
        ? { kind: 'turnaround', untilMs: goneAtMs + TURNAROUND_MS }
        : {
            ...{ kind: 'awaiting', request, attempt, sentAtMs: nowMs },
            untilMs: goneAtMs + this.#limits.answerMsMax + this.#wireMs(answerBytes(request)),
          };
  }

  #miss({ request, attempt, sentAtMs }: Extract<Phase, { kind: 'awaiting' }>, nowMs: number): void {
    this.owe(request.unit, sentAtMs);
    const words = mismatchWords(request, this.#onReceived);
    if (words !== undefined) this.counters.mismatches += 1;
    else if (this.#onReceived.length > 0) this.counters.damaged += 1;
    if (attempt < this.#limits.retriesMax) return this.#repeat(request, attempt, nowMs);
    const onReceived: Heard =
      words === undefined ? { kind: this.#onReceived.length > 0 ? 'damage' : 'nothing' } : { kind: 'mismatch', words };
    this.#end({ kind: 'no answer', onReceived });
  }

  #repeat(request: ModbusRequest, attempt: number, nowMs: number): void {
    this.counters.retries += 1;
    this.#wait(request, attempt + 1, nowMs);
  }

  #end(outcome: TransactionOutcome): void {
    this.#phase = { kind: 'idle' };
    this.#actions.push({ kind: 'ended', outcome });
  }

  #wireMs(bytes: number): number {
    return Math.ceil((bytes * BITS_PER_BYTE * 1000) / this.#limits.baudRate);
  }

  #take(): TransactionAction[] {
    return this.#actions.splice(0);
  }
}

/** What is beyond the bound is noise: no answer is as long. */
function joined(before: Uint8Array, after: Uint8Array, bytesMax: number): Uint8Array {
  const all = new Uint8Array(Math.min(before.length + after.length, bytesMax));
  all.set(before.subarray(0, all.length));
  all.set(after.subarray(0, all.length - before.length), before.length);
  return all;
}

/**
 * One Modbus transaction on a line: a request, its answer and its repetitions. The lines of both framings have this
 * interface: `rtu-line.ts` for serial lines, `mbap-line.ts` for TCP.
 */
import type { ModbusAnswer, ModbusRequest } from '../../codec/modbus-pdu.ts';
import type { AnswerFailure } from './adapter-echo.ts';
import type { PausePlan } from './pauses.ts';

export interface TransactionLimits extends PausePlan {
  /** Time from the end of a request to the end of its answer, without the answer's own time on the wire, in ms. */
  readonly answerMsMax: number;
  /** Repetitions of a request without an answer. */
  readonly retriesMax: number;
  readonly units: readonly (PausePlan & { readonly address: number })[];
}

/** Largest number of repetitions of a request. A unit that does not know the identification is not disturbed again. */
export function repetitionsMax(request: ModbusRequest, { retriesMax }: TransactionLimits): number {
  return request.function === 43 ? 0 : retriesMax;
}

export type TransactionOutcome =
  | ModbusAnswer
  /** Broadcast (line §2.1): no unit answers. */
  | { readonly kind: 'sent' }
  /** `onReceived`: last bytes received instead of an answer. */
  | { readonly kind: 'no answer'; readonly onReceived: AnswerFailure };

export type TransactionAction =
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  | { readonly kind: 'ended'; readonly outcome: TransactionOutcome }
  /** The bytes of the channel cannot be read any more. `closed` follows. */
  | { readonly kind: 'close'; readonly reason: string };

export interface TransactionCounters {
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Answers to the present request. */
  readonly framesIn: number;
  readonly framesOut: number;
  readonly damaged: number;
  /** Undamaged frames in place of an answer. */
  readonly mismatches: number;
  /** Bytes or frames that no request expects now. */
  readonly strays: number;
  readonly retries: number;
  readonly echoes: number;
}

/** Counters of a line at its beginning. */
export const NO_TRANSACTIONS = {
  bytesIn: 0,
  bytesOut: 0,
  framesIn: 0,
  framesOut: 0,
  damaged: 0,
  mismatches: 0,
  strays: 0,
  retries: 0,
  echoes: 0,
};

/** Line that carries one request at a time. */
export interface ModbusTransactions {
  readonly counters: TransactionCounters;
  /** True if no request is running, and one may begin. */
  readonly isIdle: boolean;
  /** Time until which no request to the unit begins, monotonic ms. 0: at once. */
  blockedUntilMs(unit: number): number;
  /** Handles a new opening of the channel. */
  opened(nowMs: number): void;
  wakeAtMs(): number | undefined;
  /** Starts a request. Throws if another one is running or if the unit is blocked. */
  begin(request: ModbusRequest, nowMs: number): TransactionAction[];
  receive(bytes: Uint8Array, nowMs: number): TransactionAction[];
  wake(nowMs: number): TransactionAction[];
  /** Ends the transaction without an outcome, because the channel is closed. */
  closed(): void;
}

/**
 * Requests the time from the hub on `$sys/operation/{product}/{device}`: after each CONNACK, once a day, and on demand.
 *
 * There is no request id, and a stored answer of an earlier connection may come late. So an answer counts only within
 * `ANSWER_MS_MAX` of a request of this connection, one per request, and is reported only if the answer before it
 * agrees. Until then requests follow at growing intervals, so that answers which lag behind by one request disagree.
 * Pure: only the monotonic clock is used. Source: the hub's public page on time synchronisation.
 */
import type { Message } from '../../base/message.ts';
import type { HubService, HubServiceEvent, HubServiceRequest } from '../gateway/hub-service.ts';

interface Question {
  readonly askedAtMs: number;
}

/** Estimate of the hub's clock from an answer. */
interface Estimate {
  /** Unix ms minus monotonic ms. */
  readonly wallMinusUpMs: number;
  /** Largest error, ms. */
  readonly errorMs: number;
}

/**
 * Longest wait for an answer. Half of this wait is the error of the latest answer, as large as a jump in
 * `base/clock-trust.ts`.
 */
const ANSWER_MS_MAX = 4000;
/**
 * Wait before the second request. Each further wait is twice as long as the previous one: 150 s in total, longer than a
 * hub replay (150 × 500 ms).
 */
const SECOND_ASK_MS = 10_000;
/**
 * Number of requests after which the hub counts as not serving the time. The requests are repeated a day later or in
 * the next connection.
 */
const ASKS_MAX = 5;
/** Interval between rounds. Crystals drift apart by up to 100 ppm: 9 s in that time. */
const ROUND_MS = 86_400_000;
/** Tolerance for two slewed clocks that are read in whole ms. */
const SLACK_MS = 50;

const REQUEST = new TextEncoder().encode('{"type":"get","resource":["time"]}');

export class HubTime implements HubService {
  readonly filters: readonly string[];
  readonly #topic: string;
  #isConnected = false;
  /** Monotonic ms of the next request. */
  #nextAtMs = 0;
  #asked = 0;
  #question: Question | undefined;
  #last: Estimate | undefined;

  constructor(gateway: { readonly productId: string; readonly deviceName: string }) {
    const identity = `${gateway.productId}/${gateway.deviceName}`;
    this.#topic = `$sys/operation/${identity}`;
    this.filters = [`$sys/operation/result/${identity}`];
  }

  connected(nowMs: number): void {
    this.#isConnected = true;
    this.ask(nowMs);
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#question = undefined;
  }

  /** Starts a new round. Earlier answers no longer count. */
  ask(nowMs: number): void {
    this.#nextAtMs = nowMs;
    this.#asked = 0;
    this.#question = undefined;
    this.#last = undefined;
  }

  next(nowMs: number): HubServiceRequest | undefined {
    if (!this.#isConnected || nowMs < this.#nextAtMs) return undefined;
    if (this.#asked >= ASKS_MAX) this.ask(nowMs);
    this.#asked += 1;
    this.#question = { askedAtMs: nowMs };
    this.#nextAtMs = nowMs + (this.#asked < ASKS_MAX ? SECOND_ASK_MS * 2 ** (this.#asked - 1) : ROUND_MS);
    return { topic: this.#topic, payload: REQUEST };
  }

  wakeAtMs(): number | undefined {
    return this.#isConnected ? this.#nextAtMs : undefined;
  }

  onReceived({ payload }: Message, nowMs: number): readonly HubServiceEvent[] {
    const question = this.#question;
    this.#question = undefined;
    if (question === undefined || nowMs - question.askedAtMs > ANSWER_MS_MAX) return [];
    const estimate = estimateOf(payload, question.askedAtMs, nowMs);
    if (estimate === undefined) return [];
    const last = this.#last;
    this.#last = estimate;
    if (last === undefined || !agree(last, estimate)) return [];
    this.#asked = ASKS_MAX;
    this.#nextAtMs = nowMs + ROUND_MS;
    return [{ kind: 'time', wallMs: nowMs + estimate.wallMinusUpMs, errorMs: estimate.errorMs }];
  }
}

function agree(one: Estimate, other: Estimate): boolean {
  const apartMs = Math.abs(one.wallMinusUpMs - other.wallMinusUpMs);
  return apartMs <= one.errorMs + other.errorMs + SLACK_MS;
}

/**
 * Estimates the hub's clock. The hub is assumed to answer halfway between sending and receiving. The largest error is
 * half of the time between them, plus the rounding error of the stamps.
 */
function estimateOf(payload: Uint8Array, sentAtMs: number, receivedAtMs: number): Estimate | undefined {
  const stamps = readStamps(payload);
  if (stamps === undefined) return undefined;
  const halfMs = (receivedAtMs - sentAtMs) / 2;
  const wallMinusUpMs = (stamps.firstMs + stamps.lastMs) / 2 - (sentAtMs + halfMs);
  return { wallMinusUpMs, errorMs: halfMs + stamps.roundingMs };
}

interface Stamps {
  /** `firstMs`, `lastMs`: Unix ms at which the hub received the request and sent the answer. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Half of the rounding unit of one stamp. */
  readonly roundingMs: number;
}

/** Reads the stamps. If the two stamps in ms are missing, there is only one in whole seconds, rounded down. */
function readStamps(payload: Uint8Array): Stamps | undefined {
  const { type, time, ntptime1, ntptime2 } = readFields(payload);
  if (type !== 'get') return undefined;
  if (isTime(ntptime1) && isTime(ntptime2) && ntptime1 <= ntptime2) {
    return { firstMs: ntptime1, lastMs: ntptime2, roundingMs: 0 };
  }
  if (!isTime(time)) return undefined;
  return { firstMs: time * 1000, lastMs: time * 1000 + 1000, roundingMs: 500 };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value < 8.64e15;
}

function readFields(payload: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(payload));
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

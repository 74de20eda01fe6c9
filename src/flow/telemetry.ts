/**
 * Health telemetry: decides when a document of the gateway is due, and how long the document waits behind data.
 *
 * A document is made at the moment at which it is sent, so nothing waits in RAM and nothing is stored: a due document
 * replaces the one before it. Nothing of it is custody. It has QoS 0, and is sent in the one paced stream of
 * `hub-sender.ts`. Data go first:
 *
 *     due ──▶ only while no uplink waits ──1 min──▶ before live messages and the backlog ──10 min──▶ before alarms too
 *
 * So a backlog of days delays each document by one minute, and each document takes one turn of the pace.
 */

/** Rank of a due document among the messages for the hub. */
export type TelemetryTurn =
  /** No document is due. */
  | 'none'
  /** Turn after all uplinks. */
  | 'last'
  /** Turn after the alarms. */
  | 'after alarms'
  /** Turn before all uplinks. */
  | 'first';

export interface TelemetryOptions {
  readonly topic: string;
  readonly everyMinutes: number;
  readonly onChange: boolean;
  readonly retain: boolean;
}

const MINUTE_MS = 60_000;
/** Wait behind all uplinks: 1800 messages at the limit of the hub. */
const LAST_MS = MINUTE_MS;
/** Wait behind alarms. Only topics that are alarms by mistake keep the hub busy that long. */
const AFTER_ALARMS_MS = 10 * MINUTE_MS;
/** Shortest time between two documents. Conditions that come and go send no more than this. */
const PAUSE_MS = 10_000;

export class Telemetry {
  readonly options: TelemetryOptions;
  readonly #everyMs: number;
  /** Creates the document; `undefined`: nothing is sent yet. */
  #make: (() => Uint8Array | undefined) | undefined;
  /** Time from which a document is due, monotonic ms; `undefined`: the hub is not connected. */
  #dueAtMs: number | undefined;
  #sentAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: TelemetryOptions) {
    this.options = options;
    this.#everyMs = options.everyMinutes * MINUTE_MS;
  }

  /** @param make creates a document of the present state; `undefined`: none can be made */
  attach(make: () => Uint8Array | undefined): void {
    this.#make = make;
  }

  /** Called after each CONNACK: a document is due. */
  connected(nowMs: number): void {
    this.#dueAtMs = Math.max(nowMs, this.#sentAtMs + PAUSE_MS);
  }

  disconnected(): void {
    this.#dueAtMs = undefined;
  }

  /** Called when a condition has begun or ended. @returns whether a document is due earlier than before */
  changed(nowMs: number): boolean {
    const soonMs = Math.max(nowMs, this.#sentAtMs + PAUSE_MS);
    if (!this.options.onChange || this.#dueAtMs === undefined || this.#dueAtMs <= soonMs) return false;
    this.#dueAtMs = soonMs;
    return true;
  }

  turn(nowMs: number): TelemetryTurn {
    if (this.#dueAtMs === undefined || this.#make === undefined || nowMs < this.#dueAtMs) return 'none';
    const waitedMs = nowMs - this.#dueAtMs;
    if (waitedMs >= AFTER_ALARMS_MS) return 'first';
    return waitedMs >= LAST_MS ? 'after alarms' : 'last';
  }

  /** Returns the document that is due, and makes the next one due after the interval. */
  take(nowMs: number): Uint8Array | undefined {
    this.skip(nowMs);
    return this.#make?.();
  }

  /** Leaves the due document out, because the hub does not accept its topic now. */
  skip(nowMs: number): void {
    this.#sentAtMs = nowMs;
    this.#dueAtMs = nowMs + this.#everyMs;
  }

  /** Next time at which `turn` has another result without a new input, monotonic ms. */
  wakeAtMs(nowMs: number): number | undefined {
    if (this.#dueAtMs === undefined || this.#make === undefined) return undefined;
    const dueAtMs = this.#dueAtMs;
    return [dueAtMs, dueAtMs + LAST_MS, dueAtMs + AFTER_ALARMS_MS].find((atMs) => atMs > nowMs);
  }
}

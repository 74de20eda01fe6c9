/**
 * Health telemetry: decides when a document of the gateway is due. `own-documents.ts` decides how long the document
 * waits behind data.
 *
 * A document is made at the moment at which it is sent, so nothing waits in RAM and nothing is stored: a due document
 * replaces the one before it. A backlog of days delays each document by one minute.
 */
import { retaining } from '../base/message.ts';
import { type DocumentSource, type DocumentTurn, nextTurnAtMs, type OwnDocument, turnSince } from './own-documents.ts';

export interface TelemetryOptions {
  readonly topic: string;
  readonly everyMinutes: number;
  readonly onChange: boolean;
  readonly retain: boolean;
}

const MINUTE_MS = 60_000;
/** Shortest time between two documents. Conditions that come and go send no more than this. */
const PAUSE_MS = 10_000;

export class Telemetry implements DocumentSource {
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

  turn(nowMs: number): DocumentTurn {
    return this.#dueAtMs === undefined || this.#make === undefined ? 'none' : turnSince(this.#dueAtMs, nowMs);
  }

  get nextTopic(): string | undefined {
    return this.#dueAtMs === undefined ? undefined : this.options.topic;
  }

  /** Returns the document that is due, and makes the next one due after the interval. */
  take(nowMs: number): OwnDocument | undefined {
    this.skip(nowMs);
    const payload = this.#make?.();
    const { topic, retain } = this.options;
    return payload && { topic, payload, ...retaining(retain) };
  }

  /** Leaves the due document out, because the hub does not accept its topic now. */
  skip(nowMs: number): void {
    this.#sentAtMs = nowMs;
    this.#dueAtMs = nowMs + this.#everyMs;
  }

  wakeAtMs(nowMs: number): number | undefined {
    return this.#dueAtMs === undefined || this.#make === undefined ? undefined : nextTurnAtMs(this.#dueAtMs, nowMs);
  }

  /** A document that was lost is replaced by the next one, so none is confirmed. */
  readonly needsProbe = false;
  probed(): void {}
  alive(): void {}
}

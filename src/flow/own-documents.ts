/**
 * Documents of the gateway itself among the messages for the hub: health telemetry and retained documents. They are not
 * custody, have QoS 0, and are sent in the one paced stream of `hub-sender.ts`. Data go first:
 *
 *     due ──▶ only while no uplink waits ──1 min──▶ before live messages and the backlog ──10 min──▶ before alarms too
 *
 * A document that overtakes data takes one turn of the pace. Before the next one overtakes, `DATA_BETWEEN` messages
 * with data are sent, so any number of documents leaves most of the pace to the data. A document that is due for a
 * minute does not wait for data that cannot be sent now, such as data on hold.
 */
import type { Message } from '../base/message.ts';
import { sooner } from '../base/sooner.ts';
import { actOf } from '../outbox/hub-packet.ts';
import type { PoisonDetector } from '../outbox/poison-detector.ts';

/** Rank of a due document among the messages for the hub. */
export type DocumentTurn =
  /** No document is due. */
  | 'none'
  /** Turn after all uplinks. */
  | 'last'
  /** Turn after the alarms. */
  | 'after alarms'
  /** Turn before all uplinks. */
  | 'first'
  /** Turn before all uplinks, without data in between: the gateway stops. */
  | 'at once';

/** Document that is published with QoS 0. */
export type OwnDocument = Omit<Message, 'qos'>;

/** Moment in the selection of the next packet at which a document may be taken. */
export type DocumentPlace = 'before alarms' | 'before data' | 'no data can be sent' | 'no data waits';

/** Documents of one kind. */
export interface DocumentSource {
  /** Called after each CONNACK. */
  connected(nowMs: number, sessionPresent: boolean): void;
  disconnected(): void;
  turn(nowMs: number): DocumentTurn;
  /** Topic of the document that `take` returns. `undefined`: none. */
  readonly nextTopic: string | undefined;
  /** Returns the document that is due; it counts as sent. */
  take(nowMs: number): OwnDocument | undefined;
  /** Leaves the due document out, because the hub does not accept its topic now. */
  skip(nowMs: number): void;
  /** Next time at which `turn` has another result without a new input, monotonic ms. */
  wakeAtMs(nowMs: number): number | undefined;
  /** True if a PINGRESP is wanted, which confirms the documents that were sent. */
  readonly needsProbe: boolean;
  /** Called when a PINGREQ was sent. */
  probed(): void;
  /** Called for a PINGRESP. */
  alive(): void;
}

const MINUTE_MS = 60_000;
/** Wait behind all uplinks: 1800 messages at the limit of the hub. */
const LAST_MS = MINUTE_MS;
/** Wait behind alarms. Only topics that are alarms by mistake keep the hub busy that long. */
const AFTER_ALARMS_MS = 10 * MINUTE_MS;
/** Messages with data between two documents that overtake data. */
const DATA_BETWEEN = 3;

/** Turn of a document that has waited since `dueAtMs`. */
export function turnSince(dueAtMs: number, nowMs: number): DocumentTurn {
  if (nowMs < dueAtMs) return 'none';
  if (nowMs - dueAtMs >= AFTER_ALARMS_MS) return 'first';
  return nowMs - dueAtMs >= LAST_MS ? 'after alarms' : 'last';
}

/** Next time at which the turn of a document changes that waits since `dueAtMs`, monotonic ms. */
export function nextTurnAtMs(dueAtMs: number, nowMs: number): number | undefined {
  return [dueAtMs, dueAtMs + LAST_MS, dueAtMs + AFTER_ALARMS_MS].find((atMs) => atMs > nowMs);
}

export class OwnDocuments {
  readonly #sources: readonly DocumentSource[];
  readonly #poison: Pick<PoisonDetector, 'mayGo'>;
  /** Messages with data that must be sent before a document may overtake data. */
  #dataFirst = 0;

  constructor(sources: readonly DocumentSource[], poison: Pick<PoisonDetector, 'mayGo'>) {
    this.#sources = sources;
    this.#poison = poison;
  }

  connected(nowMs: number, sessionPresent: boolean): void {
    for (const source of this.#sources) source.connected(nowMs, sessionPresent);
  }

  disconnected(): void {
    for (const source of this.#sources) source.disconnected();
  }

  get needsProbe(): boolean {
    return this.#sources.some(({ needsProbe }) => needsProbe);
  }

  probed(): void {
    for (const source of this.#sources) source.probed();
  }

  alive(): void {
    for (const source of this.#sources) source.alive();
  }

  /** Called for each message with data that was sent. */
  dataSent(): void {
    if (this.#dataFirst > 0) this.#dataFirst -= 1;
  }

  /** Takes the document that may be sent at this place. */
  take(place: DocumentPlace, nowMs: number): OwnDocument | undefined {
    for (const source of this.#sources) {
      if (!this.#mayGo(source.turn(nowMs), place)) continue;
      const document = this.#takeFrom(source, nowMs);
      if (document === undefined) continue;
      this.#dataFirst = DATA_BETWEEN;
      return document;
    }
    return undefined;
  }

  wakeAtMs(nowMs: number): number | undefined {
    return this.#sources.map((source) => source.wakeAtMs(nowMs)).reduce((one, other) => sooner(one, other), undefined);
  }

  #mayGo(due: DocumentTurn, place: DocumentPlace): boolean {
    switch (place) {
      case 'before alarms':
        return due === 'at once' || (due === 'first' && this.#dataFirst === 0);
      case 'before data':
        return due === 'after alarms' && this.#dataFirst === 0;
      case 'no data can be sent':
        return due === 'after alarms' || due === 'first';
      case 'no data waits':
        return due !== 'none';
    }
  }

  #takeFrom(source: DocumentSource, nowMs: number): OwnDocument | undefined {
    for (let topic = source.nextTopic; topic !== undefined; topic = source.nextTopic) {
      const permission = this.#poison.mayGo(actOf('request', topic), nowMs);
      if (permission === 'wait') return undefined;
      if (permission === 'go') return source.take(nowMs);
      source.skip(nowMs);
      if (source.turn(nowMs) === 'none') return undefined;
    }
    return undefined;
  }
}

/**
 * SUBSCRIBE and UNSUBSCRIBE requests: sent in order, one filter per packet (the hub allows no more), a few at a time,
 * each with a deadline. Their packet identifiers are above those of PUBLISH, so that they never collide [MQTT-2.3.1-2].
 */
import type { Subscribe, Unsubscribe } from '../../codec/mqtt.ts';

const PACKET_ID_FIRST = 60_001;
const PACKET_ID_LAST = 65_535;
/** Largest number of unanswered requests. A small number suits hubs that limit the rate of their clients. */
const OPEN_MAX = 8;
/** Largest number of overdue requests whose late answer still counts. The oldest is dropped first. */
const LATE_MAX = 256;

export interface Request {
  readonly kind: 'subscribe' | 'unsubscribe';
  readonly filter: string;
}

interface OpenRequest extends Request {
  readonly deadlineMs: number;
}

export class UnansweredFilters {
  private readonly answerMsMax: number;
  private readonly open = new Map<number, OpenRequest>();
  private readonly late = new Map<number, Request>();
  private waiting: Request[] = [];
  private lastId = PACKET_ID_LAST;

  constructor(answerMsMax: number) {
    this.answerMsMax = answerMsMax;
  }

  get deadlineMs(): number | undefined {
    for (const request of this.open.values()) return request.deadlineMs; // the map is in the order of sending
    return undefined;
  }

  /** Adds a request. It replaces an earlier request for the same filter that was not sent yet. */
  ask(request: Request): void {
    this.waiting = this.waiting.filter((other) => other.filter !== request.filter);
    this.waiting.push(request);
  }

  takeSendable(nowMs: number): (Subscribe | Unsubscribe)[] {
    const packets: (Subscribe | Unsubscribe)[] = [];
    while (this.open.size < OPEN_MAX) {
      const request = this.waiting.shift();
      if (request === undefined) break;
      const packetId = this.freeId();
      this.open.set(packetId, { ...request, deadlineMs: nowMs + this.answerMsMax });
      packets.push(
        request.kind === 'subscribe'
          ? { kind: 'subscribe', packetId, subscriptions: [{ filter: request.filter, qos: 1 }] }
          : { kind: 'unsubscribe', packetId, filters: [request.filter] },
      );
    }
    return packets;
  }

  /** Handles an answer of the hub. Returns its request; `undefined` for an unknown packet identifier. */
  answer(kind: Request['kind'], packetId: number): Request | undefined {
    const request = this.open.get(packetId) ?? this.late.get(packetId);
    if (request?.kind !== kind) return undefined;
    this.open.delete(packetId);
    this.late.delete(packetId);
    return request;
  }

  /** Returns the requests whose answer is overdue, each once. */
  takeOverdue(nowMs: number): Request[] {
    const overdue = [...this.open].filter(([, { deadlineMs }]) => nowMs >= deadlineMs);
    for (const [packetId, request] of overdue) {
      this.open.delete(packetId);
      this.late.set(packetId, request);
      const [oldest] = this.late.keys();
      if (oldest !== undefined && this.late.size > LATE_MAX) this.late.delete(oldest);
    }
    return overdue.map(([, request]) => request);
  }

  clear(): void {
    this.open.clear();
    this.late.clear();
    this.waiting = [];
  }

  private freeId(): number {
    do this.lastId = this.lastId >= PACKET_ID_LAST ? PACKET_ID_FIRST : this.lastId + 1;
    while (this.open.has(this.lastId) || this.late.has(this.lastId));
    return this.lastId;
  }
}

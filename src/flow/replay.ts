/**
 * Everything that leaves for the hub: requests of our own, live uplinks and the backlog, in one paced stream; and the hub's
 * acknowledgements back into custody. Driven by state and timers, never by the next publish: a quiet producer's backlog
 * drains too.
 */
import type { Facts } from '../base/events.ts';
import type { Message } from '../base/message.ts';
import type { Stamp } from '../base/time.ts';
import type { Custodian } from '../custody/custodian.ts';
import type { HubInput } from '../hub/contract.ts';
import type { OwnServices } from '../hub/own-service.ts';
import type { Verdict } from '../outbox/contract.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Clock } from '../ports.ts';
import type { Mirror } from '../session/mirror.ts';
import { Alarm } from './alarm.ts';
import type { Mailbox } from './mailbox.ts';
import type { Pager } from './pager.ts';

/** QoS 0 uplinks that may wait for the pace; beyond they are shed. */
const QUICK_MAX = 64;
/** Bytes waiting in the socket beyond which QoS 0 is not added to them. */
const QUEUED_BYTES_MAX = 256 * 1024;

export interface ReplayOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  readonly mirror: Mirror;
  readonly outbox: Outbox;
  readonly custodian: Custodian;
  readonly pager: () => Pager;
  readonly services: OwnServices;
  readonly order: (order: HubInput) => void;
  readonly queuedBytes: () => number;
  readonly isExpired: ((stamp: Stamp) => boolean) | undefined;
}

interface Quick {
  readonly lane: number;
  readonly message: Message;
}

export class Replay {
  readonly #options: ReplayOptions;
  readonly #alarm: Alarm;
  readonly #quick: Quick[] = [];
  #isQuickTurn = true;
  /** The hub answered something last at this moment, monotonic ms. */
  #heardAtMs = Number.NEGATIVE_INFINITY;
  #backlogAtConnect = 0;
  /** The last look found something too old: what the disk brings next may be too. */
  #isExpiring = false;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, options.mailbox, () => this.send());
  }

  get pending(): number {
    return this.#options.custodian.pending;
  }

  /** QoS 0: now, soon, or counted as shed. */
  offerQuick(lane: number, message: Message): void {
    const { outbox, custodian } = this.#options;
    if (outbox.isTooLarge(message)) custodian.pass(lane, { as: 'shed', reason: 'too large for the hub' });
    else if (!outbox.isConnected) custodian.pass(lane, { as: 'shed', reason: 'QoS 0 while the hub is away' });
    else if (this.#quick.length >= QUICK_MAX || this.#options.queuedBytes() > QUEUED_BYTES_MAX) {
      custodian.pass(lane, { as: 'shed', reason: 'QoS 0 too fast' });
    } else {
      this.#quick.push({ lane, message });
      this.send();
    }
  }

  connected(sessionPresent: boolean): void {
    this.#backlogAtConnect = this.#options.custodian.pending;
    const nowMs = this.#options.clock.nowMs();
    this.#options.outbox.connected(sessionPresent, nowMs);
    this.#options.services.connected(nowMs);
    if (this.#options.outbox.suspicion.isCautious) this.#options.order({ kind: 'probe' });
    this.send();
  }

  /** @param isByHub it was not we who ended it */
  disconnected(isByHub: boolean): void {
    const { outbox, custodian, services, clock } = this.#options;
    const verdict = outbox.disconnected(isByHub, clock.nowMs());
    if (verdict !== undefined) this.#tell(verdict);
    services.disconnected();
    for (const { lane } of this.#quick.splice(0))
      custodian.pass(lane, { as: 'shed', reason: 'QoS 0 while the hub is away' });
    this.#alarm.set(undefined);
  }

  /**
   * The hub has said something, whatever it was: the connection carries. @param isAnswer no message of its own: PUBACKs
   * that were due may still wait behind any number of those
   */
  heard(isAnswer: boolean): void {
    if (isAnswer) this.#heardAtMs = this.#options.clock.nowMs();
    this.#options.outbox.suspicion.heard();
  }

  /** PUBACK. */
  acknowledged(packetId: number): void {
    const { outbox, mirror, facts, custodian } = this.#options;
    const entry = outbox.acknowledged(packetId);
    if (entry === undefined) return;
    const subdevice = mirror.byLane(entry.row.lane)?.id ?? '';
    facts.emit('uplinkDelivered', { subdevice, topic: entry.row.topic, isReplay: this.#backlogAtConnect > 0 });
    if (this.#backlogAtConnect > 0 && custodian.pending === 0) {
      facts.emit('backlogDrained', { messages: this.#backlogAtConnect });
      this.#backlogAtConnect = 0;
    }
    this.send();
  }

  /** Sheds what is certainly too old. */
  expire(): void {
    const { isExpired, outbox, pager } = this.#options;
    this.#isExpiring = isExpired !== undefined && outbox.expire(isExpired) > 0;
    if (this.#isExpiring) pager().turn();
  }

  /** Sends whatever may be sent now, sets the alarm for what may be sent later, and fetches what has got room. */
  send(): void {
    const { outbox, clock, services } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#isExpiring) this.expire();
    this.#giveUp(nowMs);
    this.#options.pager().turn();
    let hasMore = false;
    if (outbox.isConnected) {
      while (outbox.pace.isOpen(nowMs) && this.#sendOne(nowMs));
      hasMore = !outbox.pace.isOpen(nowMs);
    }
    const { overdueAtMs } = outbox;
    const times = [
      // what is overdue already waits for the hub's answer to the probe, or for the end of the connection
      overdueAtMs !== undefined && overdueAtMs > nowMs ? overdueAtMs : undefined,
      // while the pace is closed nothing can be sent, requests of our own neither: an alarm for them would spin
      outbox.isConnected && !hasMore ? services.wakeAtMs() : undefined,
      hasMore ? outbox.pace.nextAtMs : undefined,
      outbox.isConnected ? outbox.suspicion.wakeAtMs(nowMs) : undefined,
    ];
    const soonest = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
    this.#alarm.set(Number.isFinite(soonest) ? soonest : undefined);
    this.#options.pager().turn();
  }

  /** Requests of our own first, then alarms, then QoS 0 and QoS 1 in turn, so that neither waits for the other. */
  #sendOne(nowMs: number): boolean {
    if (this.#sendRequest(nowMs)) return true;
    if (this.#options.outbox.hasAlarms && this.#sendNext(nowMs)) return true;
    this.#isQuickTurn = !this.#isQuickTurn;
    if (this.#isQuickTurn) return this.#sendQuick(nowMs) || this.#sendNext(nowMs);
    return this.#sendNext(nowMs) || this.#sendQuick(nowMs);
  }

  #sendRequest(nowMs: number): boolean {
    const request = this.#options.services.next(nowMs);
    if (request === undefined) return false;
    this.#options.outbox.pace.take(nowMs);
    this.#options.order({ kind: 'publish', publish: { ...request, qos: 0, packetId: undefined, dup: false } });
    return true;
  }

  #sendQuick(nowMs: number): boolean {
    const quick = this.#quick.shift();
    if (quick === undefined) return false;
    const { topic, payload } = quick.message;
    this.#options.outbox.pace.take(nowMs);
    this.#options.order({ kind: 'publish', publish: { topic, payload, qos: 0, packetId: undefined, dup: false } });
    this.#options.custodian.pass(quick.lane, { as: 'delivered' });
    return true;
  }

  #sendNext(nowMs: number): boolean {
    const sending = this.#options.outbox.next(nowMs);
    if (sending === undefined) return false;
    const { topic, payload } = sending.entry.row;
    const { packetId, dup, isSuspect } = sending;
    this.#options.order({ kind: 'publish', publish: { topic, payload, qos: 1, packetId, dup }, isSuspect });
    return true;
  }

  /**
   * PUBACKs are late: is it the messages, or is the connection dead? The hub is asked. A message counts as refused only
   * if the hub has answered since its PUBACK was due; a silent hub has refused nothing.
   */
  #giveUp(nowMs: number): void {
    const { outbox } = this.#options;
    if (nowMs < (outbox.overdueAtMs ?? Number.POSITIVE_INFINITY)) return;
    for (const burial of outbox.giveUp(this.#heardAtMs)) this.#tell({ kind: 'buried', ...burial });
    if ((outbox.overdueAtMs ?? Number.POSITIVE_INFINITY) <= nowMs) this.#options.order({ kind: 'probe' });
    this.#options.pager().turn();
  }

  #tell(verdict: Verdict): void {
    const { facts, mirror } = this.#options;
    const { lane, topic } = verdict.entry.row;
    const subdevice = mirror.byLane(lane)?.id ?? '';
    if (verdict.kind === 'buried') facts.emit('uplinkBuried', { subdevice, topic, reason: verdict.reason });
    else facts.emit('uplinkSuspected', { subdevice, topic, closes: verdict.closes });
  }
}

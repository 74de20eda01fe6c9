/**
 * Everything that leaves for the hub: requests of our own, live uplinks and the backlog, in one paced stream; and the hub's
 * acknowledgements back into custody. Driven by state and timers, never by the next publish: a quiet producer's backlog
 * drains too.
 */
import type { Facts } from '../base/events.ts';
import { type Message, type Retaining, retaining } from '../base/message.ts';
import type { Stamp } from '../base/time.ts';
import type { Custodian } from '../custody/custodian.ts';
import type { ShedReason } from '../custody/ledger.ts';
import type { Row } from '../custody/row.ts';
import type { Ended, HubInput } from '../hub/client/hub-contract.ts';
import type { OwnRequest, OwnServices } from '../hub/gateway/hub-service.ts';
import { actOf, actWords } from '../outbox/hub-packet.ts';
import type { Verdict } from '../outbox/outbox-contract.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Clock } from '../ports.ts';
import type { Mirror } from '../subdevices/registry.ts';
import { Alarm } from '../runtime/timer.ts';
import type { FilterRequests } from './filter-requests.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import type { Pager } from './pager.ts';
import type { MessageOnItsWay, UnderWay } from './under-way.ts';

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
  readonly underWay: UnderWay;
  readonly filters: FilterRequests;
  readonly order: (order: HubInput) => void;
  readonly queuedBytes: () => number;
  readonly isExpired: ((stamp: Stamp) => boolean) | undefined;
  /** `hub.retain`: the hub takes RETAIN; else it is left out. */
  readonly isRetainServed: boolean;
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
  /** A request of our own that goes alone, once what is unanswered is answered. */
  #heldRequest: OwnRequest | undefined;
  #isFilterTurn = false;
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

  /** Counts an uplink that goes nowhere. */
  shed(lane: number, reason: ShedReason): void {
    this.#options.custodian.pass(lane, { as: 'shed', reason });
  }

  connected(sessionPresent: boolean): void {
    this.#backlogAtConnect = this.#options.custodian.pending;
    const nowMs = this.#options.clock.nowMs();
    this.#options.outbox.connected(sessionPresent, nowMs);
    this.#options.services.connected(nowMs);
    if (this.#options.outbox.poison.isTroubled) this.#options.order({ kind: 'probe' });
    this.send();
  }

  disconnected(ended: Ended): void {
    const { outbox, custodian, services, clock } = this.#options;
    const verdict = outbox.disconnected(ended, clock.nowMs());
    if (verdict !== undefined) this.#tell(verdict);
    services.disconnected();
    this.#heldRequest = undefined;
    for (const { lane } of this.#quick.splice(0))
      custodian.pass(lane, { as: 'shed', reason: 'QoS 0 while the hub is away' });
    this.#alarm.set(undefined);
  }

  /**
   * The hub has said something, whatever it was: the connection carries. @param isAnswer no message of its own: PUBACKs
   * that were due may still wait behind any number of those
   */
  heard(isAnswer: boolean): void {
    const nowMs = this.#options.clock.nowMs();
    if (isAnswer) this.#heardAtMs = nowMs;
    this.#options.outbox.poison.heard(nowMs);
  }

  /** PINGREQ has left. */
  probed(): void {
    this.#options.outbox.poison.pinged();
  }

  /** PINGRESP. */
  alive(): void {
    this.#options.outbox.poison.ponged(this.#heardAtMs);
    this.#options.filters.look();
    this.send();
  }

  /** PUBACK. */
  acknowledged(packetId: number): void {
    const row = this.#options.outbox.rowInFlight(packetId);
    if (row !== undefined) this.#options.underWay.handle(onItsWay(row), () => this.#land(packetId));
  }

  #land(packetId: number): void {
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

  /** The client, or a process before this one, threw on this publication. */
  setAside(packetId: number, why: string): void {
    const reason = `the gateway failed on it: ${why}`;
    const entry = this.#options.outbox.setAside(packetId, reason);
    if (entry !== undefined) this.#tell({ kind: 'buried', entry, reason });
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
      // before the uplinks, unless one of them may end the connection
      if (!outbox.poison.isTroubled) while (this.#sendFilter(nowMs));
      do while (outbox.pace.isOpen(nowMs) && this.#sendOne(nowMs));
      while (this.#buryAside());
      hasMore = !outbox.pace.isOpen(nowMs);
      if (outbox.poison.needsPing(nowMs)) this.#options.order({ kind: 'probe' });
      if (outbox.poison.takeCleared()) this.#options.order({ kind: 'cleared' });
    }
    const { overdueAtMs } = outbox;
    // a request of our own that waits for answers of others is no reason to look again before they come
    const isWaiting = this.#heldRequest !== undefined || outbox.poison.mustWait(nowMs);
    const times = [
      // what is overdue already waits for the hub's answer to the probe, or for the end of the connection
      overdueAtMs !== undefined && overdueAtMs > nowMs ? overdueAtMs : undefined,
      // while the pace is closed nothing can be sent, requests of our own neither: an alarm for them would spin
      outbox.isConnected && !hasMore && !isWaiting ? services.wakeAtMs() : undefined,
      hasMore ? outbox.pace.nextAtMs : undefined,
      outbox.isConnected ? outbox.poison.wakeAtMs(nowMs) : undefined,
      outbox.isConnected ? this.#options.filters.wakeAtMs(nowMs) : undefined,
    ];
    const soonest = Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
    this.#alarm.set(Number.isFinite(soonest) ? soonest : undefined);
    this.#options.pager().turn();
  }

  /**
   * Requests of our own first, then alarms, then QoS 0 and QoS 1 in turn, so that neither waits for the other. While
   * something is suspected or doubted, filters take turns with all of them.
   */
  #sendOne(nowMs: number): boolean {
    this.#isFilterTurn = !this.#isFilterTurn;
    if (this.#isFilterTurn && this.#sendFilter(nowMs)) return true;
    return this.#sendMessage(nowMs) || this.#sendFilter(nowMs);
  }

  #sendMessage(nowMs: number): boolean {
    if (this.#sendRequest(nowMs)) return true;
    if (this.#options.outbox.hasAlarms && this.#sendNext(nowMs)) return true;
    this.#isQuickTurn = !this.#isQuickTurn;
    if (this.#isQuickTurn) return this.#sendQuick(nowMs) || this.#sendNext(nowMs);
    return this.#sendNext(nowMs) || this.#sendQuick(nowMs);
  }

  #sendRequest(nowMs: number): boolean {
    const { outbox, services } = this.#options;
    let request = this.#heldRequest ?? services.next(nowMs);
    this.#heldRequest = undefined;
    for (; request !== undefined; request = services.next(nowMs)) {
      const act = actOf('request', request.topic);
      const permission = outbox.poison.mayGo(act, nowMs);
      if (permission === 'go') break;
      if (permission === 'wait') {
        this.#heldRequest = request;
        return false;
      }
      // held back or set aside: as if the hub did not answer it, so its service asks again later
    }
    if (request === undefined) return false;
    this.#sendUnanswered('request', request, nowMs);
    return true;
  }

  #sendFilter(nowMs: number): boolean {
    const request = this.#options.filters.next(nowMs);
    if (request === undefined) return false;
    if (request.isSuspect) this.#options.order({ kind: 'probe' });
    this.#options.order(request);
    return true;
  }

  /** PUBLISH with QoS 0. */
  #sendUnanswered(kind: 'request' | 'QoS 0 uplink', message: Omit<Message, 'qos'>, nowMs: number): void {
    const { topic, payload } = message;
    const { poison, pace } = this.#options.outbox;
    const act = actOf(kind, topic);
    const isSuspect = poison.isWatched(act);
    if (isSuspect) this.#options.order({ kind: 'probe' });
    poison.sent(act, nowMs);
    pace.take(nowMs);
    const publish = { topic, payload, qos: 0, packetId: undefined, dup: false, ...this.#retain(message) } as const;
    this.#options.order({ kind: 'publish', publish, isSuspect });
  }

  #sendQuick(nowMs: number): boolean {
    const { outbox, custodian } = this.#options;
    for (let first = this.#quick[0]; first !== undefined; first = this.#quick[0]) {
      const { lane, message } = first;
      const permission = outbox.poison.mayGo(actOf('QoS 0 uplink', message.topic), nowMs);
      if (permission === 'wait') return false;
      this.#quick.shift();
      if (permission === 'go') {
        this.#sendUnanswered('QoS 0 uplink', message, nowMs);
        custodian.pass(lane, { as: 'delivered' });
        return true;
      }
      custodian.pass(lane, { as: 'shed', reason: 'QoS 0 held back: the hub closes on its topic' });
    }
    return false;
  }

  #sendNext(nowMs: number): boolean {
    const sending = this.#options.outbox.next(nowMs);
    if (sending === undefined) return false;
    const { topic, payload } = sending.entry.row;
    const { packetId, dup, isSuspect } = sending;
    this.#options.underWay.handle(
      onItsWay(sending.entry.row),
      () => {
        if (isSuspect && this.#options.outbox.poison.isTroubled) this.#options.order({ kind: 'probe' });
        const publish = { topic, payload, qos: 1, packetId, dup, ...this.#retain(sending.entry.row) } as const;
        this.#options.order({ kind: 'publish', publish, isSuspect });
      },
      (why) => this.setAside(packetId, why),
    );
    return true;
  }

  #retain({ retain }: Retaining): Retaining {
    return retaining(retain && this.#options.isRetainServed);
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

  /** @returns whether there was any: what is behind them may go */
  #buryAside(): boolean {
    const burials = this.#options.outbox.buryAside();
    for (const burial of burials) this.#tell({ kind: 'buried', ...burial });
    if (burials.length > 0) this.#options.pager().turn();
    return burials.length > 0;
  }

  #tell(verdict: Verdict): void {
    const { facts, mirror } = this.#options;
    if (verdict.kind === 'buried') {
      const { lane, topic } = verdict.entry.row;
      facts.emit('uplinkBuried', { subdevice: mirror.byLane(lane)?.id ?? '', topic, reason: verdict.reason });
      return;
    }
    const { act, closes } = verdict;
    const name = verdict.kind === 'suspected' ? 'packetSuspected' : 'packetSetAside';
    facts.emit(name, { packet: actWords(act), closes });
  }
}

function onItsWay({ lane: whose, topic, payload }: Row): MessageOnItsWay {
  return { way: 'uplink', whose, topic, payload };
}

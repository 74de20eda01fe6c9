/**
 * Sends everything to the hub in one paced stream: requests of the gateway, live uplinks and the backlog. Passes the
 * hub's acknowledgements to custody. Driven by state and timers, not by the next publish, so the backlog of a quiet
 * subdevice is sent too.
 */
import type { Facts } from '../base/events.ts';
import { type Message, type Retaining, retaining } from '../base/message.ts';
import { sooner } from '../base/sooner.ts';
import type { Stamp } from '../base/time.ts';
import type { Custodian } from '../custody/custodian.ts';
import type { ShedReason } from '../custody/ledger.ts';
import type { Row } from '../custody/row.ts';
import type { Ended, HubInput, HubPublish } from '../hub/client/hub-contract.ts';
import type { HubServiceRequest, HubServices } from '../hub/gateway/hub-service.ts';
import { actOf, actWords } from '../outbox/hub-packet.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Verdict } from '../outbox/outbox-contract.ts';
import type { Clock } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { Timer } from '../runtime/timer.ts';
import type { SubdeviceRegistry } from '../subdevices/registry.ts';
import type { FilterRequests } from './filter-requests.ts';
import type { DocumentPlace, OwnDocuments } from './own-documents.ts';
import type { Pager } from './pager.ts';
import { Qos0Uplinks } from './qos0-uplinks.ts';
import type { MessageOnItsWay, UnderWay } from './under-way.ts';

export interface HubSenderOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  readonly registry: SubdeviceRegistry;
  readonly outbox: Outbox;
  readonly custodian: Custodian;
  readonly pager: Pager;
  readonly services: HubServices;
  readonly underWay: UnderWay;
  readonly filters: FilterRequests;
  /** Sends the PUBACKs that are due. */
  readonly acknowledge: () => void;
  readonly commandHub: (command: HubInput) => void;
  readonly publish: (message: HubPublish, isSuspect: boolean) => void;
  readonly queuedBytes: () => number;
  readonly isExpired: ((stamp: Stamp) => boolean) | undefined;
  /** `hub.retain`: the hub supports RETAIN. Otherwise RETAIN is left out. */
  readonly isRetainServed: boolean;
  readonly documents: OwnDocuments;
}

export class HubSender {
  readonly #options: HubSenderOptions;
  readonly #timer: Timer;
  readonly #qos0: Qos0Uplinks;
  #isQos0Turn = true;
  /** Request of the gateway that must be sent alone, after all unanswered packets were answered. */
  #heldRequest: HubServiceRequest | undefined;
  #isFilterTurn = false;
  /** Time of the last answer of the hub, monotonic ms. */
  #lastReceivedAtMs = Number.NEGATIVE_INFINITY;
  #backlogAtConnect = 0;
  /** The last look found an expired message, so the rows loaded next may be expired too. */
  #isExpiring = false;
  /** A task that sends is in the mailbox. */
  #isSendPosted = false;
  /** The connection is about to be renewed, or is renewed now. Nothing but PUBACKs is sent. */
  #isSuspended = false;

  constructor(options: HubSenderOptions) {
    this.#options = options;
    this.#timer = new Timer(options.clock, options.mailbox, () => this.send());
    this.#qos0 = new Qos0Uplinks({ ...options, isRenewed: () => this.#isSuspended });
  }

  get pending(): number {
    return this.#options.custodian.pending;
  }

  /** Sends a QoS 0 uplink now or soon, or counts it as shed. @param isPromised true for a will, as in `Offer` */
  offerQos0(lane: number, message: Message, isPromised = false): void {
    if (!this.#qos0.admits(lane, message, isPromised)) return;
    if (this.#isSendPosted) this.send(); // earlier QoS 1 uplinks of this task: they came first
    this.#qos0.add({ lane, message, acceptedAtMs: this.#options.clock.nowMs() });
    this.send();
  }

  /** Counts an uplink that is shed without having been in custody. */
  shed(lane: number, reason: ShedReason): void {
    this.#options.custodian.countOnly(lane, { as: 'shed', reason });
  }

  /** Sends nothing but PUBACKs until `resume`, or until the next connection. */
  suspend(): void {
    this.#isSuspended = true;
  }

  /** Sends again. Without a connection the renewal has failed, so the waiting QoS 0 uplinks are shed. */
  resume(): void {
    this.#isSuspended = false;
    if (!this.#options.outbox.isConnected) this.#qos0.shedAll();
    this.send();
  }

  /** Number of packets that were sent in this connection and are unanswered. */
  get unanswered(): number {
    return this.#options.outbox.unanswered + this.#options.filters.underWay;
  }

  /** @param isRenewal true: the connection follows its predecessor without an outage */
  connected(sessionPresent: boolean, isRenewal = false): void {
    if (!isRenewal) this.#backlogAtConnect = this.#options.custodian.pending;
    this.#isSuspended = false;
    const nowMs = this.#options.clock.nowMs();
    this.#options.outbox.connected(sessionPresent, nowMs);
    this.#options.services.connected(nowMs);
    this.#options.documents.connected(nowMs, sessionPresent);
    if (this.#options.outbox.poison.isTroubled) this.#options.commandHub({ kind: 'probe' });
    this.send();
  }

  disconnected(ended: Ended): void {
    const { outbox, services, clock } = this.#options;
    const verdict = outbox.disconnected(ended, clock.nowMs());
    if (verdict !== undefined) this.#report(verdict);
    services.disconnected();
    this.#options.documents.disconnected();
    this.#heldRequest = undefined;
    if (ended !== 'for renewal') this.#qos0.shedAll();
    this.#timer.set(undefined);
  }

  /**
   * Called for each packet from the hub: the connection carries traffic.
   * @param isAnswer false for a message, since due PUBACKs may still wait behind any number of messages
   */
  onReceived(isAnswer: boolean): void {
    const nowMs = this.#options.clock.nowMs();
    if (isAnswer) this.#lastReceivedAtMs = nowMs;
    this.#options.outbox.poison.onReceived(nowMs);
  }

  /** Called when a PINGREQ was sent. */
  probed(): void {
    this.#options.outbox.poison.pinged();
    this.#options.documents.probed();
  }

  /** Handles a PINGRESP. */
  alive(): void {
    this.#options.outbox.poison.ponged(this.#lastReceivedAtMs);
    this.#options.documents.alive();
    this.#options.filters.look();
    this.send();
  }

  /** Handles PUBACKs. */
  acknowledged(packetIds: readonly number[]): void {
    for (const packetId of packetIds) {
      const row = this.#options.outbox.rowInFlight(packetId);
      if (row !== undefined) this.#options.underWay.handle(onItsWay(row), () => this.#acknowledged(packetId));
    }
    this.sendSoon();
  }

  #acknowledged(packetId: number): void {
    const { outbox, registry, facts, custodian, clock } = this.#options;
    const entry = outbox.acknowledged(packetId);
    if (entry === undefined) return;
    const roundTripMs = clock.nowMs() - entry.sentAtMs;
    outbox.roundTrips.add(roundTripMs);
    if (entry.attempts === 0) outbox.recentRoundTrips.add(roundTripMs);
    const subdevice = registry.byLane(entry.row.lane)?.id ?? '';
    const { topic, payload } = entry.row;
    facts.emit('uplinkDelivered', { subdevice, topic, isReplay: this.#backlogAtConnect > 0, payload });
    if (this.#backlogAtConnect > 0 && custodian.pending === 0) {
      facts.emit('backlogDrained', { messages: this.#backlogAtConnect });
      this.#backlogAtConnect = 0;
    }
  }

  /** Called when the client, or an earlier process, threw on this publication. */
  setAside(packetId: number, why: string): void {
    const reason = `the gateway failed on it: ${why}`;
    const entry = this.#options.outbox.setAside(packetId, reason);
    if (entry !== undefined) this.#report({ kind: 'deadLettered', entry, reason });
    this.sendSoon();
  }

  /** Sheds uplinks that are certainly too old. */
  expire(): void {
    const { isExpired, outbox, pager } = this.#options;
    this.#isExpiring = isExpired !== undefined && outbox.expire(isExpired) > 0;
    if (this.#isExpiring) pager.turn();
  }

  /** Sends after the present task, once for all messages and PUBACKs that come with it. */
  sendSoon(): void {
    if (this.#isSendPosted) return;
    this.#isSendPosted = true;
    this.#options.mailbox.post(() => {
      this.#isSendPosted = false;
      this.send();
    });
  }

  /** Sends everything that may be sent now, sets the timer for the rest, and loads rows for which there is room. */
  send(): void {
    const { outbox, clock, services, documents } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#isExpiring) this.expire();
    this.#giveUp(nowMs);
    this.#options.pager.turn();
    let hasMore = false;
    if (outbox.isConnected) this.#options.acknowledge();
    const isSending = outbox.isConnected && !this.#isSuspended;
    if (isSending) {
      // filters are sent before the uplinks, unless any packet is suspected or doubted
      if (!outbox.poison.isTroubled) while (this.#sendFilter(nowMs));
      do while (outbox.pacer.isOpen(nowMs) && this.#sendOne(nowMs));
      while (this.#deadLetterAside());
      hasMore = !outbox.pacer.isOpen(nowMs);
      if (outbox.poison.needsPing(nowMs) || documents.needsProbe) this.#options.commandHub({ kind: 'probe' });
      if (outbox.poison.takeCleared()) this.#options.commandHub({ kind: 'cleared' });
    }
    const { overdueAtMs } = outbox;
    // a request that waits for answers to other packets needs no timer before these answers come
    const isWaiting = this.#heldRequest !== undefined || outbox.poison.mustWait(nowMs);
    const times = [
      // overdue messages wait for the answer to the probe or for the end of the connection
      overdueAtMs !== undefined && overdueAtMs > nowMs ? overdueAtMs : undefined,
      // while the pacer is closed no request can be sent either: a timer for requests would spin
      isSending && !hasMore && !isWaiting ? services.wakeAtMs() : undefined,
      hasMore ? outbox.pacer.nextAtMs : undefined,
      isSending && !hasMore && !isWaiting ? outbox.backlogAtMs : undefined,
      isSending ? outbox.poison.wakeAtMs(nowMs) : undefined,
      isSending ? this.#options.filters.wakeAtMs(nowMs) : undefined,
      isSending && !hasMore ? documents.wakeAtMs(nowMs) : undefined,
    ];
    this.#timer.set(times.reduce((one, other) => sooner(one, other)));
    this.#options.pager.turn();
  }

  /**
   * Sends one packet. Requests of the gateway come first, then alarms, then QoS 0 and QoS 1 in turn, so that neither
   * waits for the other, and then documents of the gateway. While any packet is suspected or doubted, filters take
   * turns with all of them.
   */
  #sendOne(nowMs: number): boolean {
    this.#isFilterTurn = !this.#isFilterTurn;
    if (this.#isFilterTurn && this.#sendFilter(nowMs)) return true;
    // the last request announces a subdevice whose uplink was found meanwhile
    if (this.#sendMessage(nowMs) || this.#sendRequest(nowMs)) return true;
    return this.#sendFilter(nowMs) || this.#sendDocument(this.#lastPlace, nowMs);
  }

  #sendMessage(nowMs: number): boolean {
    if (this.#sendRequest(nowMs)) return true;
    if (this.#sendDocument('before alarms', nowMs)) return true;
    if (this.#options.outbox.hasAlarms && this.#sendNext(nowMs)) return true;
    if (this.#sendDocument('before data', nowMs)) return true;
    this.#isQos0Turn = !this.#isQos0Turn;
    if (this.#isQos0Turn) return this.#sendQos0(nowMs) || this.#sendNext(nowMs);
    return this.#sendNext(nowMs) || this.#sendQos0(nowMs);
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
      // a request that is held back or set aside counts as unanswered, so its service requests again later
    }
    if (request === undefined) return false;
    this.#sendUnanswered('request', request, nowMs);
    return true;
  }

  #sendDocument(place: DocumentPlace, nowMs: number): boolean {
    const document = this.#options.documents.take(place, nowMs);
    if (document === undefined) return false;
    this.#sendUnanswered('request', document, nowMs, retaining(document.retain));
    return true;
  }

  /** Place of a document after all data that can be sent now. */
  get #lastPlace(): DocumentPlace {
    return this.#options.outbox.isIdle && this.#qos0.isEmpty ? 'no data waits' : 'no data can be sent';
  }

  #sendFilter(nowMs: number): boolean {
    const request = this.#options.filters.next(nowMs);
    if (request === undefined) return false;
    if (request.isSuspect) this.#options.commandHub({ kind: 'probe' });
    this.#options.commandHub(request);
    return true;
  }

  /** Sends a PUBLISH with QoS 0. */
  #sendUnanswered(
    kind: 'request' | 'QoS 0 uplink',
    message: Omit<Message, 'qos'>,
    nowMs: number,
    retained: Retaining = this.#retain(message),
  ): void {
    const { topic, payload } = message;
    const { poison, pacer } = this.#options.outbox;
    const act = actOf(kind, topic);
    const isSuspect = poison.isWatched(act);
    if (isSuspect) this.#options.commandHub({ kind: 'probe' });
    poison.sent(act, nowMs);
    pacer.take(nowMs);
    const packetId = undefined;
    this.#options.publish({ topic, payload, qos: 0, packetId, dup: false, ...retained }, isSuspect);
  }

  #sendQos0(nowMs: number): boolean {
    const next = this.#qos0.take(nowMs);
    if (next === undefined) return false;
    const { lane, message, acceptedAtMs } = next;
    const payload = this.#options.outbox.payloads.ofQos0(lane, message, acceptedAtMs);
    this.#sendUnanswered('QoS 0 uplink', payload, nowMs);
    this.#options.documents.dataSent();
    this.#options.custodian.countOnly(lane, { as: 'delivered' });
    return true;
  }

  #sendNext(nowMs: number): boolean {
    const sending = this.#options.outbox.next(nowMs);
    if (sending === undefined) return false;
    this.#options.documents.dataSent();
    const { row } = sending.entry;
    const { packetId, dup, isSuspect } = sending;
    this.#options.underWay.handle(
      onItsWay(row),
      () => {
        const payload = this.#options.outbox.payloads.of(row);
        if (isSuspect && this.#options.outbox.poison.isTroubled) this.#options.commandHub({ kind: 'probe' });
        this.#options.publish({ topic: row.topic, payload, qos: 1, packetId, dup, ...this.#retain(row) }, isSuspect);
      },
      (why) => this.setAside(packetId, why),
    );
    return true;
  }

  #retain({ retain }: Retaining): Retaining {
    return retaining(retain && this.#options.isRetainServed);
  }

  /**
   * Handles overdue PUBACKs. A probe finds out if the connection is dead. A message counts as unacknowledged only if
   * the hub has answered another packet since its PUBACK was due; a silent hub proves nothing.
   */
  #giveUp(nowMs: number): void {
    const { outbox } = this.#options;
    if (nowMs < (outbox.overdueAtMs ?? Number.POSITIVE_INFINITY)) return;
    for (const abandoned of outbox.giveUp(this.#lastReceivedAtMs)) this.#report({ kind: 'deadLettered', ...abandoned });
    if ((outbox.overdueAtMs ?? Number.POSITIVE_INFINITY) <= nowMs) this.#options.commandHub({ kind: 'probe' });
    this.#options.pager.turn();
  }

  /**
   * Makes dead letters of the messages whose topics are set aside. @returns whether there was any, so that later
   * messages may be sent
   */
  #deadLetterAside(): boolean {
    const all = this.#options.outbox.deadLetterAside();
    for (const abandoned of all) this.#report({ kind: 'deadLettered', ...abandoned });
    if (all.length > 0) this.#options.pager.turn();
    return all.length > 0;
  }

  #report(verdict: Verdict): void {
    const { facts, registry } = this.#options;
    if (verdict.kind === 'deadLettered') {
      const { lane, topic } = verdict.entry.row;
      facts.emit('uplinkDeadLettered', { subdevice: registry.byLane(lane)?.id ?? '', topic, reason: verdict.reason });
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

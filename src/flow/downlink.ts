/**
 * Downlinks: from the hub into the inbox, from the inbox to the subdevice, and the PUBACK back to the hub.
 *
 * The PUBACK leaves once every subdevice's copy is committed or acknowledged by the subdevice, and in the order of arrival
 * [MQTT-4.6.0-2]. A message that the hub sends again before that is recognised (DUP, same packet identifier, same topic and
 * bytes) and not delivered twice: in a later connection of the session [MQTT-4.4.0-1], and in the same one, where some hubs
 * send again what is not acknowledged soon enough. There one PUBACK answers all its copies. A second one could reach the hub
 * when it has given the identifier to another message, and take that for acknowledged though the connection lost it.
 *
 * Once the PUBACK has left nothing is recognised: whatever comes with its identifier then is a new message, DUP or not
 * [MQTT-4.3.2-2]. A copy that met our PUBACK on the way is delivered twice; a duplicate is better than a loss.
 */
import { crc32 } from 'node:zlib';
import type { Facts } from '../base/events.ts';
import type { Message } from '../base/message.ts';
import type { Stamp } from '../base/time.ts';
import type { DriverReport } from '../driver/driver.ts';
import type { HubInput } from '../hub/contract.ts';
import type { Clock } from '../ports.ts';
import type { Delivery } from '../session/attendance.ts';
import type { Inbox } from '../session/inbox.ts';
import { type Mirror, NOBODY } from '../session/mirror.ts';
import type { TopicMap } from '../session/topic-map.ts';
import { Alarm } from './alarm.ts';
import { Debts } from './debts.ts';
import type { Links } from './links.ts';
import type { Mailbox } from './mailbox.ts';
import type { Pager } from './pager.ts';

/** Downlinks waiting for their PUBACK; a hub that sends more than this without one is left. */
const ARRIVALS_MAX = 1024;

export interface DownlinkOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly stamp: () => Stamp;
  readonly facts: Facts;
  readonly mirror: Mirror;
  readonly inbox: Inbox;
  readonly links: () => Links;
  readonly pager: () => Pager;
  readonly topicsOf: (subdevice: string) => TopicMap;
  readonly order: (order: HubInput) => void;
  readonly isExpired: ((stamp: Stamp) => boolean) | undefined;
}

interface Arrival {
  readonly packetId: number;
  /** Of topic and payload. */
  readonly print: number;
  /** Copies that nobody keeps for us yet. */
  owed: number;
}

export class DownlinkFlow {
  readonly #options: DownlinkOptions;
  readonly #alarm: Alarm;
  readonly #debts = new Debts<Arrival>();
  readonly #deliveries = new Map<number, Delivery>();
  #lastDelivery = 0;
  /** The last look found something too old: what the disk brings next may be too. */
  #isExpiring = false;
  readonly #arrivals: Arrival[] = [];
  /** By packet identifier: arrivals of earlier connections without a PUBACK, which the hub will send again. */
  #unacknowledged = new Map<number, Arrival>();

  constructor(options: DownlinkOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, options.mailbox, () => this.deliverAll());
  }

  /** A message from the hub for whoever subscribed to it. */
  arrived(message: Message, dup: boolean, packetId: number | undefined): void {
    if (message.qos === 0 || packetId === undefined) {
      this.#route({ ...message, qos: 0 }, undefined);
      return;
    }
    const print = printOf(message);
    if (dup && this.#isWaiting(packetId, print)) return;
    const known = dup ? this.#unacknowledged.get(packetId) : undefined;
    const arrival = known?.print === print ? known : { packetId, print, owed: 0 };
    this.#unacknowledged.delete(packetId);
    if (arrival !== known) this.#route(message, arrival);
    this.#owePuback(arrival);
  }

  /** An answer to ourselves: nobody's message, but it has its place in the order of PUBACKs. @returns whether it is news */
  consumed(message: Message, dup: boolean, packetId: number | undefined): boolean {
    if (packetId === undefined) return true;
    const print = printOf(message);
    if (dup && this.#isWaiting(packetId, print)) return false;
    this.#owePuback({ packetId, print, owed: 0 });
    return true;
  }

  /** One copy is kept: committed, delivered, or shed by policy. */
  safe(owed: number): void {
    const arrival = this.#debts.settle(owed);
    if (arrival === undefined) return;
    arrival.owed -= 1;
    this.#acknowledge();
  }

  /** @param sessionPresent the hub will send again what we did not acknowledge; else nothing is known any more */
  hubConnected(sessionPresent: boolean): void {
    if (!sessionPresent) this.#unacknowledged.clear();
  }

  hubLost(): void {
    for (const arrival of this.#arrivals.splice(0)) this.#unacknowledged.set(arrival.packetId, arrival);
    for (const oldest of this.#unacknowledged.keys()) {
      if (this.#unacknowledged.size <= ARRIVALS_MAX) break;
      this.#unacknowledged.delete(oldest);
    }
  }

  /** The subdevice's session is over: what it was still owed is shed, as far as it is in RAM; the rest as it is read. */
  endSession(lane: number): void {
    this.#options.inbox.endSession(lane);
    this.#options.pager().turn();
  }

  report(report: Extract<DriverReport, { kind: 'delivered' | 'undelivered' }>): void {
    const delivery = this.#deliveries.get(report.token);
    if (delivery === undefined) return;
    this.#deliveries.delete(report.token);
    if (report.kind === 'delivered') {
      this.#options.inbox.delivered(delivery);
      const subdevice = this.#options.mirror.byLane(delivery.lane)?.id ?? '';
      this.#options.facts.emit('downlinkDelivered', { subdevice, topic: delivery.message.topic });
    } else {
      this.#options.inbox.undelivered(delivery, report.why);
      if (report.why !== 'lost')
        this.#options.facts.emit('downlinkShed', { topic: delivery.message.topic, reason: report.why });
    }
    if (report.kind === 'delivered' || report.why !== 'lost') this.deliver(delivery.lane);
  }

  /** Sheds what is certainly too old. */
  expire(): void {
    const { isExpired, inbox, pager } = this.#options;
    this.#isExpiring = isExpired !== undefined && inbox.expire(isExpired) > 0;
    if (this.#isExpiring) pager().turn();
  }

  deliverAll(): void {
    if (this.#isExpiring) this.expire();
    for (const lane of this.#options.inbox.attachedLanes()) this.deliver(lane);
  }

  /** Hands the subdevice its next message, if it is there and idle; one that woke is told when there is no other. */
  deliver(lane: number): void {
    const { inbox, mirror, clock } = this.#options;
    const nowMs = clock.nowMs();
    const subdevice = mirror.byLane(lane);
    const delivery = subdevice === undefined ? undefined : inbox.next(lane, nowMs);
    this.#alarm.set(inbox.wakeAtMs(nowMs));
    this.#options.pager().turn();
    if (subdevice === undefined) return;
    if (delivery === undefined) {
      if (inbox.endWake(lane)) this.#options.links().order(subdevice.link, { kind: 'rest', subdevice: subdevice.id });
      return;
    }
    this.#lastDelivery += 1;
    const token = this.#lastDelivery;
    this.#deliveries.set(token, delivery);
    const topic = this.#options.topicsOf(subdevice.id).toSubdevice(delivery.message.topic);
    if (topic === undefined) {
      this.report({ kind: 'undelivered', token, why: 'refused' });
      return;
    }
    const { payload, qos } = delivery.message;
    this.#options.links().order(subdevice.link, {
      kind: 'deliver',
      subdevice: subdevice.id,
      token,
      topic,
      payload,
      qos,
      dup: delivery.dup,
    });
  }

  #route(message: Message, arrival: Arrival | undefined): void {
    const { mirror, inbox, facts } = this.#options;
    const routes = mirror.route(message.topic);
    if (routes.length === 0) {
      inbox.pass(NOBODY, 'no subscriber');
      facts.emit('downlinkShed', { topic: message.topic, reason: 'no subscriber' });
      return;
    }
    facts.emit('downlinkAccepted', { topic: message.topic, subdevices: routes.length, qos: message.qos });
    for (const { subdevice, qos } of routes) {
      if (arrival === undefined || qos === 0) inbox.offerQuick(subdevice.lane, { ...message, qos: 0 });
      else this.#admit(subdevice.lane, message, arrival);
      this.deliver(subdevice.lane);
    }
  }

  #admit(lane: number, message: Message, arrival: Arrival): void {
    const owed = this.#debts.note(arrival);
    const nowMs = this.#options.clock.nowMs();
    const entry = this.#options.inbox.admit(lane, message, { stamp: this.#options.stamp(), owed, nowMs });
    if (entry === undefined) this.#debts.settle(owed);
    else arrival.owed += 1;
    this.#options.pager().turn(); // the policy may have made room
  }

  /** It has come in this connection, and its PUBACK has not left. */
  #isWaiting(packetId: number, print: number): boolean {
    return this.#arrivals.some((arrival) => arrival.packetId === packetId && arrival.print === print);
  }

  #owePuback(arrival: Arrival): void {
    this.#arrivals.push(arrival);
    if (this.#arrivals.length > ARRIVALS_MAX)
      this.#options.order({ kind: 'leave', reason: 'the hub sends faster than we can store' });
    this.#acknowledge();
  }

  #acknowledge(): void {
    for (let first = this.#arrivals[0]; first !== undefined && first.owed === 0; first = this.#arrivals[0]) {
      this.#arrivals.shift();
      this.#options.order({ kind: 'puback', packetId: first.packetId });
    }
  }
}

function printOf({ topic, payload }: Message): number {
  return crc32(payload, crc32(topic));
}

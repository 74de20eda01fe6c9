/**
 * Downlinks: from the hub into the inbox, from the inbox to the subdevice, and the PUBACK back to the hub.
 *
 * The PUBACK is sent once the copy of every subdevice is committed or acknowledged, in the order of arrival
 * [MQTT-4.6.0-2]. A message that the hub sends again before that is recognised (DUP, same packet identifier, same topic
 * and bytes) and not delivered twice. This holds in a later connection of the session [MQTT-4.4.0-1], and in the same
 * connection, where some hubs repeat messages that are not acknowledged soon enough. In the same connection one PUBACK
 * answers all copies. A second PUBACK could reach the hub after the hub has given the identifier to another message.
 * The hub would then take that message as acknowledged, although the message may be lost with the connection.
 *
 * After the PUBACK no copy is recognised: a message with its identifier is a new one, with DUP or without
 * [MQTT-4.3.2-2]. A copy that crossed our PUBACK is delivered twice; a duplicate is better than a loss.
 */

import type { Message } from '../base/message.ts';
import { SlotMap } from '../base/slot-map.ts';
import type { Stamp } from '../base/time.ts';
import type { Entry } from '../custody/entry.ts';
import type { DriverReport } from '../driver/driver.ts';
import type { HubAction, HubInput } from '../hub/client/hub-contract.ts';
import { pubackAct } from '../outbox/hub-packet.ts';
import type { PoisonDetector } from '../outbox/poison-detector.ts';
import type { Clock } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { Timer } from '../runtime/timer.ts';
import type { Delivery, SessionEnd } from '../subdevices/delivery-state.ts';
import type { Inbox } from '../subdevices/inbox.ts';
import type { Subdevice } from '../subdevices/registry.ts';
import { ARRIVALS_MAX, type Arrival, Arrivals, type PubackOutcome } from './arrivals.ts';
import { BackPressure } from './back-pressure.ts';
import type { CommandLink } from './links.ts';
import type { OwnMessages } from './own-messages.ts';
import type { Pager } from './pager.ts';
import { RetainedMarks, type RetainedMarksOptions } from './retained-marks.ts';
import { ShedDownlinks, type ShedDownlinksOptions } from './shed-downlinks.ts';
import type { MessageOnItsWay, UnderWay } from './under-way.ts';

export interface DownlinkOptions extends Omit<ShedDownlinksOptions, 'inbox'>, Omit<RetainedMarksOptions, 'inbox'> {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly stamp: () => Stamp;
  readonly inbox: Inbox;
  readonly ownMessages: OwnMessages;
  readonly commandLink: CommandLink;
  readonly pager: Pager;
  readonly underWay: UnderWay;
  readonly commandHub: (command: HubInput) => void;
  readonly poison: PoisonDetector;
  /** Sends all packets that may be sent. Calls `acknowledge` first. */
  readonly send: () => void;
  /** Returns the bytes of downlinks that are in RAM only. */
  readonly unstoredBytes: () => number;
  /** Returns true while no downlink may be delivered, because the store may be a copy. */
  readonly isHeld: () => boolean;
  /** Stops or resumes reading of the hub's connection. */
  readonly setReading: (isReading: boolean) => void;
  readonly isExpired: ((stamp: Stamp) => boolean) | undefined;
}

/** Flags with which the hub sent a message. */
export interface Arriving {
  readonly dup: boolean;
  readonly retained: boolean;
  readonly packetId: number | undefined;
}

export class DownlinkFlow {
  readonly #options: DownlinkOptions;
  readonly #timer: Timer;
  /** Number of copies that are neither on disk nor delivered. */
  #unsafeCopies = 0;
  readonly #deliveries = new SlotMap<number, Delivery>();
  #lastDelivery = 0;
  /** The last look found an expired message, so the rows loaded next may be expired too. */
  #isExpiring = false;
  readonly #arrivals: Arrivals;
  readonly #pressure: BackPressure;
  readonly #shed: ShedDownlinks;
  readonly retainedMarks: RetainedMarks;

  constructor(options: DownlinkOptions) {
    this.#options = options;
    this.#shed = new ShedDownlinks(options);
    this.retainedMarks = new RetainedMarks(options);
    this.#timer = new Timer(options.clock, options.mailbox, () => this.deliverAll());
    this.#arrivals = new Arrivals((arrival) => this.#acknowledge(arrival));
    this.#pressure = new BackPressure({
      clock: options.clock,
      mailbox: options.mailbox,
      setReading: options.setReading,
      load: () => ({ copies: this.#unsafeCopies + options.inbox.excess, bytes: options.unstoredBytes() }),
      leave: (reason) => options.commandHub({ kind: 'leave', reason }),
    });
  }

  /** Handles a message from the hub for its subscribers. */
  arrived(message: Message, { dup, retained, packetId }: Arriving): void {
    if (message.qos === 0 || packetId === undefined) {
      this.#route({ ...message, qos: 0 }, undefined, retained);
      return;
    }
    const known = dup ? this.#arrivals.recognise(packetId, message) : undefined;
    if (known === 'waiting') return;
    if (known === undefined && !this.#pressure.admits()) return; // the hub keeps a message without a PUBACK
    const arrival = known ?? this.#arrivals.newArrival(packetId, message);
    arrival.isAgain = dup;
    if (known === undefined) this.#route(message, arrival, retained);
    this.#queuePuback(arrival);
  }

  /** Handles a message for the gateway itself, which has a place in the order of PUBACKs. @returns whether it is new */
  consumed(message: Message, dup: boolean, packetId: number | undefined): boolean {
    if (packetId === undefined) return true;
    if (dup && this.#arrivals.recognise(packetId, message) === 'waiting') return false;
    const arrival = this.#arrivals.newArrival(packetId, message);
    arrival.isAgain = dup;
    this.#queuePuback(arrival);
    return true;
  }

  /** Handles a message that is too large for the gateway. It is acknowledged, so that the hub does not repeat it. */
  oversize({ topic, qos, packetBytes, dup, packetId }: Extract<HubAction, { kind: 'oversize' }>): void {
    if (!this.consumed({ topic, payload: new Uint8Array(0), qos }, dup, packetId)) return;
    this.#shed.oversize(topic, packetBytes);
  }

  /**
   * Handles a message that MQTT 3.1.1 forbids. It is acknowledged, because the hub would send it in each connection.
   */
  invalid({ topic, qos, problem, dup, packetId }: Extract<HubAction, { kind: 'invalid' }>): void {
    if (!this.consumed({ topic, payload: new Uint8Array(0), qos }, dup, packetId)) return;
    this.#shed.forbidden(topic, problem);
  }

  /** Handles a message on which the program failed before. It is acknowledged and not delivered. */
  setAside(message: Message, { dup, packetId }: Pick<Arriving, 'dup' | 'packetId'>): void {
    if (this.consumed(message, dup, packetId)) this.#shed.setAside(message.topic);
  }

  /** @param sessionPresent true: the hub sends unacknowledged messages again; false: it sends none again */
  hubConnected(sessionPresent: boolean): void {
    if (!sessionPresent) {
      this.#arrivals.sessionLost();
      this.#options.ownMessages.hubSessionLost();
    }
    this.#pressure.turn(); // messages of earlier connections may still wait for the disk
  }

  /** Sends the PUBACKs that are due, unless one of them has to wait for another packet. */
  acknowledge(): void {
    this.#arrivals.settle();
  }

  /** Number of downlinks of this connection that wait for their PUBACK. */
  get unacknowledged(): number {
    return this.#arrivals.waiting;
  }

  hubLost(): void {
    this.#arrivals.connectionLost();
    this.#pressure.connectionLost();
  }

  /** Ends the session of a subdevice: sheds its waiting messages in RAM at once, the others as they are read. */
  endSession(lane: number, reason: SessionEnd = 'session ended'): void {
    this.#options.inbox.endSession(lane, reason);
    this.#options.pager.turn();
  }

  report(report: Extract<DriverReport, { kind: 'delivered' | 'undelivered' }>): void {
    const delivery = this.#deliveries.get(report.token);
    if (delivery === undefined) return;
    this.#deliveries.delete(report.token);
    this.#options.underWay.handle(onItsWay(delivery), () => this.#end(delivery, report));
  }

  #end(delivery: Delivery, report: Parameters<DownlinkFlow['report']>[0]): void {
    if (delivery.isOwn) {
      this.#endOwn(delivery, report);
    } else if (report.kind === 'delivered') {
      this.#options.inbox.delivered(delivery);
      this.retainedMarks.delivered(delivery.lane, delivery.message);
      const subdevice = this.#options.registry.byLane(delivery.lane)?.id ?? '';
      const { topic, payload } = delivery.message;
      this.#options.facts.emit('downlinkDelivered', { subdevice, topic, payload });
    } else {
      this.#options.inbox.undelivered(delivery, report.why);
      this.#shed.undelivered(delivery, report);
    }
    if (report.kind === 'delivered' || report.why !== 'lost') this.deliver(delivery.lane);
  }

  /** Sheds downlinks that are certainly too old. */
  expire(): void {
    const { isExpired, inbox, pager } = this.#options;
    this.#isExpiring = isExpired !== undefined && inbox.expire(isExpired) > 0;
    if (this.#isExpiring) pager.turn();
  }

  /** Called when rows were loaded from disk. The policy may have shed some. */
  loaded(): void {
    this.deliverAll();
    this.#pressure.turn();
  }

  deliverAll(): void {
    if (this.#isExpiring) this.expire();
    for (const lane of this.#options.inbox.attachedLanes()) this.deliver(lane);
  }

  /**
   * Gives the subdevice its next message, if it is present and idle. A woken subdevice is informed when no message is
   * left.
   */
  deliver(lane: number): void {
    const { inbox, registry, clock, isHeld } = this.#options;
    const nowMs = clock.nowMs();
    const subdevice = registry.byLane(lane);
    const delivery =
      subdevice === undefined || isHeld() ? undefined : (inbox.next(lane, nowMs) ?? this.#nextOwn(subdevice));
    this.#timer.set(inbox.wakeAtMs(nowMs));
    this.#options.pager.turn();
    if (subdevice === undefined) return;
    if (delivery === undefined) {
      if (inbox.endWake(lane)) this.#options.commandLink(subdevice.link, { kind: 'rest', subdevice: subdevice.id });
      return;
    }
    this.#lastDelivery += 1;
    const token = this.#lastDelivery;
    this.#deliveries.set(token, delivery);
    this.#options.underWay.handle(
      onItsWay(delivery),
      () => this.#send(subdevice, token, delivery),
      () => this.#fail(token, 'failed', 'an earlier process ended on this message'),
    );
  }

  #nextOwn(subdevice: Subdevice): Delivery | undefined {
    const { inbox, ownMessages } = this.#options;
    const { lane } = subdevice;
    if (!inbox.isIdle(lane)) return undefined;
    const message = ownMessages.next(subdevice, inbox.deliveryOf(lane)?.state === 'awake');
    return message && inbox.beginOwn(lane, message);
  }

  #endOwn(delivery: Delivery, report: Parameters<DownlinkFlow['report']>[0]): void {
    const subdevice = this.#options.registry.byLane(delivery.lane);
    this.#options.inbox.endOwn(delivery);
    if (subdevice !== undefined) this.#options.ownMessages.ended(subdevice, report);
  }

  #send(subdevice: Subdevice, token: number, delivery: Delivery): void {
    const { payload, qos, topic: hubTopic } = delivery.message;
    const topic = delivery.isOwn ? hubTopic : this.#options.topicsOf(subdevice.id).toSubdevice(hubTopic);
    if (topic === undefined) {
      this.#fail(token, 'invalid', 'its topic does not belong to this subdevice');
      return;
    }
    const taken = (): void => this.#options.mailbox.post(() => this.report({ kind: 'delivered', token }));
    if (!delivery.isOwn && this.#options.ownMessages.takes(subdevice, topic, payload, taken)) return;
    this.#options.commandLink(subdevice.link, {
      kind: 'deliver',
      subdevice: subdevice.id,
      token,
      topic,
      payload,
      qos,
      dup: delivery.dup,
      ...(delivery.entry && { number: delivery.entry.row.seq }),
    });
  }

  /** Reports a failed delivery after this task, since the next delivery may fail too, and many after it. */
  #fail(token: number, why: 'invalid' | 'failed', because: string): void {
    this.#options.mailbox.post(() => this.report({ kind: 'undelivered', token, why, because }));
  }

  /** @param arrived message as the hub sent it */
  #route(arrived: Message, arrival: Arrival | undefined, retained: boolean): void {
    const { registry, inbox, facts, sharedTopics, configuredIds } = this.#options;
    const isKnown = (id: string): boolean => registry.byId(id) !== undefined || configuredIds().has(id);
    const opened = sharedTopics().open(arrived, isKnown);
    if (opened !== undefined && opened.kind !== 'named') return this.#shed.unaddressed(arrived.topic, opened);
    const { message, subdevice: addressee } = opened ?? { message: arrived, subdevice: undefined };
    const all = registry.route(message.topic);
    const routes = addressee === undefined ? all : all.filter(({ subdevice }) => subdevice.id === addressee);
    if (routes.length === 0) return this.#shed.unclaimed(message.topic, addressee);
    const receivers = retained
      ? routes.filter(({ subdevice }) => this.retainedMarks.isForDelivery(subdevice, message))
      : routes;
    if (receivers.length === 0) return;
    const { topic, qos: arrivedQos, payload } = message;
    facts.emit('downlinkAccepted', { topic, subdevices: receivers.length, qos: arrivedQos, payload, receivers });
    for (const { subdevice, qos } of receivers) {
      if (arrival === undefined || qos === 0) inbox.offerQos0(subdevice.lane, { ...message, qos: 0 });
      else this.#admit(subdevice.lane, message, arrival);
      this.deliver(subdevice.lane);
    }
  }

  #admit(lane: number, message: Message, arrival: Arrival): void {
    this.#addUnsafe(arrival, 1);
    const entry = this.#options.inbox.admit(lane, message, {
      stamp: this.#options.stamp(),
      ackWaiter: { safe: () => this.#copySafe(arrival) },
      nowMs: this.#options.clock.nowMs(),
    });
    if (entry === undefined) this.#addUnsafe(arrival, -1);
    this.#options.pager.turn(); // the policy may have made room
  }

  /**
   * Takes a test message of an operator into custody, as if the hub had sent it to this subdevice alone. @param safe called
   * when the message is safe. @returns `undefined` if the policy of a full inbox has shed the message
   */
  offerTest(subdevice: Subdevice, message: Message, safe: () => void): Entry | undefined | 'congestion' {
    const { facts, inbox, clock, stamp, pager } = this.#options;
    if (!this.#pressure.isOpen) return 'congestion';
    const { topic, qos, payload } = message;
    facts.emit('downlinkAccepted', { topic, subdevices: 1, qos, payload, receivers: [{ subdevice }] });
    const entry = inbox.admit(subdevice.lane, message, { stamp: stamp(), ackWaiter: { safe }, nowMs: clock.nowMs() });
    pager.turn();
    this.deliver(subdevice.lane);
    return entry;
  }

  /** Called when one copy is committed, delivered or shed. */
  #copySafe(arrival: Arrival): void {
    this.#addUnsafe(arrival, -1);
    this.#settle();
    this.#pressure.turn();
  }

  #addUnsafe(arrival: Arrival, copies: number): void {
    arrival.unsafeCopies += copies;
    this.#unsafeCopies += copies;
  }

  /** Sends due PUBACKs. While any packet is suspected or doubted, they take turns with the other packets. */
  #settle(): void {
    if (this.#options.poison.isTroubled) this.#options.send();
    else this.#arrivals.settle();
  }

  #acknowledge({ packetId, print, topic, isAgain }: Arrival): PubackOutcome {
    const { poison, clock, commandHub } = this.#options;
    const act = pubackAct(packetId, print, topic);
    const nowMs = clock.nowMs();
    const permission = poison.mayGo(act, nowMs);
    if (permission !== 'go') return permission === 'set aside' ? 'set aside' : 'held';
    const isSuspect = poison.isWatched(act);
    if (isSuspect) commandHub({ kind: 'probe' });
    // a PUBACK has no answer; a repeated downlink is the first sign that the hub did not accept the PUBACK
    if (isAgain) poison.sent(act, nowMs);
    commandHub({ kind: 'puback', packetId, isAgain, isSuspect });
    return 'sent';
  }

  #queuePuback(arrival: Arrival): void {
    this.#arrivals.add(arrival);
    this.#settle();
    if (this.#arrivals.waiting > ARRIVALS_MAX)
      this.#options.commandHub({ kind: 'leave', reason: 'the hub broke the protocol: a packet identifier used twice' });
    this.#pressure.turn();
  }
}

function onItsWay({ lane: whose, message: { topic, payload } }: Delivery): MessageOnItsWay {
  return { way: 'downlink', whose, topic, payload };
}

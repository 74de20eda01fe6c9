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
import type { Message } from '../base/message.ts';
import type { Stamp } from '../base/time.ts';
import type { Change } from '../custody/change.ts';
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
import type { RetainedCommands } from '../subdevices/retained-commands.ts';
import { ARRIVALS_MAX, type Arrival, Arrivals, type PubackOutcome } from './arrivals.ts';
import { BackPressure } from './back-pressure.ts';
import type { CommandLink } from './links.ts';
import type { Pager } from './pager.ts';
import { ShedDownlinks, type ShedDownlinksOptions } from './shed-downlinks.ts';
import type { MessageOnItsWay, UnderWay } from './under-way.ts';

export interface DownlinkOptions extends Omit<ShedDownlinksOptions, 'inbox'> {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly stamp: () => Stamp;
  readonly inbox: Inbox;
  readonly retainedCommands: RetainedCommands;
  readonly addLazy: (change: Change) => void;
  readonly commandLink: CommandLink;
  readonly pager: Pager;
  readonly underWay: UnderWay;
  readonly commandHub: (command: HubInput) => void;
  readonly poison: PoisonDetector;
  /** Sends what may be sent: `acknowledge` is called first. */
  readonly send: () => void;
  /** Bytes of downlinks that are in RAM only. */
  readonly unstoredBytes: () => number;
  /** Stops or resumes reading of the hub's connection. */
  readonly setReading: (isReading: boolean) => void;
  readonly isExpired: ((stamp: Stamp) => boolean) | undefined;
}

/** A crash may have a retained command carried out again that came without RETAIN in this time. */
const SAVE_MARKS_MS = 3_600_000;

/** How the hub sent a message. */
export interface Arriving {
  readonly dup: boolean;
  readonly retained: boolean;
  readonly packetId: number | undefined;
}

export class DownlinkFlow {
  readonly #options: DownlinkOptions;
  readonly #timer: Timer;
  /** Copies that are neither on disk nor delivered. */
  #unsafeCopies = 0;
  readonly #deliveries = new Map<number, Delivery>();
  #lastDelivery = 0;
  #savedAtMs = 0;
  /** The last look found something too old: what the disk brings next may be too. */
  #isExpiring = false;
  readonly #arrivals: Arrivals;
  readonly #pressure: BackPressure;
  readonly #shed: ShedDownlinks;

  constructor(options: DownlinkOptions) {
    this.#options = options;
    this.#shed = new ShedDownlinks(options);
    this.#timer = new Timer(options.clock, options.mailbox, () => this.deliverAll());
    this.#arrivals = new Arrivals((arrival) => this.#acknowledge(arrival));
    this.#pressure = new BackPressure({
      ...{ clock: options.clock, mailbox: options.mailbox, setReading: options.setReading },
      load: () => ({ copies: this.#unsafeCopies + options.inbox.excess, bytes: options.unstoredBytes() }),
      leave: (reason) => options.commandHub({ kind: 'leave', reason }),
    });
  }

  /** A message from the hub for whoever subscribed to it. */
  arrived(message: Message, { dup, retained, packetId }: Arriving): void {
    if (message.qos === 0 || packetId === undefined) {
      this.#route({ ...message, qos: 0 }, undefined, retained);
      return;
    }
    const known = dup ? this.#arrivals.recognise(packetId, message) : undefined;
    if (known === 'waiting') return;
    if (known === undefined && !this.#pressure.admits()) return; // without PUBACK it stays the hub's
    const arrival = known ?? this.#arrivals.newArrival(packetId, message);
    arrival.isAgain = dup;
    if (known === undefined) this.#route(message, arrival, retained);
    this.#owePuback(arrival);
  }

  /** An answer to ourselves: nobody's message, but it has its place in the order of PUBACKs. @returns whether it is news */
  consumed(message: Message, dup: boolean, packetId: number | undefined): boolean {
    if (packetId === undefined) return true;
    if (dup && this.#arrivals.recognise(packetId, message) === 'waiting') return false;
    const arrival = this.#arrivals.newArrival(packetId, message);
    arrival.isAgain = dup;
    this.#owePuback(arrival);
    return true;
  }

  /** Larger than the gateway takes: nobody can get it, so the hub is not to send it again. */
  oversize({ topic, qos, packetBytes, dup, packetId }: Extract<HubAction, { kind: 'oversize' }>): void {
    if (!this.consumed({ topic, payload: new Uint8Array(0), qos }, dup, packetId)) return;
    this.#shed.oversize(topic, packetBytes);
  }

  /** MQTT 3.1.1 forbids it, and the hub sends it in each connection: it is acknowledged, so that the others come. */
  invalid({ topic, qos, problem, dup, packetId }: Extract<HubAction, { kind: 'invalid' }>): void {
    if (!this.consumed({ topic, payload: new Uint8Array(0), qos }, dup, packetId)) return;
    this.#shed.forbidden(topic, problem);
  }

  /** The program failed on it before: nobody gets it, and the hub is not to send it again. */
  setAside(message: Message, { dup, packetId }: Pick<Arriving, 'dup' | 'packetId'>): void {
    if (this.consumed(message, dup, packetId)) this.#shed.setAside(message.topic);
  }

  /** @param sessionPresent the hub will send again what we did not acknowledge; else nothing is known any more */
  hubConnected(sessionPresent: boolean): void {
    if (!sessionPresent) this.#arrivals.sessionLost();
    this.#pressure.turn(); // what came in earlier connections may still wait for the disk
  }

  /** Sends the PUBACKs whose turn has come, as far as none of them has to wait for another packet. */
  acknowledge(): void {
    this.#arrivals.settle();
  }

  hubLost(): void {
    this.#arrivals.connectionLost();
    this.#pressure.connectionLost();
  }

  /** The subdevice's session is over: what it was still owed is shed, as far as it is in RAM; the rest as it is read. */
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
    if (report.kind === 'delivered') {
      this.#options.inbox.delivered(delivery);
      this.#save(this.#options.retainedCommands.delivered(delivery.lane, delivery.message));
      const subdevice = this.#options.registry.byLane(delivery.lane)?.id ?? '';
      this.#options.facts.emit('downlinkDelivered', { subdevice, topic: delivery.message.topic });
    } else {
      this.#options.inbox.undelivered(delivery, report.why);
      this.#shed.undelivered(delivery, report);
    }
    if (report.kind === 'delivered' || report.why !== 'lost') this.deliver(delivery.lane);
  }

  /** Sheds what is certainly too old. */
  expire(): void {
    const { isExpired, inbox, pager } = this.#options;
    this.#isExpiring = isExpired !== undefined && inbox.expire(isExpired) > 0;
    if (this.#isExpiring) pager.turn();
  }

  /** Rows have come back from disk, and the policy may have shed some. */
  loaded(): void {
    this.deliverAll();
    this.#pressure.turn();
  }

  deliverAll(): void {
    if (this.#isExpiring) this.expire();
    for (const lane of this.#options.inbox.attachedLanes()) this.deliver(lane);
  }

  /** Hands the subdevice its next message, if it is there and idle; one that woke is told when there is no other. */
  deliver(lane: number): void {
    const { inbox, registry, clock } = this.#options;
    const nowMs = clock.nowMs();
    const subdevice = registry.byLane(lane);
    const delivery = subdevice === undefined ? undefined : inbox.next(lane, nowMs);
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
      () => this.#fail(token, 'failed', 'the process ended on it before'),
    );
  }

  #send(subdevice: Subdevice, token: number, delivery: Delivery): void {
    const topic = this.#options.topicsOf(subdevice.id).toSubdevice(delivery.message.topic);
    if (topic === undefined) {
      this.#fail(token, 'invalid', 'its topic is none of the subdevice');
      return;
    }
    const { payload, qos } = delivery.message;
    this.#options.commandLink(subdevice.link, {
      kind: 'deliver',
      subdevice: subdevice.id,
      token,
      topic,
      payload,
      qos,
      dup: delivery.dup,
    });
  }

  /** Behind this task: the next one may fail as well, and so may any number behind it. */
  #fail(token: number, why: 'invalid' | 'failed', because: string): void {
    this.#options.mailbox.post(() => this.report({ kind: 'undelivered', token, why, because }));
  }

  /** What was delivered lately is made durable, seldom: it costs a commit. */
  saveOldMarks(): void {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#savedAtMs < SAVE_MARKS_MS) return;
    this.#savedAtMs = nowMs;
    this.saveMarks();
  }

  /** The same at once. */
  saveMarks(): void {
    this.#save(this.#options.retainedCommands.save());
  }

  #save(changes: readonly Change[]): void {
    for (const change of changes) this.#options.addLazy(change);
  }

  #route(message: Message, arrival: Arrival | undefined, retained: boolean): void {
    const { registry, inbox, facts } = this.#options;
    const routes = registry.route(message.topic);
    if (routes.length === 0) {
      this.#shed.unclaimed(message.topic);
      return;
    }
    const taking = retained ? routes.filter(({ subdevice }) => this.#takes(subdevice, message)) : routes;
    if (taking.length === 0) return;
    facts.emit('downlinkAccepted', { topic: message.topic, subdevices: taking.length, qos: message.qos });
    for (const { subdevice, qos } of taking) {
      if (arrival === undefined || qos === 0) inbox.offerQos0(subdevice.lane, { ...message, qos: 0 });
      else this.#admit(subdevice.lane, message, arrival);
      this.deliver(subdevice.lane);
    }
  }

  /** Whether the subdevice gets a retained message: not one that it had, or that waits for it. */
  #takes({ lane, id }: Subdevice, message: Message): boolean {
    const { inbox, retainedCommands, facts } = this.#options;
    if (retainedCommands.policy === 'once' && inbox.holds(lane, message)) return false;
    if (retainedCommands.admits(lane, message)) return true;
    facts.emit('retainedSkipped', { subdevice: id, topic: message.topic, policy: retainedCommands.policy });
    return false;
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

  /** One copy is kept: committed, delivered, or shed by policy. */
  #copySafe(arrival: Arrival): void {
    this.#addUnsafe(arrival, -1);
    this.#settle();
    this.#pressure.turn();
  }

  #addUnsafe(arrival: Arrival, copies: number): void {
    arrival.unsafeCopies += copies;
    this.#unsafeCopies += copies;
  }

  /** While something is suspected or doubted, PUBACKs take their turn among the other packets. */
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
    // a PUBACK has no answer; that the hub sends the downlink again is the first sign that it did not take it
    if (isAgain) poison.sent(act, nowMs);
    commandHub({ kind: 'puback', packetId, isAgain, isSuspect });
    return 'sent';
  }

  #owePuback(arrival: Arrival): void {
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

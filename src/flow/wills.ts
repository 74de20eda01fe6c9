/**
 * Wills: messages that are published for a lost subdevice.
 *
 * A subdevice is lost after a silence of one and a half keep alives, or of its sleep time, or if it does not answer. A
 * closed port alone does not make a subdevice lost: the time runs on, and a subdevice that is back in time is not lost
 * (in MQTT-SN 1.2 only the timer decides, §6.11, §6.14). A subdevice that sends DISCONNECT, or is dismissed, leaves no
 * will. A will belongs to the session and is as durable as the session: after a restart a connected subdevice counts as
 * lost only if it does not come back within its allowed silence. Invariant: a will stays due until the outbox has
 * custody of it, also over restarts, so it may be published twice.
 */
import type { Facts } from '../base/events.ts';
import { type Message, retaining } from '../base/message.ts';
import { topicProblem } from '../base/topic.ts';
import type { SessionChanges } from '../commit/session-changes.ts';
import type { Change } from '../custody/change.ts';
import type { Will, WillRow } from '../custody/row.ts';
import type { DetachCause, DriverReport, WillChange } from '../driver/driver.ts';
import { type HubLimits, messageProblem } from '../outbox/hub-limits.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Clock } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { Timer } from '../runtime/timer.ts';
import type { Subdevice, SubdeviceRegistry } from '../subdevices/registry.ts';
import type { TopicMap } from '../subdevices/topic-map.ts';
import type { CommandLink } from './links.ts';
import type { UnderWay } from './under-way.ts';
import type { UplinkFlow, UplinkSender } from './uplink.ts';

export interface WillsOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  readonly registry: SubdeviceRegistry;
  readonly sessions: SessionChanges;
  readonly commandLink: CommandLink;
  readonly uplink: UplinkFlow;
  readonly underWay: UnderWay;
  readonly topicsOf: (subdevice: string) => TopicMap;
  /** Name of a subdevice in documents on shared topics. */
  readonly nameOf: (subdevice: string) => string;
  readonly hubLimits: HubLimits;
  readonly outbox: Pick<Outbox, 'payloads'>;
}

interface Due {
  readonly subdevice: Subdevice;
  readonly will: Message;
  atMs: number;
  /** `lost`: the will must be offered to the outbox again. */
  state: 'may come back' | 'lost' | 'offered';
}

/**
 * Time after which a will is offered to a full outbox again, about the time after which a subdevice would try again.
 */
const RETRY_MS = 1000;

export class Wills {
  readonly #options: WillsOptions;
  readonly #timer: Timer;
  /** Wills of sessions by lane. */
  readonly #wills = new Map<number, Will>();
  /** Allowed silence of connected subdevices by lane, ms. 0: no limit. */
  readonly #aliveMs = new Map<number, number>();
  /** Subdevices that are gone and count as lost unless they come back, by lane. */
  readonly #due = new Map<number, Due>();

  constructor(options: WillsOptions, stored: readonly WillRow[]) {
    this.#options = options;
    this.#timer = new Timer(options.clock, options.mailbox, () => this.#publishDue());
    for (const { lane, ...will } of stored) this.#wills.set(lane, will);
  }

  /**
   * Called after a restart. A connected subdevice counts as lost if it does not come back within its allowed silence.
   */
  start(): void {
    const { registry, clock } = this.#options;
    for (const [lane, will] of this.#wills) {
      const subdevice = registry.byLane(lane);
      if (subdevice?.lasting && will.aliveMs > 0) this.#expect(subdevice, will, clock.nowMs() + will.aliveMs);
    }
  }

  /** Returns whether this will may be kept for this subdevice. @param link link of the subdevice */
  isPossible(subdevice: string, link: string, will: Message): boolean {
    const topic = this.#options.topicsOf(subdevice).uplinkTopic(will.topic, will.payload)?.topic;
    if (topic === undefined || topicProblem(topic) !== undefined) return false;
    const message = { ...will, topic };
    const sentBytes = this.#options.outbox.payloads.bytesMaxOn(
      { link, name: this.#options.nameOf(subdevice) },
      message,
    );
    return messageProblem(message, this.#options.hubLimits, sentBytes) === undefined;
  }

  /** Called when the subdevice is back. @returns changes to make durable before the answer */
  attached(subdevice: Subdevice, { will, aliveMs }: Extract<DriverReport, { kind: 'attach' }>): Change[] {
    // a lost subdevice stays lost if it comes back before the outbox had room for its will
    if (this.#due.get(subdevice.lane)?.state === 'may come back') this.#due.delete(subdevice.lane);
    if (will === 'unchanged') return this.#arm(subdevice, aliveMs);
    this.#aliveMs.set(subdevice.lane, aliveMs);
    return this.#replace(subdevice, will);
  }

  /** Stores the allowed silence lazily, since it is needed only after a restart. */
  slept(subdevice: Subdevice, aliveMs: number): void {
    this.#options.sessions.addLazy(this.#arm(subdevice, aliveMs));
  }

  /** @param aliveUntilMs time at which the subdevice counts as lost while its port is closed; `undefined`: never */
  detached(subdevice: Subdevice, cause: DetachCause, aliveUntilMs: number | undefined): void {
    this.#aliveMs.delete(subdevice.lane);
    const will = this.#wills.get(subdevice.lane);
    if (will === undefined) return;
    if (cause === 'asked' || cause === 'dismissed') return this.#disarm(subdevice);
    const isLost = cause === 'keep alive ran out' || cause === 'no answer';
    const atMs = isLost ? this.#options.clock.nowMs() : aliveUntilMs;
    if (atMs !== undefined) this.#expect(subdevice, will, atMs);
    if (isLost) this.#publishDue();
  }

  /** Handles WILLTOPICUPD and WILLMSGUPD (MQTT-SN 1.2 §6.4): answered once durable. */
  change(link: string, report: Extract<DriverReport, { kind: 'will' }>): void {
    const { registry, commandLink, sessions } = this.#options;
    const { token } = report;
    const subdevice = registry.byId(report.subdevice);
    if (subdevice === undefined) throw new Error(`will of ${report.subdevice}, which never attached`);
    const will = changed(this.#wills.get(subdevice.lane), report.change);
    if (will === 'nothing to change' || (will !== undefined && !this.isPossible(subdevice.id, link, will))) {
      commandLink(link, { kind: 'refuse', subdevice: subdevice.id, token, why: 'not supported' });
      return;
    }
    const confirm = (): void => commandLink(link, { kind: 'confirm', subdevice: subdevice.id, token });
    sessions.require(subdevice.lane, this.#replace(subdevice, will), confirm);
  }

  /** Called when the session has ended. A due will is still published, since it belongs to the lost session. */
  forget(subdevice: Subdevice): boolean {
    return this.#wills.delete(subdevice.lane);
  }

  #replace({ lane, lasting }: Subdevice, message: Message | undefined): Change[] {
    if (message === undefined) return this.#wills.delete(lane) && lasting ? [{ kind: 'willGone', lane }] : [];
    const will = { ...message, aliveMs: this.#aliveMs.get(lane) ?? 0 };
    this.#wills.set(lane, will);
    return lasting ? [{ kind: 'will', row: { lane, ...will } }] : [];
  }

  #arm(subdevice: Subdevice, aliveMs: number): Change[] {
    this.#aliveMs.set(subdevice.lane, aliveMs);
    const will = this.#wills.get(subdevice.lane);
    return will === undefined || will.aliveMs === aliveMs ? [] : this.#replace(subdevice, will);
  }

  /** Called when the subdevice sent DISCONNECT, or when the outbox has custody of its will. */
  #disarm(subdevice: Subdevice): void {
    const will = this.#wills.get(subdevice.lane);
    if (will === undefined || will.aliveMs === 0) return;
    this.#options.sessions.require(subdevice.lane, this.#replace(subdevice, will), () => undefined);
  }

  #expect(subdevice: Subdevice, will: Message, atMs: number): void {
    this.#due.set(subdevice.lane, { subdevice, will, atMs, state: 'may come back' });
    this.#setTimer();
  }

  #publishDue(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const due of this.#due.values()) if (due.state !== 'offered' && nowMs >= due.atMs) this.#publish(due);
    this.#setTimer();
  }

  #publish(due: Due): void {
    const { subdevice, will } = due;
    const { facts, uplink, clock } = this.#options;
    const { lane, id } = subdevice;
    const settle = (): void => {
      if (this.#due.get(lane) !== due) return; // lost again meanwhile
      this.#due.delete(lane);
      if (!this.#aliveMs.has(lane)) this.#disarm(subdevice);
    };
    due.state = 'offered';
    const sender: UplinkSender = {
      safe: () => {
        facts.emit('willPublished', { subdevice: id, topic: will.topic });
        settle();
      },
      refuse: (why) => {
        if (why === 'congestion') {
          due.state = 'lost';
          due.atMs = clock.nowMs() + RETRY_MS;
          this.#setTimer();
          return;
        }
        facts.emit('uplinkRefused', { subdevice: id, topic: will.topic, reason: `its will is ${why}` });
        settle();
      },
      withdrawn: () => sender.refuse('congestion'),
    };
    this.#options.underWay.handle(
      { way: 'will', whose: id, ...will },
      () => uplink.offerWill(subdevice, will, sender),
      () => sender.refuse('not supported'),
    );
  }

  #setTimer(): void {
    const times = [...this.#due.values()].flatMap(({ atMs, state }) => (state === 'offered' ? [] : [atMs]));
    this.#timer.set(times.length === 0 ? undefined : Math.min(...times));
  }
}

/** @returns the new will; `undefined`: no will */
function changed(will: Message | undefined, change: WillChange): Message | undefined | 'nothing to change' {
  switch (change.part) {
    case 'all':
      return undefined;
    case 'topic':
      return {
        payload: will?.payload ?? new Uint8Array(0),
        topic: change.topic,
        qos: change.qos,
        ...retaining(change.retain),
      };
    case 'payload':
      return will === undefined ? 'nothing to change' : { ...will, payload: change.payload };
  }
}

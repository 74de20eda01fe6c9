/**
 * Wills: what is published in the name of a subdevice that is lost.
 *
 * Lost is whoever was silent for one and a half keep alives, or sleeps, or did not answer. A port that is gone is not a
 * lost subdevice: the time runs on, and whoever is back in time is not lost (MQTT-SN 1.2 knows only the timer, §6.11, §6.14).
 * Nobody who says DISCONNECT, or is dismissed, leaves a will behind. A will belongs to the session and is as durable:
 * after a restart whoever was connected has as long as it may be silent to be back.
 * Invariant: a will stays due until the outbox has custody of it, over restarts too; so it may come twice.
 */
import type { Facts } from '../base/events.ts';
import { type Message, retaining } from '../base/message.ts';
import { topicProblem } from '../base/topic.ts';
import type { SessionChanges } from '../commit/session-changes.ts';
import type { Change } from '../custody/change.ts';
import type { Will, WillRow } from '../custody/row.ts';
import type { DetachCause, DriverReport, WillChange } from '../driver/driver.ts';
import { type HubLimits, messageProblem } from '../outbox/hub-limits.ts';
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
  readonly hubLimits: HubLimits;
}

interface Due {
  readonly subdevice: Subdevice;
  readonly will: Message;
  atMs: number;
  /** `lost`: the outbox is to be asked again. */
  state: 'may come back' | 'lost' | 'offered';
}

/** A full outbox is asked again after this time: a subdevice would come back as soon. */
const RETRY_MS = 1000;

export class Wills {
  readonly #options: WillsOptions;
  readonly #timer: Timer;
  /** By lane: one for each session that has one. */
  readonly #wills = new Map<number, Will>();
  /** By lane, of those that are connected: how long they may be silent, ms; 0 = for ever. */
  readonly #aliveMs = new Map<number, number>();
  /** By lane: of those that are gone, and lost unless they come back. */
  readonly #due = new Map<number, Due>();

  constructor(options: WillsOptions, stored: readonly WillRow[]) {
    this.#options = options;
    this.#timer = new Timer(options.clock, options.mailbox, () => this.#publishDue());
    for (const { lane, ...will } of stored) this.#wills.set(lane, will);
  }

  /** After a restart: whoever was connected has its time to come back. */
  start(): void {
    const { registry, clock } = this.#options;
    for (const [lane, will] of this.#wills) {
      const subdevice = registry.byLane(lane);
      if (subdevice?.lasting && will.aliveMs > 0) this.#expect(subdevice, will, clock.nowMs() + will.aliveMs);
    }
  }

  /** May this will be kept for this subdevice? */
  isPossible(subdevice: string, will: Message): boolean {
    const topic = this.#options.topicsOf(subdevice).toHub(will.topic);
    if (topic === undefined || topicProblem(topic) !== undefined) return false;
    return messageProblem({ ...will, topic }, this.#options.hubLimits) === undefined;
  }

  /** It is back. @returns what has to be durable before it is told so */
  attached(subdevice: Subdevice, { will, aliveMs }: Extract<DriverReport, { kind: 'attach' }>): Change[] {
    // one that was lost was lost, though it is back before the outbox had room for its will
    if (this.#due.get(subdevice.lane)?.state === 'may come back') this.#due.delete(subdevice.lane);
    if (will === 'unchanged') return this.#arm(subdevice, aliveMs);
    this.#aliveMs.set(subdevice.lane, aliveMs);
    return this.#replace(subdevice, will);
  }

  /** For how long is of use after a restart only: it makes no commit of its own. */
  slept(subdevice: Subdevice, aliveMs: number): void {
    this.#options.sessions.addLazy(this.#arm(subdevice, aliveMs));
  }

  /** @param aliveUntilMs when it may count as lost, though nobody could hear it; `undefined`: never */
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

  /** WILLTOPICUPD and WILLMSGUPD (MQTT-SN 1.2 §6.4): answered once durable. */
  change(link: string, report: Extract<DriverReport, { kind: 'will' }>): void {
    const { registry, commandLink, sessions } = this.#options;
    const { token } = report;
    const subdevice = registry.byId(report.subdevice);
    if (subdevice === undefined) throw new Error(`will of ${report.subdevice}, which never attached`);
    const will = changed(this.#wills.get(subdevice.lane), report.change);
    if (will === 'nothing to change' || (will !== undefined && !this.isPossible(subdevice.id, will))) {
      commandLink(link, { kind: 'refuse', subdevice: subdevice.id, token, why: 'not supported' });
      return;
    }
    const confirm = (): void => commandLink(link, { kind: 'confirm', subdevice: subdevice.id, token });
    sessions.require(subdevice.lane, this.#replace(subdevice, will), confirm);
  }

  /** Its session has ended. One that is due is still published: it is of the session that was lost. */
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

  /** It said good-bye, or its will is in custody. */
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
      if (this.#due.get(lane) !== due) return; // it has been lost once more
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

/** @returns `undefined`: there is to be none */
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

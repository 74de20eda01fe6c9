/**
 * Entry of uplinks: the report of a driver becomes a message in custody, and custody becomes the acknowledgement.
 *
 *     report ─▶ own topic? ─▶ outbox.admit ─▶ (held · enqueued) … safe ─▶ acknowledge
 */
import type { Facts } from '../base/events.ts';
import { type Message, retaining } from '../base/message.ts';
import type { OverflowPolicy } from '../base/overflow-policy.ts';
import type { Stamp } from '../base/time.ts';
import { filterMatches, topicProblem } from '../base/topic.ts';
import type { AckWaiter } from '../custody/entry.ts';
import type { DriverReport, RefuseReason, SafeUplink } from '../driver/driver.ts';
import type { AlarmTopics } from '../outbox/alarm-topics.ts';
import type { HubLimitProblem } from '../outbox/hub-limits.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Admission } from '../outbox/outbox-contract.ts';
import type { Clock } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import type { UplinkTopic } from '../subdevices/field-topics.ts';
import type { Subdevice, SubdeviceRegistry } from '../subdevices/registry.ts';
import type { TopicMap } from '../subdevices/topic-map.ts';
import type { HubSender } from './hub-sender.ts';
import type { Intake } from './intake.ts';
import type { CommandLink } from './links.ts';
import { TopicFallbacks } from './topic-fallbacks.ts';

/** Configuration for the uplinks of a link. */
export interface UplinkTerms {
  readonly holdMs: number;
  readonly commitMs: number;
  readonly overflow: OverflowPolicy;
  /** Filters of own topics of subdevices: matching uplinks are sent with RETAIN. */
  readonly retainTopics: readonly string[];
}

export interface UplinkOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly stamp: () => Stamp;
  readonly facts: Facts;
  readonly registry: SubdeviceRegistry;
  readonly outbox: Outbox;
  readonly alarmTopics: AlarmTopics;
  readonly intake: Pick<Intake, 'note'>;
  readonly commandLink: CommandLink;
  readonly acknowledge: (link: string, uplink: SafeUplink) => void;
  readonly hubSender: HubSender;
  readonly topicsOf: (subdevice: string) => TopicMap;
  readonly termsOf: (link: string) => UplinkTerms;
  /** Terms for wills, since the link of a will may have been removed from the configuration. */
  readonly willTerms: () => UplinkTerms;
}

type UplinkReport = Extract<DriverReport, { kind: 'uplink' }>;

/** Sender of an uplink. It is called once the message is safe, or with the reason of the rejection. */
export interface UplinkSender extends AckWaiter {
  refuse(why: RefuseReason, problem?: HubLimitProblem): void;
  withdrawn(): void;
}

/** Answers to a driver. */
interface Answers {
  readonly acknowledge: UplinkOptions['acknowledge'];
  readonly refuse: (link: string, report: UplinkReport, why: RefuseReason, problem?: HubLimitProblem) => void;
}

/** Sender of an uplink that a driver reported. Each waiting message has one, so it is an object without functions. */
class ReportSender implements UplinkSender {
  readonly #answers: Answers;
  readonly #link: string;
  readonly #report: UplinkReport;
  readonly #token: number;

  constructor(answers: Answers, link: string, report: UplinkReport, token: number) {
    this.#answers = answers;
    this.#link = link;
    this.#report = report;
    this.#token = token;
  }

  safe(): void {
    this.#answers.acknowledge(this.#link, { subdevice: this.#report.subdevice, token: this.#token });
  }

  refuse(why: RefuseReason, problem?: HubLimitProblem): void {
    this.#answers.refuse(this.#link, this.#report, why, problem);
  }

  withdrawn(): void {
    this.refuse('congestion');
  }
}

interface UplinkOffer {
  readonly subdevice: Subdevice;
  /** Topic in the subdevice's own names. */
  readonly topic: string;
  /** Message as sent to the hub. */
  readonly message: Message;
  readonly terms: UplinkTerms;
  readonly sender: UplinkSender;
  /** Reason why the topic at the hub has a fallback. */
  readonly fallback?: string | undefined;
  /** True if the message was acknowledged to the subdevice before it is offered. */
  readonly isPromised?: boolean;
}

export class UplinkFlow {
  readonly #options: UplinkOptions;
  readonly fallbacks: TopicFallbacks;
  /**
   * Subdevices that got the answer "congestion" in this task. The driver keeps later messages behind a rejected one,
   * but it gets the rejection at the end of the task. Until then no message of the subdevice may be accepted.
   */
  readonly #congested = new Set<string>();
  readonly #answers: Answers;

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.fallbacks = new TopicFallbacks(options.facts);
    this.#answers = {
      acknowledge: options.acknowledge,
      refuse: (...refused) => this.#refuse(...refused),
    };
  }

  offer(link: string, report: UplinkReport): void {
    const subdevice = this.#options.registry.byId(report.subdevice);
    if (subdevice === undefined) throw new Error(`uplink of ${report.subdevice}, which never attached`);
    const { topic, fallback } = this.#topicFor(subdevice, report);
    if (topic === undefined || topicProblem(topic) !== undefined) {
      this.#refuse(link, report, 'not allowed');
      return;
    }
    const { token } = report;
    const terms = this.#options.termsOf(link);
    const message = messageFor(topic, report, terms);
    if (token === undefined) {
      this.#options.hubSender.offerQos0(subdevice.lane, message);
      this.#noteFallback(subdevice, topic, fallback);
    } else if (this.#congested.has(subdevice.id)) {
      this.#refuse(link, report, 'congestion');
    } else {
      const sender = new ReportSender(this.#answers, link, report, token);
      this.#admit({ subdevice, topic: report.topic, message, terms, sender, fallback });
    }
  }

  /** Rejects a message without handling it. The message is counted if its subdevice is known. */
  setAside(link: string, { subdevice, topic, token }: UplinkReport): void {
    const { registry, hubSender, facts, commandLink } = this.#options;
    const lane = registry.byId(subdevice)?.lane;
    if (lane !== undefined) hubSender.shed(lane, 'set aside after a fault');
    facts.emit('uplinkShed', { subdevice, topic, reason: 'set aside after a fault' });
    if (token !== undefined) commandLink(link, { kind: 'refuse', subdevice, token, why: 'not supported' });
  }

  /** Offers the will of a lost subdevice. @param sender called once; a QoS 0 will is safe at once */
  offerWill(subdevice: Subdevice, will: Message, sender: UplinkSender): void {
    const { topic, fallback } = this.#topicFor(subdevice, will);
    if (topic === undefined) return sender.refuse('not allowed');
    const terms = this.#options.willTerms();
    const message = messageFor(topic, will, terms);
    if (message.qos === 1) {
      this.#admit({ subdevice, topic: will.topic, message, terms, sender, isPromised: true, fallback });
    } else {
      this.#options.hubSender.offerQos0(subdevice.lane, message, true);
      this.#noteFallback(subdevice, topic, fallback);
      sender.safe();
    }
  }

  /** Offers a message of the gateway as an uplink of the subdevice. @param topic in the subdevice's own names */
  offerFor(subdevice: Subdevice, topic: string, message: Message, sender: UplinkSender): Admission {
    return this.#admit({ subdevice, topic, message, terms: this.#options.willTerms(), sender });
  }

  /** Topic at the hub. It is stored with the message, so it does not depend on a later configuration. */
  #topicFor({ id }: Subdevice, { topic, payload }: Message): Partial<UplinkTopic> {
    return this.#options.topicsOf(id).uplinkTopic(topic, payload) ?? {};
  }

  #noteFallback({ id }: Subdevice, topic: string, why: string | undefined): void {
    if (why !== undefined) this.fallbacks.note(id, topic, why, this.#options.clock.nowMs());
  }

  #admit({ subdevice, topic, message, terms, sender, isPromised = false, fallback }: UplinkOffer): Admission {
    const { holdMs, commitMs, overflow } = terms;
    const { outbox, alarmTopics, clock, facts, hubSender } = this.#options;
    const admission = outbox.admit(
      {
        lane: alarmTopics.laneOf(subdevice.lane, topic),
        message,
        ownTopic: topic,
        overflow,
        stamp: this.#options.stamp(),
        ackWaiter: sender,
        holdMs,
        commitMs,
        isPromised,
      },
      clock.nowMs(),
    );
    hubSender.sendSoon();
    switch (admission.kind) {
      case 'accepted': {
        const { payload, qos } = message;
        const { id } = subdevice;
        facts.emit('uplinkAccepted', { subdevice: id, topic: message.topic, bytes: payload.length, qos, payload });
        this.#noteFallback(subdevice, message.topic, fallback);
        return admission;
      }
      case 'shed':
        facts.emit('uplinkShed', { subdevice: subdevice.id, topic: message.topic, reason: admission.reason });
        sender.safe();
        return admission;
      case 'refused':
        sender.refuse(admission.why, 'problem' in admission ? admission.problem : undefined);
        return admission;
    }
  }

  /**
   * @param problem exceeded limit of the hub; `undefined`: the topic does not belong to the subdevice, or there is no
   * room
   */
  #refuse(link: string, report: UplinkReport, why: RefuseReason, problem?: HubLimitProblem): void {
    if (why === 'congestion') {
      if (this.#congested.size === 0) this.#options.mailbox.post(() => this.#congested.clear());
      this.#congested.add(report.subdevice);
    }
    const { subdevice, topic } = report;
    const words = problem?.words ?? (why === 'not allowed' ? 'topic does not belong to this subdevice' : why);
    if (why !== 'congestion') {
      const reason = problem?.excess ?? 'topic not allowed';
      this.#options.intake.note({
        link,
        subdevice,
        direction: 'uplink',
        reason,
        sample: `${topic}: ${words}`,
        count: 1,
      });
    }
    this.#options.facts.emit('uplinkRefused', { subdevice, topic, reason: words });
    if (report.token !== undefined)
      this.#options.commandLink(link, { kind: 'refuse', subdevice, token: report.token, why });
  }
}

/** @param topic topic at the hub; @param own message with the own topic of the subdevice */
function messageFor(topic: string, { topic: ownTopic, payload, qos, retain }: Message, terms: UplinkTerms): Message {
  const isRetained = retain === true || terms.retainTopics.some((filter) => filterMatches(filter, ownTopic));
  return { topic, payload, qos, ...retaining(isRetained) };
}

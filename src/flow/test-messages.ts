/**
 * Test messages of an operator: an uplink as if the subdevice had sent it, or a downlink as if the hub had. They take the
 * way of real messages: topic rules, admission, custody, order, ledger. They differ in their origin only: nothing
 * acknowledges them, and the outcome of the newest ones is kept for the operator.
 */
import { TEST_PAYLOAD_BYTES_MAX, type TestMessageReport, type TestWay } from '../base/test-message.ts';
import { filterMatches, topicProblem } from '../base/topic.ts';
import type { SessionChanges } from '../commit/session-changes.ts';
import type { Outcome } from '../custody/change.ts';
import type { Custodian } from '../custody/custodian.ts';
import type { DeadLetterReason, Entry } from '../custody/entry.ts';
import type { Clock } from '../ports.ts';
import { rowOf, type Subdevice, type SubdeviceRegistry } from '../subdevices/registry.ts';
import type { TopicMap } from '../subdevices/topic-map.ts';
import type { DownlinkFlow } from './downlink.ts';
import type { UplinkFlow } from './uplink.ts';

export interface TestMessagesOptions {
  readonly clock: Clock;
  readonly registry: SubdeviceRegistry;
  readonly sessions: Pick<SessionChanges, 'addLazy'>;
  readonly uplink: Pick<UplinkFlow, 'offerFor'>;
  readonly downlink: Pick<DownlinkFlow, 'offerTest'>;
  readonly uplinks: Custodian;
  readonly downlinks: Custodian;
  readonly topicsOf: (subdevice: string) => TopicMap;
  /** Name of the link that serves the subdevice. `undefined`: none of the configuration does. */
  readonly linkOf: (subdevice: string) => string | undefined;
}

/** Test messages in a time: a technician, and no load test. */
const MESSAGES_MAX = 10;
const MESSAGES_WITHIN_MS = 10_000;
/** Number of test messages whose outcome is kept. */
const KEPT_MAX = 16;

export interface TestRequest {
  readonly way: TestWay;
  readonly subdevice: string;
  /** Topic in the subdevice's own names. */
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** Reason for which a test message is not sent, and the remedy. */
export interface TestRefusal {
  readonly what: string;
  readonly hint: string;
}

/** End of the custody of a message, or the reason why it did not begin. */
type CustodyEnd = Outcome | DeadLetterReason | { readonly as: 'shed'; readonly reason: string };

interface Kept {
  report: TestMessageReport;
  readonly atMs: number;
  /** Ends the observation of the message. */
  forget: () => void;
}

export class TestMessages {
  readonly #options: TestMessagesOptions;
  readonly #kept = new Map<number, Kept>();
  #sentAtMs: number[] = [];
  #lastId = 0;

  constructor(options: TestMessagesOptions) {
    this.#options = options;
  }

  /** Sends a test message. @returns the number of the message, or why it is not sent */
  send(request: TestRequest): number | TestRefusal {
    const { way, payload, subdevice: id } = request;
    if (payload.length > TEST_PAYLOAD_BYTES_MAX)
      return refuse(`The payload has ${payload.length} bytes`, `At most ${TEST_PAYLOAD_BYTES_MAX} bytes are allowed.`);
    const link = this.#options.linkOf(id);
    if (link === undefined)
      return refuse(`No link serves the subdevice ${JSON.stringify(id)}`, 'holdfast subdevices lists the subdevices.');
    if (!this.#hasTurn()) {
      const bound = `${MESSAGES_MAX} test messages in ${MESSAGES_WITHIN_MS / 1000} s`;
      return refuse(`Too many test messages: at most ${bound}`, 'Wait some seconds, and run the command again.');
    }
    return way === 'uplink' ? this.#sendUplink(request, link) : this.#sendDownlink(request);
  }

  /** State of a test message. `undefined`: unknown, or one of the older ones. */
  report(id: number): TestMessageReport | undefined {
    return this.#kept.get(id)?.report;
  }

  #sendUplink({ subdevice: id, topic, payload }: TestRequest, link: string): number | TestRefusal {
    const { registry, sessions, uplink, topicsOf, uplinks } = this.#options;
    const hubTopic = topicsOf(id).uplinkTopic(topic, payload)?.topic;
    if (hubTopic === undefined || topicProblem(hubTopic) !== undefined) return notOwn(id, topic);
    const { subdevice, isNew } = registry.enter(id, link);
    if (isNew) sessions.addLazy([{ kind: 'subdevice', row: rowOf(subdevice) }]);
    const kept = this.#keep('uplink', id, hubTopic, payload);
    const message = { topic: hubTopic, payload, qos: 1 } as const;
    const admission = uplink.offerFor(subdevice, topic, message, {
      safe: () => this.#safe(kept),
      refuse: () => undefined, // the admission has the reason
      withdrawn: () => this.#end(kept, { as: 'shed', reason: 'the disk is full' }),
    });
    if (admission.kind === 'accepted') return this.#observe(kept, admission.entry, uplinks);
    if (admission.kind === 'shed') return this.#end(kept, { as: 'shed', reason: admission.reason });
    this.#kept.delete(kept.report.id);
    return admission.why === 'too large'
      ? refuse(
          `The hub would not accept the uplink: ${admission.problem.words}`,
          'Send a smaller payload, or on another topic.',
        )
      : refuse('The gateway accepts no uplinks now (congestion)', 'holdfast status shows why.');
  }

  #sendDownlink({ subdevice: id, topic, payload }: TestRequest): number | TestRefusal {
    const { registry, downlink, topicsOf, downlinks } = this.#options;
    const hubTopic = topicsOf(id).filterToHub(topic);
    if (hubTopic === undefined || topicProblem(hubTopic) !== undefined) return notOwn(id, topic);
    const subdevice = registry.byId(id);
    if (subdevice === undefined || !(subdevice.isAttached || subdevice.lasting))
      return refuse(`${id} has no session: the hub would not deliver to it either`, 'Connect the subdevice first.');
    const filters = [...subdevice.subscriptions.keys()];
    if (!filters.some((filter) => filterMatches(filter, hubTopic))) return notSubscribed(subdevice, hubTopic, filters);
    const kept = this.#keep('downlink', id, hubTopic, payload);
    const offered = downlink.offerTest(subdevice, { topic: hubTopic, payload, qos: 1 }, () => this.#safe(kept));
    if (offered === 'congestion') {
      this.#kept.delete(kept.report.id);
      return refuse('The gateway accepts no downlinks now: too many wait for the disk', 'holdfast status shows why.');
    }
    if (offered === undefined) return this.#end(kept, { as: 'shed', reason: 'overflow drop-newest' });
    return this.#observe(kept, offered, downlinks);
  }

  /** Waits for the end of the custody. @returns the number of the message */
  #observe(kept: Kept, { ended, row }: Entry, custodian: Custodian): number {
    if (ended !== undefined) return this.#end(kept, ended);
    kept.forget = custodian.watch(row.seq, (how) => this.#end(kept, how));
    return kept.report.id;
  }

  #keep(way: TestWay, subdevice: string, topic: string, payload: Uint8Array): Kept {
    this.#lastId += 1;
    const kept: Kept = {
      atMs: this.#options.clock.nowMs(),
      forget: () => undefined,
      report: {
        id: this.#lastId,
        way,
        subdevice,
        topic,
        bytes: payload.length,
        safeMs: null,
        isStored: null,
        endedMs: null,
        outcome: null,
        reason: null,
      },
    };
    this.#kept.set(this.#lastId, kept);
    for (const [id, oldest] of this.#kept) {
      if (this.#kept.size <= KEPT_MAX) break;
      oldest.forget();
      this.#kept.delete(id);
    }
    return kept;
  }

  #safe(kept: Kept): void {
    const safeMs = this.#options.clock.nowMs() - kept.atMs;
    kept.report = { ...kept.report, safeMs, isStored: kept.report.endedMs === null };
  }

  #end(kept: Kept, how: CustodyEnd): number {
    const endedMs = this.#options.clock.nowMs() - kept.atMs;
    const outcome = how.as === 'dead' ? 'dead letter' : how.as;
    kept.report = { ...kept.report, endedMs, outcome, reason: 'reason' in how ? how.reason : null };
    return kept.report.id;
  }

  #hasTurn(): boolean {
    const nowMs = this.#options.clock.nowMs();
    this.#sentAtMs = this.#sentAtMs.filter((atMs) => atMs > nowMs - MESSAGES_WITHIN_MS);
    if (this.#sentAtMs.length >= MESSAGES_MAX) return false;
    this.#sentAtMs.push(nowMs);
    return true;
  }
}

function refuse(what: string, hint: string): TestRefusal {
  return { what, hint };
}

function notOwn(id: string, topic: string): TestRefusal {
  return refuse(
    `${JSON.stringify(topic)} is no topic of ${id}`,
    'Write a topic without wildcards, in the names of the subdevice: the gateway adds its prefix at the hub.',
  );
}

function notSubscribed({ id }: Subdevice, topic: string, filters: readonly string[]): TestRefusal {
  const what = `${id} has not subscribed to ${topic}, so the hub would not send it`;
  const hint = filters.length === 0 ? `${id} has no subscription.` : `It has subscribed to ${filters.join(', ')}.`;
  return refuse(what, hint);
}

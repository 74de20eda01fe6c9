/** Commands of the administrative socket for messages in custody: hold, release, retry, drop, import. */

import { coversTopic, EVERY_SUBDEVICE, EVERY_TOPIC, HOLDS_MAX, type HoldScope } from '../custody/operator-hold.ts';
import type { DropStep } from '../flow/message-drops.ts';
import { type AdminCommands, refusal } from '../ops/api/administration.ts';
import { type HoldReport, holdReportOf, holdWords } from '../ops/queues/hold-report.ts';
import { MessageInspector } from '../ops/queues/message-inspector.ts';
import {
  directionOf,
  isEmptySelector,
  type MessageSelector,
  QUEUES,
  type QueueName,
  resolveSelector,
  selectorIn,
  selectorWords,
} from '../ops/queues/message-selector.ts';
import type { DropAnswer, HoldAnswer, RetryAnswer } from '../ops/queues/queue-answers.ts';
import type { SnapshotFile, SnapshotFolder } from '../ops/queues/snapshot-folder.ts';
import { releasePackets } from '../ops/reports/hub-packets-report.ts';
import { countOf, durationWords } from '../ops/words.ts';
import type { Gateway } from './gateway.ts';
import { runInMailbox } from './in-mailbox.ts';
import { topicsBySubdevice } from './plan.ts';
import { viewOf } from './view.ts';

type Body = Readonly<Record<string, unknown>>;

/** Messages of one page of a drop. */
const DROP_ROWS = 1000;
/** Time after which a request for a drop is answered, so that its progress can be shown, ms. */
const DROP_MS = 500;

export function custodyCommands(gateway: Gateway, snapshots: Pick<SnapshotFolder, 'create'>): AdminCommands {
  const drops = new DropRuns(gateway, snapshots);
  return Object.fromEntries(
    QUEUES.flatMap((queue) => [
      [`${queue}.hold`, (body: Body, by?: string) => hold({ gateway, by }, queue, selectorIn(body))],
      [`${queue}.release`, (body: Body, by?: string) => release({ gateway, by }, queue, selectorIn(body))],
      [`${queue}.retry`, (body: Body, by?: string) => retry({ gateway, by }, queue, selectorIn(body))],
      [`${queue}.drop`, (body: Body, by?: string) => drops.run(queue, body, by)],
      [`${queue}.drop-end`, () => drops.end(queue)],
    ]),
  );
}

/** Gateway, and the user who sent the command; `undefined`: unknown. */
interface Order {
  readonly gateway: Gateway;
  readonly by: string | undefined;
}

async function hold(order: Order, queue: QueueName, selector: MessageSelector): Promise<HoldAnswer> {
  const { gateway } = order;
  const scopes = scopesOf(gateway, queue, selector);
  const { operatorHolds } = gateway;
  if (operatorHolds.all.length + scopes.length > HOLDS_MAX)
    throw refusal(
      `There are ${operatorHolds.all.length} operator holds; at most ${HOLDS_MAX} are possible`,
      'Use wider topic filters, or release holds.',
    );
  const begun = await runInMailbox(gateway, () => operatorHolds.hold(scopes));
  const holds = begun.map((one) => reportOf(gateway, one));
  if (begun.length > 0) acted(order, `${queue} hold`, holdsWords(holds), '');
  return { holds, onHold: onHold(gateway, queue) };
}

async function release(order: Order, queue: QueueName, selector: MessageSelector): Promise<HoldAnswer> {
  const { gateway } = order;
  const { operatorHolds } = gateway;
  const own = operatorHolds.all.filter(({ direction }) => direction === directionOf(queue));
  const all = isEmptySelector(selector);
  const ended = await runInMailbox(gateway, () =>
    operatorHolds.release(all ? own : scopesOf(gateway, queue, selector)),
  );
  if (ended.length === 0) {
    const present = own.map((one) => holdWords(reportOf(gateway, one)));
    throw refusal(
      present.length === 0
        ? `Nothing is on hold in the ${queue}`
        : `There is no hold ${holdScopeWords(selector)} in the ${queue}`,
      present.length === 0
        ? `holdfast ${queue} shows the holds.`
        : `Holds: ${present.slice(0, 5).join('; ')}. Name one as it was given, or use --all.`,
    );
  }
  const holds = ended.map((one) => reportOf(gateway, one));
  acted(order, `${queue} release`, holdsWords(holds), '');
  return { holds, onHold: onHold(gateway, queue) };
}

/** Sends now what waits for a pause to end. */
function retry(order: Order, queue: QueueName, selector: MessageSelector): Promise<RetryAnswer> {
  if (selector.numbers !== undefined || selector.olderThanMs !== undefined || selector.newerThanMs !== undefined)
    throw refusal('A retry takes subdevices and topics only', 'Messages of a topic are sent in their order.');
  return runInMailbox(order.gateway, () =>
    queue === 'outbox' ? retryOutbox(order, selector) : retryInbox(order, selector),
  );
}

function retryOutbox(order: Order, selector: MessageSelector): RetryAnswer {
  const { gateway } = order;
  const view = viewOf(gateway);
  const { filters, subdevices } = resolveSelector(selector, [...view.registry.all()]).selected;
  const topicsOf = topicsBySubdevice(gateway.config);
  const owners = subdevices?.map((lane) => topicsOf(view.registry.byLane(lane)?.id ?? ''));
  const topics = view.outbox.poison
    .evidence()
    .flatMap(({ act }) => (act.kind === 'uplink' ? [act.name] : []))
    .filter((topic) => filters === undefined || coversTopic(filters, topic))
    .filter((topic) => owners === undefined || owners.some((map) => map.hasUplink(topic)));
  const released = [...new Set(topics)].flatMap((topic) => releasePackets(view, topic));
  gateway.hubSender.send();
  if (released.length === 0) throw refusal(`Nothing in the outbox waits for a retry`, whyNothing(gateway));
  acted(order, 'outbox retry', released.slice(0, 3).join(', '), '');
  return { retried: released.length, what: released };
}

function whyNothing(gateway: Gateway): string {
  const { outbox } = gateway.stations;
  if (!outbox.isConnected)
    return 'The hub is not connected: everything that waits is sent when it is. holdfast status shows the next attempt.';
  const waiting = gateway.stations.uplinks.pending - onHold(gateway, 'outbox');
  const held = onHold(gateway, 'outbox');
  if (held > 0 && waiting === 0) return `${countOf(held, 'message')} on hold: holdfast outbox release.`;
  return 'Messages that wait for a PUBACK are sent again by themselves. Abandoned messages: holdfast dead-letters retry.';
}

function retryInbox(order: Order, selector: MessageSelector): RetryAnswer {
  const { gateway } = order;
  const { registry, inbox } = gateway.stations;
  const { subdevices, filters } = resolveSelector(selector, [...registry.all()]).selected;
  if (filters !== undefined)
    throw refusal(
      'A retry of the inbox takes subdevices only',
      'The downlinks of a subdevice are delivered in their order.',
    );
  const retried = [...registry.all()].filter(
    ({ lane }) => (subdevices === undefined || subdevices.includes(lane)) && inbox.deliverNow(lane),
  );
  gateway.deliverAll();
  if (retried.length === 0)
    throw refusal(
      'No downlink waits for a pause between deliveries',
      'Downlinks of an absent subdevice are delivered when it connects, those of a sleeping one when it wakes, and those on hold after holdfast inbox release.',
    );
  const names = retried.map(({ id }) => id);
  acted(order, 'inbox retry', names.slice(0, 3).join(', '), '');
  return { retried: retried.length, what: names };
}

/** Drop that is running, request by request. */
interface DropRun {
  readonly queue: QueueName;
  /** User who began the drop; `undefined`: unknown. */
  readonly by: string | undefined;
  readonly words: string;
  readonly file: SnapshotFile;
  messages: number;
  isAnnounced: boolean;
}

class DropRuns {
  readonly #gateway: Gateway;
  readonly #snapshots: Pick<SnapshotFolder, 'create'>;
  readonly #inspector: MessageInspector;
  #run: DropRun | undefined;

  constructor(gateway: Gateway, snapshots: Pick<SnapshotFolder, 'create'>) {
    this.#gateway = gateway;
    this.#snapshots = snapshots;
    this.#inspector = new MessageInspector(viewOf(gateway));
  }

  /** Drops messages for up to `DROP_MS`. The client asks again until `next` is null. */
  async run(queue: QueueName, body: Body, by?: string): Promise<DropAnswer> {
    const { stations, messageDrops, parts } = this.#gateway;
    const selector = selectorIn(body);
    const { selected, fits: isOfAge } = resolveSelector(selector, [...stations.registry.all()]);
    const { after = 0, upTo } = body;
    if (!isSeq(after) || !isSeq(upTo))
      throw refusal(
        'Missing "after" or "upTo" in the request',
        'Write numbers of messages: {"after": 0, "upTo": 5000}.',
      );
    if (messageDrops.isBusy)
      throw refusal('Another drop is running', 'Wait until it has ended, or stop it with Ctrl-C.');
    if (after === 0) await this.#endRun();
    if (this.#run === undefined || this.#run.queue !== queue) {
      await this.#endRun();
      const file = await this.#snapshots.create(queue, this.#inspector.facts);
      this.#run = { queue, by, words: selectorWords(selector, durationWords), file, messages: 0, isAnnounced: false };
    }
    const run = this.#run;
    const fits = (stamp: Parameters<typeof stations.age>[0]): boolean => isOfAge(stations.age(stamp));
    const request = { ...selected, direction: directionOf(queue), upTo, limit: DROP_ROWS };
    const untilMs = parts.clock.nowMs() + DROP_MS;
    let sum = EMPTY_DROP;
    let next: number | null = after;
    while (next !== null && parts.clock.nowMs() <= untilMs) {
      const step: DropStep = await messageDrops.step({ ...request, after: next }, fits, run.file);
      run.messages += step.dropped;
      sum = addStep(sum, step);
      next = step.atEnd ? null : step.scannedTo;
    }
    if (next === null) await this.#endRun();
    else this.#announce(run);
    return { ...sum, next, snapshot: run.messages === 0 ? null : run.file.path };
  }

  /** Reports a drop that takes several requests when it begins: its client may vanish, and the end would be late. */
  #announce(run: DropRun): void {
    if (run.isAnnounced || run.messages === 0) return;
    run.isAnnounced = true;
    acted({ gateway: this.#gateway, by: run.by }, `${run.queue} drop`, run.words, `begins, copies in ${run.file.path}`);
  }

  /** Called when an operator has interrupted the drop. */
  async end(queue: QueueName): Promise<{ readonly ended: boolean }> {
    if (this.#run?.queue !== queue || this.#gateway.messageDrops.isBusy) return { ended: false };
    await this.#endRun();
    return { ended: true };
  }

  async #endRun(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    if (run === undefined) return;
    await run.file.close();
    if (run.messages > 0)
      acted(
        { gateway: this.#gateway, by: run.by },
        `${run.queue} drop`,
        run.words,
        `${countOf(run.messages, 'message')}, kept in ${run.file.path}`,
      );
  }
}

const EMPTY_DROP = { dropped: 0, bytes: 0, inFlight: 0, notCommitted: 0, damaged: 0 };

function addStep(sum: typeof EMPTY_DROP, { dropped, bytes, leftOut, damaged }: DropStep): typeof EMPTY_DROP {
  return {
    dropped: sum.dropped + dropped,
    bytes: sum.bytes + bytes,
    inFlight: sum.inFlight + leftOut['in flight'],
    notCommitted: sum.notCommitted + leftOut['not committed yet'],
    damaged: sum.damaged + damaged,
  };
}

function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Holds for each pair of a subdevice and a topic filter. */
function scopesOf({ stations }: Gateway, queue: QueueName, selector: MessageSelector): HoldScope[] {
  if (selector.numbers !== undefined || selector.olderThanMs !== undefined || selector.newerThanMs !== undefined)
    throw refusal('A hold takes subdevices and topics only', 'It applies to messages that come later too.');
  const { subdevices = [EVERY_SUBDEVICE], filters = [EVERY_TOPIC] } = resolveSelector(selector, [
    ...stations.registry.all(),
  ]).selected;
  const direction = directionOf(queue);
  return subdevices.flatMap((subdevice) => filters.map((filter) => ({ direction, subdevice, filter })));
}

function holdScopeWords({ subdevices, topics }: MessageSelector): string {
  return `on ${subdevices?.join(', ') ?? 'every subdevice'}${topics === undefined ? '' : ` for ${topics.join(', ')}`}`;
}

function reportOf({ stations }: Gateway, one: Parameters<typeof holdReportOf>[0]): HoldReport {
  return holdReportOf(one, {
    nameOf: (lane) => stations.registry.byLane(lane)?.id ?? '(no subdevice)',
    ageOf: (stamp) => stations.age(stamp),
  });
}

function holdsWords(holds: readonly HoldReport[]): string {
  const more = holds.length > 3 ? ` and ${holds.length - 3} more` : '';
  return `${holds.slice(0, 3).map(holdWords).join('; ')}${more}`;
}

function onHold({ stations }: Gateway, queue: QueueName): number {
  return [...stations.custodian(directionOf(queue)).lanes()].reduce((sum, lane) => sum + lane.onHold, 0);
}

function acted({ gateway, by }: Order, action: string, subject: string, detail: string): void {
  gateway.parts.facts.emit('operatorActed', { action, subject, detail, by });
}

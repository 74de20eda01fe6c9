/** Report of messages in custody: `GET /v1/messages`, and the same from the store of a gateway that does not run. */
import type { Age, Stamp } from '../../base/time.ts';
import { isAlarmLane } from '../../custody/lane-number.ts';
import { messageName } from '../../custody/message-name.ts';
import type { MessagePage } from '../../custody/message-page.ts';
import type { Row } from '../../custody/row.ts';
import type { QueueName, ResolvedSelector } from './message-selector.ts';

/**
 * `GET /v1/messages?queue=outbox&after=17&limit=50&show=list` with a selector. A page is limited in rows looked at: it may
 * be empty although `next` is a number.
 */
export interface MessagesReport {
  readonly queue: QueueName;
  readonly messages: readonly MessageReport[];
  /** Sum of the selected messages of the page; `null` unless `show=tally`. */
  readonly tally: MessageTally | null;
  /** Damaged rows among those looked at. They are counted as damaged when the gateway reads them. */
  readonly damaged: number;
  /** Messages looked at. */
  readonly scanned: number;
  /** Value of `after` for the next request; `null`: these are the last. */
  readonly next: number | null;
  /** Number of the newest message when the request was answered. */
  readonly newest: number;
  /** Reason why the selector is invalid; `null`: it is valid. */
  readonly rejected: { readonly message: string; readonly hint: string } | null;
}

/** Also a line of an export and of a snapshot. */
export interface MessageReport {
  readonly number: number;
  /** Name for `holdfast explain`, e.g. `u7-1234`. */
  readonly name: string;
  readonly subdevice: string;
  /** Topic at the hub. */
  readonly topic: string;
  readonly bytes: number;
  readonly qos: number;
  readonly retain: boolean;
  /** True if the topic is an alarm topic. */
  readonly alarm: boolean;
  /** Time since the acceptance. */
  readonly age: Age;
  /** Time of the acceptance, Unix ms; `null`: the clock was not known. */
  readonly acceptedMs: number | null;
  readonly state: MessageState;
  /** Sendings without an answer in time. */
  readonly attempts: number;
  /** `null` in a list. */
  readonly payload: { readonly base64: string; readonly text: string | null } | null;
}

/**
 * `not on disk`: waits in RAM for a short time, for an acknowledgement or a commit. `no PUBACK`: waits for an earlier
 * message of its topic, for which the PUBACK is missing. `not bound`: the hub does not accept its subdevice.
 */
export type MessageState = 'waiting' | 'in flight' | 'on hold' | 'not on disk' | 'no PUBACK' | 'not bound';

export interface MessageTally {
  readonly messages: number;
  readonly bytes: number;
  readonly oldest: Age | null;
  readonly newest: Age | null;
  readonly subdevices: readonly { readonly subdevice: string; readonly messages: number; readonly bytes: number }[];
}

export type MessageShow = 'list' | 'payload' | 'tally';

/** Facts about a message that the page does not contain. */
export interface MessageFacts {
  readonly nameOf: (lane: number) => string;
  readonly ageOf: (stamp: Stamp) => Age;
  readonly acceptedMsOf: (stamp: Stamp) => number | null;
  readonly stateOf: (row: Row) => { readonly state: MessageState; readonly attempts: number };
}

export interface PageReading {
  readonly queue: QueueName;
  readonly page: MessagePage;
  readonly selector: ResolvedSelector;
  readonly newest: number;
  readonly show: MessageShow;
}

export function messagesReportOf(
  { queue, page, selector, newest, show }: PageReading,
  facts: MessageFacts,
): MessagesReport {
  const rows = page.rows.filter(({ stamp }) => selector.fits(facts.ageOf(stamp)));
  return {
    queue,
    messages: show === 'tally' ? [] : rows.map((row) => messageReportOf(queue, row, facts, show === 'payload')),
    tally: show === 'tally' ? tallyOf(rows, facts) : null,
    damaged: page.damaged.length,
    scanned: page.scanned,
    next: page.atEnd ? null : page.scannedTo,
    newest,
    rejected: null,
  };
}

export function messageReportOf(queue: QueueName, row: Row, facts: MessageFacts, hasPayload: boolean): MessageReport {
  const { seq, lane, topic, payload, qos, retain = false, stamp } = row;
  return {
    number: seq,
    name: messageName(queue === 'outbox' ? 'uplink' : 'downlink', lane, seq),
    subdevice: facts.nameOf(lane),
    topic,
    bytes: payload.length,
    qos,
    retain,
    alarm: isAlarmLane(lane),
    age: facts.ageOf(stamp),
    acceptedMs: facts.acceptedMsOf(stamp),
    ...facts.stateOf(row),
    payload: hasPayload ? { base64: Buffer.from(payload).toString('base64'), text: textIn(payload) } : null,
  };
}

function tallyOf(rows: readonly Row[], { nameOf, ageOf }: MessageFacts): MessageTally {
  const subdevices = new Map<string, { subdevice: string; messages: number; bytes: number }>();
  for (const { lane, payload } of rows) {
    const subdevice = nameOf(lane);
    const sum = subdevices.get(subdevice) ?? { subdevice, messages: 0, bytes: 0 };
    sum.messages += 1;
    sum.bytes += payload.length;
    subdevices.set(subdevice, sum);
  }
  const ages = rows.map(({ stamp }) => ageOf(stamp));
  return addTallies(EMPTY_TALLY, {
    messages: rows.length,
    bytes: rows.reduce((sum, { payload }) => sum + payload.length, 0),
    oldest: ages.reduce<Age | null>(older, null),
    newest: ages.reduce<Age | null>(newer, null),
    subdevices: [...subdevices.values()],
  });
}

export const EMPTY_TALLY: MessageTally = { messages: 0, bytes: 0, oldest: null, newest: null, subdevices: [] };

export function addTallies(one: MessageTally, other: MessageTally): MessageTally {
  const subdevices = new Map(one.subdevices.map((sum) => [sum.subdevice, sum]));
  for (const { subdevice, messages, bytes } of other.subdevices) {
    const sum = subdevices.get(subdevice) ?? { messages: 0, bytes: 0 };
    subdevices.set(subdevice, { subdevice, messages: sum.messages + messages, bytes: sum.bytes + bytes });
  }
  return {
    messages: one.messages + other.messages,
    bytes: one.bytes + other.bytes,
    oldest: older(one.oldest, other.oldest),
    newest: newer(one.newest, other.newest),
    subdevices: [...subdevices.values()].toSorted((left, right) => right.messages - left.messages),
  };
}

function older(one: Age | null, other: Age | null): Age | null {
  return other === null || (one !== null && one.ms >= other.ms) ? one : other;
}

function newer(one: Age | null, other: Age | null): Age | null {
  return other === null || (one !== null && one.ms <= other.ms) ? one : other;
}

function textIn(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Explanation of one message: where it is, why it waits, what goes before it, and what would shed it. */
import { chargedBytes, type Direction } from '../../base/message.ts';
import type { Entry, Keeping } from '../../custody/entry.ts';
import type { Lane } from '../../custody/lane.ts';
import { alarmLaneOf, laneWords } from '../../custody/lane-number.ts';
import { messageName, type NamedMessage } from '../../custody/message-name.ts';
import type { Row } from '../../custody/row.ts';
import type { GatewayView } from '../gateway-view.ts';
import { ageWords, countOf } from '../words.ts';
import { downlinkEstimate, downlinkReasons } from './explain-downlink.ts';
import type { Estimate, ExplainedMessage, Explanation, Reason, ShedRule } from './explain-report.ts';
import { othersBefore, uplinkEstimate, uplinkReasons } from './explain-uplink.ts';
import { reasonOf } from './reason.ts';
import { downlinkShedRules, uplinkShedRules } from './shed-rules.ts';

const HOUR_MS = 3_600_000;

export interface MessageOptions {
  readonly gateway: GatewayView;
  /** Delivered uplinks of a lane per second. */
  readonly laneRatePerS: (lane: number) => number;
}

interface Found {
  readonly lane: number;
  readonly row: Row;
  readonly entry: Entry | undefined;
}

export async function explainMessage(options: MessageOptions, named: NamedMessage): Promise<Explanation> {
  const { gateway } = options;
  const { direction, seq } = named;
  const lanes = lanesOf(gateway, named);
  const found = inRam(gateway, direction, lanes, seq) ?? (await onDisk(gateway, direction, lanes, seq));
  if (found === undefined || found === 'damaged') return absent(gateway, named, found === 'damaged');
  const message = describe(options, direction, found);
  const { reasons } = message;
  const { report } = message;
  const words = direction === 'uplink' ? `Uplink of ${report.subdevice}` : `Downlink for ${report.subdevice}`;
  const isSent = reasons.some(({ code }) => code === 'puback-due' || code === 'acknowledgement-due');
  return {
    kind: 'message',
    name: messageName(direction, found.lane, seq),
    sentence: `${words}, age ${ageWords(report.age)}: ${isSent ? 'sent, not acknowledged yet' : 'not sent yet'}.`,
    reasons,
    facts: [],
    message: report,
  };
}

/** Lanes that may have the message. */
function lanesOf({ custodian }: GatewayView, { direction, subdevice }: NamedMessage): number[] {
  const known = [...custodian(direction).lanes()].map(({ lane }) => lane);
  if (subdevice === undefined) return known;
  return known.filter((lane) => lane === subdevice || lane === alarmLaneOf(subdevice));
}

function inRam(
  { custodian }: GatewayView,
  direction: Direction,
  lanes: readonly number[],
  seq: number,
): Found | undefined {
  for (const lane of lanes) {
    const entry = custodian(direction).lane(lane).entryOf(seq);
    if (entry !== undefined) return { lane, row: entry.row, entry };
  }
  return undefined;
}

/** Reads one row. The first row from `seq` on belongs to the message, or the message is not there. */
async function onDisk(
  { custodian, store }: GatewayView,
  direction: Direction,
  lanes: readonly number[],
  seq: number,
): Promise<Found | 'damaged' | undefined> {
  const wanted = lanes.filter((lane) => {
    const { rowsOnDisk, onHold } = custodian(direction).lane(lane);
    return rowsOnDisk + onHold > 0;
  });
  if (wanted.length === 0) return undefined;
  const want = { from: seq, rows: 1 };
  const { rows, damaged } = await store.page({
    direction,
    lanes: new Map(wanted.map((lane) => [lane, want])),
    limit: 1,
  });
  const row = rows.find((one) => one.seq === seq);
  if (row === undefined) return damaged.some((one) => one.seq === seq) ? 'damaged' : undefined;
  const lane = custodian(direction).lane(row.lane);
  // the row may have been loaded meanwhile, or its custody may have ended: the lazy delete of the row may still be due
  const entry = lane.entryOf(seq);
  const isParked = lane.onHold > 0 && lane.isCovered(row.topic);
  if (entry === undefined && !isParked && (lane.rowsOnDisk === 0 || seq < lane.readTo)) return undefined;
  return { lane: row.lane, row, entry };
}

const CUSTODY: Readonly<Record<Keeping, ExplainedMessage['custody']>> = {
  held: 'RAM',
  enqueued: 'being written',
  committing: 'being written',
  stored: 'disk',
};

const UNTIL_RELEASED: Estimate = { inMs: null, basis: 'Unknown: it waits until an operator releases it.' };

/** @returns `undefined` if no operator hold keeps the message, or if it was sent before the hold began */
export function holdReasons(
  lane: Pick<Lane, 'isCovered'>,
  topic: string,
  entry: Pick<Entry, 'inFlight'> | undefined,
): Reason[] | undefined {
  if (entry?.inFlight === true || !lane.isCovered(topic)) return undefined;
  return [reasonOf('on-hold', 'An operator keeps it on hold.')];
}

function describe(
  options: MessageOptions,
  direction: Direction,
  { lane, row, entry }: Found,
): { readonly report: ExplainedMessage; readonly reasons: readonly Reason[] } {
  const { gateway } = options;
  const queue = gateway.custodian(direction).lane(lane);
  const subdevice = gateway.registry.byLane(lane);
  const before = queue.before(row.seq);
  const age = gateway.age(row.stamp);
  const held = holdReasons(queue, row.topic, entry);
  const earlier = queue.window.filter((other) => other.row.seq < row.seq);
  const common = {
    direction,
    subdevice: laneWords(lane, subdevice?.id ?? '(no subdevice)'),
    topic: row.topic,
    bytes: chargedBytes(row),
    age,
    custody: entry === undefined ? 'disk' : CUSTODY[entry.keeping],
    before,
    laneMessages: queue.pending,
    bytesBefore: before.max === earlier.length ? earlier.reduce((sum, { bytes }) => sum + bytes, 0) : null,
  } as const;
  if (direction === 'uplink') {
    const others = othersBefore(gateway, lane, before.max);
    const waiting = { lane, entry, before, othersBefore: others };
    const reasons = held ?? uplinkReasons(gateway, waiting);
    const when =
      held === undefined ? uplinkEstimate(gateway, waiting, reasons, options.laneRatePerS(lane)) : UNTIL_RELEASED;
    const shedRules = uplinkRules(gateway, subdevice?.link, { age, before });
    return {
      reasons,
      report: { ...common, class: gateway.outbox.classOf(lane), othersBefore: others, when, shedRules },
    };
  }
  const waiting = { lane, seq: row.seq, entry, before, subdevice };
  const reasons = held ?? downlinkReasons(gateway, waiting);
  const { inbox } = gateway.config;
  const bounds = {
    overflow: inbox.overflow,
    messagesLeft: Math.max(0, inbox.messagesMax - queue.pending),
    ageMsMax: inbox.ageHoursMax * HOUR_MS,
    lasting: subdevice?.lasting ?? true,
  };
  const when = held === undefined ? downlinkEstimate(gateway, waiting, reasons) : UNTIL_RELEASED;
  const shedRules = downlinkShedRules(bounds, { age, before });
  return { reasons, report: { ...common, class: null, othersBefore: 0, when, shedRules } };
}

function uplinkRules(
  { config, uplinks }: GatewayView,
  link: string | undefined,
  waiting: Pick<ExplainedMessage, 'age' | 'before'>,
): ShedRule[] {
  const { messagesMax, bytesMax, ageHoursMax, overflow } = config.outbox;
  const bounds = {
    overflow: config.links.find(({ name }) => name === link)?.overflow ?? overflow,
    messagesLeft: Math.max(0, messagesMax - uplinks.pending),
    bytesLeft: Math.max(0, bytesMax - uplinks.pendingBytes),
    ageMsMax: ageHoursMax * HOUR_MS,
  };
  return uplinkShedRules(bounds, waiting);
}

/** Explanation of a message that does not wait, or whose row cannot be read. */
function absent({ custodian, registry }: GatewayView, named: NamedMessage, isDamaged: boolean): Explanation {
  const { direction, seq, subdevice } = named;
  const { lastSeq, pending } = custodian(direction);
  const owner = subdevice === undefined ? undefined : registry.byLane(subdevice)?.id;
  const ended = 'It was delivered, shed or dead-lettered, or it never existed.';
  const reason = isDamaged
    ? reasonOf('damaged-on-disk', 'Its row on disk is damaged.')
    : reasonOf('not-in-custody', seq > lastSeq ? `The newest ${direction} has the number ${lastSeq}.` : ended);
  return {
    kind: 'message',
    name: subdevice === undefined ? `${direction.charAt(0)}${seq}` : messageName(direction, subdevice, seq),
    sentence: `No ${direction} with this number waits${owner === undefined ? '' : ` for ${owner}`}.`,
    reasons: [reason],
    facts: [{ label: 'Waiting', text: countOf(pending, direction) }],
    message: null,
  };
}

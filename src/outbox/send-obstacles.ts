/**
 * Reasons why a waiting uplink cannot be sent now, for reports. The rules are those of the scheduler, read without an
 * effect; a test compares both.
 */
import type { Entry } from '../custody/entry.ts';
import { isAlarmLane } from '../custody/lane-number.ts';
import { uplinkAct } from './hub-packet.ts';
import type { InFlight } from './in-flight.ts';
import type { Pacer } from './pacer.ts';
import type { PoisonDetector } from './poison-detector.ts';
import type { Scheduler } from './scheduler.ts';
import type { TopicAckHealth } from './topic-ack-health.ts';

/** Times are monotonic ms. */
export type SendObstacle =
  /** The message was sent, and its PUBACK is due. */
  | { readonly kind: 'in flight'; readonly sentAtMs: number }
  /** The hub has unbound the subdevice. */
  | { readonly kind: 'halted' }
  /** The hub has not confirmed in this connection that the subdevice is online. */
  | { readonly kind: 'not announced' }
  /** The PUBACK of an earlier message of the topic is overdue. */
  | { readonly kind: 'topic suspect' }
  /** The topic has no PUBACKs, and its own slots are taken. */
  | { readonly kind: 'topic refused' }
  /** The hub closes the connection on the topic. */
  | { readonly kind: 'topic set aside'; readonly untilMs: number | undefined }
  /** The hub closed the connection on this message. */
  | { readonly kind: 'suspect'; readonly closes: number }
  /** The hub closed the connection on another message of the topic. */
  | { readonly kind: 'behind suspect' }
  /** A packet is sent alone, because the hub closed a connection in which it was unanswered. */
  | { readonly kind: 'sent alone' }
  | { readonly kind: 'window full'; readonly inFlight: number }
  | { readonly kind: 'packet identifier in use' }
  /** An operator has paused or slowed the backlog. `untilMs`: next turn; `undefined`: paused. */
  | { readonly kind: 'backlog limited'; readonly untilMs: number | undefined }
  | { readonly kind: 'paced'; readonly untilMs: number };

export interface SendingState {
  readonly unacknowledged: InFlight;
  readonly ackHealth: TopicAckHealth;
  readonly poison: PoisonDetector;
  readonly pacer: Pacer;
  readonly scheduler: Pick<Scheduler, 'backlogGate' | 'isHalted' | 'isReady' | 'classOf'>;
  readonly inFlightMax: number;
  /** Slots of alarms in addition to `inFlightMax`. */
  readonly alarmSlots: number;
}

/** @returns the obstacles of a message in the window of its lane; messages that go before it are no obstacle */
export function sendObstacles(entry: Entry, state: SendingState, nowMs: number): SendObstacle[] {
  const { unacknowledged, ackHealth, scheduler, inFlightMax, alarmSlots, pacer } = state;
  const isAgain = unacknowledged.again.includes(entry);
  if (entry.inFlight && !isAgain) return [{ kind: 'in flight', sentAtMs: entry.sentAtMs }];
  const obstacles: SendObstacle[] = [];
  if (scheduler.isHalted(entry.row.lane)) obstacles.push({ kind: 'halted' });
  else if (!scheduler.isReady(entry.row.lane)) obstacles.push({ kind: 'not announced' });
  const topicState = ackHealth.stateOf(entry.row);
  if (topicState === 'suspect' && !isAgain) obstacles.push({ kind: 'topic suspect' });
  obstacles.push(...poisonObstacles(entry, state.poison, nowMs));
  if (topicState === 'refused' && unacknowledged.doubtful >= inFlightMax) obstacles.push({ kind: 'topic refused' });
  if (!unacknowledged.isFree(entry)) obstacles.push({ kind: 'packet identifier in use' });
  const slots = inFlightMax + (isAlarmLane(entry.row.lane) ? alarmSlots : 0);
  const needsSlot = !isAgain || entry.attempts === 0;
  if (needsSlot && unacknowledged.fresh >= slots)
    obstacles.push({ kind: 'window full', inFlight: unacknowledged.fresh });
  const { backlogGate } = scheduler;
  if (!isAgain && scheduler.classOf(entry.row.lane) === 'backlog' && !backlogGate.isOpen(nowMs))
    obstacles.push({ kind: 'backlog limited', untilMs: backlogGate.opensAtMs });
  if (!pacer.isOpen(nowMs)) obstacles.push({ kind: 'paced', untilMs: pacer.nextAtMs });
  return obstacles;
}

function poisonObstacles(entry: Entry, poison: PoisonDetector, nowMs: number): SendObstacle[] {
  const act = uplinkAct(entry);
  const against = poison.evidence().find((one) => one.act.key === act.key);
  if (against?.state === 'set aside' && nowMs < (against.trialAtMs ?? Number.POSITIVE_INFINITY))
    return [{ kind: 'topic set aside', untilMs: against.trialAtMs }];
  if (against?.state === 'suspect')
    return [against.act.id === act.id ? { kind: 'suspect', closes: against.closesAlone } : { kind: 'behind suspect' }];
  return poison.isWatched(act) || poison.mustWait(nowMs) ? [{ kind: 'sent alone' }] : [];
}

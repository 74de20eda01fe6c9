/** Reasons why an uplink waits, and the estimate of when it goes. */
import type { Entry } from '../../custody/entry.ts';
import { ownerOf } from '../../custody/lane-number.ts';
import type { SendObstacle } from '../../outbox/send-obstacles.ts';
import type { GatewayView } from '../gateway-view.ts';
import { ageWords, countOf, durationWords, etaWords, rateWords, untilWords } from '../words.ts';
import type { CountRange, Estimate, Reason } from './explain-report.ts';
import { reasonOf } from './reason.ts';
import { beforeWords } from './shed-rules.ts';

export interface WaitingUplink {
  readonly lane: number;
  /** `undefined`: on disk only. */
  readonly entry: Entry | undefined;
  readonly before: CountRange;
  readonly othersBefore: number;
}

/** Reasons, the most important one first. */
export function uplinkReasons(gateway: GatewayView, { entry, before }: WaitingUplink): Reason[] {
  const { outbox, watch, hub, clock } = gateway;
  const behind =
    before.max === 0 ? [] : [reasonOf('behind-others', `Before it: ${beforeWords(before)} of the same subdevice.`)];
  if (!outbox.isConnected) {
    const { away } = watch;
    const since = away === undefined ? 'has not been reached yet' : `has been away for ${ageWords(away)}`;
    const { nextAttemptAtMs } = hub.client;
    const next = nextAttemptAtMs === undefined ? '' : `; next attempt ${untilWords(nextAttemptAtMs - clock.nowMs())}`;
    return [reasonOf('hub-away', `The hub ${since}${next}.`), ...operatorReasons(gateway), ...behind];
  }
  const nowMs = clock.nowMs();
  const obstacles = entry === undefined ? [] : outbox.obstaclesOf(entry, nowMs);
  const found = obstacles.map((obstacle) => obstacleReason(gateway, obstacle, nowMs));
  if (obstacles.some(({ kind }) => kind === 'in flight')) return found;
  // the pace and the window are reasons of the first messages only: the others wait for those
  const own = found.filter(({ code }) => before.max === 0 || (code !== 'paced' && code !== 'window-full'));
  const reasons = [...own, ...behind];
  return reasons.length > 0 ? reasons : [reasonOf('goes-next', 'Nothing is in the way: it goes at the next turn.', 0)];
}

/** Limits of the backlog, which a message meets once the hub is back: it is older than that connection. */
function operatorReasons({ backlog }: GatewayView): Reason[] {
  const { pause, rate } = backlog.state;
  return [
    ...(pause === null ? [] : [pausedReason(pause.leftMs)]),
    ...(rate === null ? [] : [limitedReason(rate.perS, null)]),
  ];
}

function pausedReason(leftMs: number | null): Reason {
  const left = leftMs === null ? '' : ` for ${durationWords(leftMs)} more`;
  return reasonOf('backlog-paused', `An operator has paused the backlog${left}.`, leftMs);
}

function limitedReason(perS: number | undefined, endsInMs: number | null): Reason {
  const rate = perS === undefined ? '' : ` to ${rateWords(perS)}`;
  return reasonOf('backlog-limited', `An operator has limited the backlog${rate}.`, endsInMs);
}

function obstacleReason({ backlog }: GatewayView, obstacle: SendObstacle, nowMs: number): Reason {
  switch (obstacle.kind) {
    case 'in flight':
      return reasonOf('puback-due', `Sent ${durationWords(nowMs - obstacle.sentAtMs)} ago; its PUBACK is due.`);
    case 'halted':
      return reasonOf('subdevice-unbound', 'The hub has unbound the subdevice, and would drop its messages.');
    case 'not announced':
      return reasonOf('subdevice-unconfirmed', 'The hub has not confirmed yet that the subdevice is online.');
    case 'topic suspect':
      return reasonOf('topic-without-puback', 'The PUBACK of an earlier message on its topic is overdue.');
    case 'topic refused':
      return reasonOf(
        'topic-slots-taken',
        'The hub acknowledges nothing on its topic, and the slots for it are taken.',
      );
    case 'topic set aside': {
      const endsInMs = obstacle.untilMs === undefined ? null : obstacle.untilMs - nowMs;
      const until = endsInMs === null ? '' : `; tried again in ${durationWords(endsInMs)}`;
      return reasonOf('topic-set-aside', `The hub closes the connection on its topic${until}.`, endsInMs);
    }
    case 'suspect':
      return reasonOf('suspect', `The hub closed the connection on it ${countOf(obstacle.closes, 'time')}.`);
    case 'behind suspect':
      return reasonOf('behind-suspect', 'The hub closed the connection on an earlier message of its topic.');
    case 'sent alone':
      return reasonOf('sent-alone', 'Packets are sent one at a time since the hub closed the connection.');
    case 'window full':
      return reasonOf('window-full', `In flight: ${countOf(obstacle.inFlight, 'message')}, as many as allowed.`);
    case 'packet identifier in use':
      return reasonOf('packet-identifier-in-use', 'Another message in flight has its packet identifier.');
    case 'backlog limited': {
      const { pause, rate } = backlog.state;
      if (obstacle.untilMs === undefined) return pausedReason(pause?.leftMs ?? null);
      return limitedReason(rate?.perS, obstacle.untilMs - nowMs);
    }
    case 'paced':
      return reasonOf('paced', 'The rate limit of the hub is used up for the moment.', obstacle.untilMs - nowMs);
  }
}

/** Reasons for which no time can be given: they end by an event and not by time. */
const UNTIMED = {
  'subdevice-unbound': 'the hub has unbound the subdevice',
  'subdevice-unconfirmed': 'the hub has not confirmed that the subdevice is online',
  'topic-without-puback': 'its topic waits for a PUBACK',
  'topic-slots-taken': 'the hub acknowledges nothing on its topic',
  'topic-set-aside': 'its topic is set aside',
  suspect: 'the hub closes the connection on it',
  'behind-suspect': 'a message before it is suspected',
} as const;

/** @param ratePerS uplinks of its lane that were delivered per second lately */
export function uplinkEstimate(
  { outbox, backlog }: GatewayView,
  { before, othersBefore }: WaitingUplink,
  reasons: readonly Reason[],
  ratePerS: number,
): Estimate {
  const [first] = reasons;
  if (first?.code === 'puback-due') return { inMs: 0, basis: 'It was sent; only its PUBACK is due.' };
  const { pause, rate } = backlog.state;
  const limits = [
    { perS: outbox.pacer.perS, whose: 'the limit of the hub' },
    ...(rate === null || !reasons.some(({ code }) => code === 'backlog-limited')
      ? []
      : [{ perS: rate.perS, whose: 'the limit of the operator' }]),
  ];
  const { perS, whose } = limits.reduce((lowest, limit) => (limit.perS < lowest.perS ? limit : lowest));
  const ahead = before.max + othersBefore;
  const atLimit = Number.isFinite(perS) ? ((ahead + 1) / perS) * 1000 : undefined;
  if (first?.code === 'hub-away') {
    const after =
      atLimit === undefined || pause !== null
        ? ''
        : ` Once it is back: ${etaWords(atLimit)} if all go at ${rateWords(perS)}, ${whose}.`;
    return { inMs: null, basis: `Unknown, because the hub is away.${after}` };
  }
  for (const { code } of reasons)
    if (code in UNTIMED) return { inMs: null, basis: `Unknown, because ${UNTIMED[code as keyof typeof UNTIMED]}.` };
  const paused = reasons.find(({ code }) => code === 'backlog-paused');
  if (paused !== undefined)
    return { inMs: paused.endsInMs, basis: 'The pause of the backlog ends by itself; later if more waits before it.' };
  const next = reasons.find(({ code }) => code === 'backlog-limited')?.endsInMs ?? 0;
  if (ahead === 0) return { inMs: next, basis: 'Nothing goes before it.' };
  if (ratePerS > 0)
    return {
      inMs: ((before.max + 1) / ratePerS) * 1000,
      basis: `Its subdevice delivers ${rateWords(ratePerS)} now (mean of 10 s).`,
    };
  if (atLimit !== undefined) return { inMs: atLimit, basis: `If all go at ${rateWords(perS)}, ${whose}.` };
  return { inMs: null, basis: 'Unknown, because nothing of its subdevice was delivered in the last 10 s.' };
}

/**
 * Largest number of messages of other subdevices that go before a message: all alarms, and as many of each lane of the
 * same class as the message has before it, since the lanes take turns.
 */
export function othersBefore({ uplinks, outbox }: GatewayView, lane: number, before: number): number {
  const own = outbox.classOf(lane);
  let others = 0;
  for (const other of uplinks.lanes()) {
    if (other.lane === lane || other.pending === 0) continue;
    const laneClass = outbox.classOf(other.lane);
    if (laneClass === 'alarm' && own !== 'alarm') others += other.pending;
    else if (laneClass === own) others += Math.min(other.pending, before + 1);
    else if (own === 'backlog' && ownerOf(other.lane) !== ownerOf(lane)) others += Math.min(other.pending, before + 1);
  }
  return others;
}

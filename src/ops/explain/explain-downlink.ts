/** Reasons why a downlink waits, and the estimate of when it goes. */
import type { Entry } from '../../custody/entry.ts';
import type { Subdevice } from '../../subdevices/registry.ts';
import type { GatewayView } from '../gateway-view.ts';
import { countWords, durationWords, sleepWords } from '../words.ts';
import type { CountRange, Estimate, Reason } from './explain-report.ts';
import { reasonOf } from './reason.ts';
import { beforeWords } from './shed-rules.ts';

export interface WaitingDownlink {
  readonly lane: number;
  readonly seq: number;
  /** `undefined`: on disk only. */
  readonly entry: Entry | undefined;
  readonly before: CountRange;
  /** `undefined`: the subdevice is not known. */
  readonly subdevice: Subdevice | undefined;
}

/** Reasons, the most important one first. */
export function downlinkReasons(gateway: GatewayView, waiting: WaitingDownlink): Reason[] {
  const { inbox, clock, links, owner } = gateway;
  const { lane, seq, entry, before, subdevice } = waiting;
  const delivery = inbox.deliveryOf(lane);
  const nowMs = clock.nowMs();
  const behind =
    before.max === 0 ? [] : [reasonOf('behind-others', `Before it: ${beforeWords(before)} of the same subdevice.`)];
  const name = subdevice === undefined ? 'The subdevice' : `Subdevice ${subdevice.id}`;
  if (delivery !== undefined && seq <= delivery.discardTo)
    return [reasonOf('session-ended', `${name} has no session any more: ${delivery.discardAs}.`)];
  if (owner.isHeld)
    return [reasonOf('copy-not-adopted', 'The store may be a copy: no downlink is delivered before holdfast adopt.')];
  if (delivery === undefined || delivery.state === 'away') {
    const link = links.states().find(({ plan }) => plan.name === subdevice?.link);
    const where =
      link === undefined || link.plan.machine.state === 'open' ? '' : ` Link ${link.plan.name} is not open.`;
    return [reasonOf('subdevice-away', `${name} is not connected.${where}`), ...behind];
  }
  if (entry !== undefined && delivery.delivering?.entry === entry)
    return [reasonOf('acknowledgement-due', `It was sent; the acknowledgement of the subdevice is due.`)];
  if (delivery.state === 'asleep') {
    const machine = links.states().find(({ plan }) => plan.name === subdevice?.link)?.plan.machine;
    const lostAtMs = machine?.sleepers().get(subdevice?.id ?? '');
    const until = lostAtMs === undefined ? '' : ` It is ${sleepWords(lostAtMs - nowMs)}.`;
    return [reasonOf('subdevice-asleep', `${name} sleeps, and gets its messages when it wakes.${until}`), ...behind];
  }
  if (delivery.state === 'awake' && seq > delivery.wakeTo)
    return [reasonOf('next-waking', `${name} is awake only for the messages that waited when it woke.`), ...behind];
  const pauseMs = delivery.replayAtMs - nowMs;
  if (before.max === 0 && delivery.state === 'active' && seq <= delivery.replayTo && pauseMs > 0)
    return [reasonOf('delivery-pause', `The next stored message goes in ${countWords(pauseMs)} ms.`, pauseMs)];
  if (behind.length > 0) return behind;
  return [reasonOf('goes-next', 'Nothing is in the way: it goes at the next turn.', 0)];
}

/** Reasons for which no time can be given. */
const UNTIMED = {
  'subdevice-away': 'the subdevice is away',
  'subdevice-asleep': 'only the subdevice knows when it wakes',
  'next-waking': 'only the subdevice knows when it wakes again',
  'copy-not-adopted': 'an operator must decide',
  'session-ended': 'it will not be delivered',
} as const;

export function downlinkEstimate(
  { config, inbox }: GatewayView,
  { lane, seq, before }: WaitingDownlink,
  reasons: readonly Reason[],
): Estimate {
  const [first] = reasons;
  if (first?.code === 'acknowledgement-due') return { inMs: 0, basis: 'It was sent; only its acknowledgement is due.' };
  for (const { code } of reasons)
    if (code in UNTIMED) return { inMs: null, basis: `Unknown, because ${UNTIMED[code as keyof typeof UNTIMED]}.` };
  const { replayIntervalMs } = config.inbox;
  if (seq <= (inbox.deliveryOf(lane)?.replayTo ?? 0) && replayIntervalMs > 0)
    return {
      inMs: before.max * replayIntervalMs + (first?.endsInMs ?? 0),
      basis: `One stored message every ${durationWords(replayIntervalMs) === '0 s' ? `${replayIntervalMs} ms` : durationWords(replayIntervalMs)} (replay_interval_ms).`,
    };
  if (before.max === 0) return { inMs: 0, basis: 'Nothing goes before it.' };
  return { inMs: null, basis: 'Unknown: each message goes after the acknowledgement of the one before it.' };
}

/** Explanation of a subdevice: its state, why it is silent, and what waits for it. Pure. */
import { parseMessageName } from '../../custody/message-name.ts';
import { failedRequests, isFailedReadout } from '../conditions/failed-requests.ts';
import { isUnread } from '../conditions/misplaced.ts';
import { isOnNetwork } from '../conditions/way-words.ts';
import type { SubdeviceFirmwareReport } from '../reports/firmware-updates-report.ts';
import { firmwareWords } from '../reports/firmware-words.ts';
import type { LinkReport } from '../reports/link-report.ts';
import type { SubdeviceReport } from '../reports/report.ts';
import { lastSeenWords, STATE_WORDS, subdeviceState } from '../reports/subdevice-state.ts';
import { countOf, countWords, durationWords, sleepWords } from '../words.ts';
import { listWords } from './explain-hub.ts';
import { linkReasons } from './explain-link.ts';
import type { ExplainedFact, Explanation, Reason } from './explain-report.ts';
import { reasonOf } from './reason.ts';

export interface SubdeviceSituation {
  readonly subdevice: SubdeviceReport;
  /** Links that may serve the subdevice. */
  readonly homes: readonly LinkReport[];
  /** Link on which the subdevice connected lately although it is not configured there. */
  readonly seenOn: string | undefined;
  /** The subdevice sent a DISCONNECT. */
  readonly hasDisconnected: boolean;
  /** Time since the first unanswered request, ms; `undefined`: it answers, or sends on its own. */
  readonly unansweredMs: number | undefined;
  /** Reason for which the hub has unbound it, without a full stop. */
  readonly unbound: string | undefined;
  /** Names of the oldest messages that wait for the hub and for the subdevice. */
  readonly oldest: readonly string[];
  /** Sentence of the worst condition if the gateway is losing data now. */
  readonly loss: string | undefined;
  /** Filters that the hub does not serve, with the reason. */
  readonly rejectedFilters: readonly { readonly filter: string; readonly reason: string }[];
  /** `undefined`: the gateway does not update its firmware. */
  readonly firmware: SubdeviceFirmwareReport | undefined;
}

export function explainSubdevice(situation: SubdeviceSituation): Explanation {
  const { subdevice } = situation;
  const state = subdeviceState(subdevice);
  const reasons = subdeviceReasons(situation);
  const last = state === 'neverSeen' && subdevice.silentMs === null ? '' : `, last seen ${lastSeenWords(subdevice)}`;
  return {
    kind: 'subdevice',
    name: subdevice.id,
    sentence: `Subdevice ${subdevice.id}: ${STATE_WORDS[state]}${last}.`,
    reasons,
    facts: factsOf(situation),
    message: null,
  };
}

/** Reasons why the subdevice is silent or its messages wait; otherwise that it is connected. */
export function subdeviceReasons(situation: SubdeviceSituation): Reason[] {
  const { subdevice, homes, unbound, rejectedFilters, unansweredMs, loss } = situation;
  const failed = homes.flatMap((home) => failedRequests(home).get(subdevice.id) ?? []).at(0);
  const reasons: Reason[] = [];
  if (loss !== undefined) reasons.push(reasonOf('data-is-lost', loss));
  if (unbound !== undefined) reasons.push(reasonOf('not-bound', `The hub has unbound it: ${unbound}.`));
  if (unansweredMs !== undefined)
    reasons.push(
      reasonOf(
        isFailedReadout(failed)
          ? 'readout-fails'
          : homes.some(isOnNetwork)
            ? 'unit-does-not-answer'
            : 'does-not-answer',
        `No ${isFailedReadout(failed) ? 'read-out' : 'answer'} for ${durationWords(unansweredMs)}.${failed === undefined ? '' : ` Last request: ${failed}.`}`,
      ),
    );
  if (!subdevice.configured)
    reasons.push(reasonOf('not-configured', `Subdevice ${subdevice.id} is not in the configuration.`));
  if (!subdevice.attached && unansweredMs === undefined) reasons.push(...silenceReasons(situation));
  for (const { filter, reason } of rejectedFilters)
    reasons.push(reasonOf('filter-rejected', `The hub does not serve ${filter}: ${reason}.`));
  if (subdevice.uplinksPending > 0) reasons.push(reasonOf('uplinks-wait', waitingWords(situation)));
  if (subdevice.lostInMs !== null)
    return [reasonOf('is-asleep', `It sleeps: ${sleepWords(subdevice.lostInMs)}.`), ...reasons];
  return reasons.length > 0 ? reasons : [reasonOf('is-connected', 'It is connected, and no uplink of it waits.')];
}

function waitingWords({ subdevice, oldest }: SubdeviceSituation): string {
  const first = oldest.find((name) => parseMessageName(name)?.direction === 'uplink');
  const why = first === undefined ? '' : `; holdfast explain ${first} says why`;
  return `${countOf(subdevice.uplinksPending, 'uplink')} in custody for the hub${why}.`;
}

function silenceReasons({ subdevice, homes, seenOn, hasDisconnected }: SubdeviceSituation): Reason[] {
  if (seenOn !== undefined)
    return [reasonOf('on-other-link', `It connects on link ${seenOn}, which is not configured for it.`)];
  if (hasDisconnected) return [reasonOf('sent-disconnect', 'It sent a DISCONNECT.')];
  const closed = homes.filter(({ state }) => state !== 'open');
  if (homes.length > 0 && closed.length === homes.length) {
    const [first] = closed;
    const why = first === undefined ? '' : ` ${linkReasons(first)[0]?.sentence ?? ''}`;
    return [reasonOf('link-not-open', `Link ${listWords(closed.map(({ name }) => name))} is not open.${why}`)];
  }
  const foreign = homes.find(isUnread);
  if (foreign !== undefined)
    return [
      reasonOf(
        'wrong-protocol',
        `The bytes on link ${foreign.name} look like ${foreign.looksLike ?? 'another protocol'}.`,
      ),
    ];
  if (subdevice.link === null)
    return [
      reasonOf('never-seen', 'It was never seen: it has not connected to this gateway since the store was created.'),
    ];
  const since = subdevice.silentMs === null ? 'since the start' : `for ${durationWords(subdevice.silentMs)}`;
  return [reasonOf('went-silent', `No frame of it has arrived ${since}.`)];
}

function factsOf({ subdevice, homes, oldest, firmware }: SubdeviceSituation): ExplainedFact[] {
  const { uplinksPending, downlinksPending, uplinksAccepted, downlinksDelivered, subscriptions } = subdevice;
  const links = homes.map(({ name, state }) => `${name} (${state})`);
  return [
    {
      label: 'Link',
      text:
        subdevice.link ?? (links.length === 0 ? 'none' : `${STATE_WORDS.neverSeen}; configured on ${listWords(links)}`),
    },
    {
      label: 'Session',
      text: subdevice.lasting ? 'lasting: downlinks wait for it while it is away' : 'ends with its connection',
    },
    {
      label: 'Uplinks',
      text: `${countWords(uplinksAccepted)} accepted, ${countOf(uplinksPending, 'message')} waiting`,
    },
    {
      label: 'Downlinks',
      text: `${countWords(downlinksDelivered)} delivered, ${countOf(downlinksPending, 'message')} waiting`,
    },
    ...(oldest.length === 0 ? [] : [{ label: 'Oldest', text: `${oldest.join(', ')}: holdfast explain ${oldest[0]}` }]),
    { label: 'Filters', text: subscriptions.length === 0 ? 'none' : listWords(subscriptions, 5) },
    ...(firmware === undefined ? [] : [{ label: 'Firmware', text: firmwareWords(firmware) }]),
  ];
}

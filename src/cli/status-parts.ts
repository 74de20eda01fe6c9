/** Lines of `holdfast status` about each part of the gateway: in full, and shortened for a screen with many conditions. */

import { hostAndPort } from '../base/host-and-port.ts';
import { firmwareLine } from '../ops/reports/firmware-words.ts';
import type { HubReport, SessionReport } from '../ops/reports/hub-report.ts';
import { type DiscardReport, discardedMessages } from '../ops/reports/intake-report.ts';
import { ASSUMED_FULL_WRITES, type MediumReport } from '../ops/reports/medium-report.ts';
import type { FullReport, OutlookReport } from '../ops/reports/outlook.ts';
import type { QueueReport, StatusReport, StoreReport, SubdeviceCounts } from '../ops/reports/report.ts';
import { STATE_WORDS } from '../ops/reports/subdevice-state.ts';
import {
  ageWords,
  bytesWords,
  countOf,
  countWords,
  durationWords,
  etaWords,
  rateWords,
  untilWords,
} from '../ops/words.ts';
import { linkLine, shortLinkLines } from './link-lines.ts';

export interface StatusPart {
  readonly label: string;
  readonly lines: readonly string[];
  /** Lines for a screen without room. */
  readonly short: readonly string[];
}

/** Text for the queues of a store that does not open. */
const NOT_KNOWN = 'not known until the store opens';

/**
 * Parts in the order of the screen.
 * @param width columns for a short line
 */
export function partsOf(report: StatusReport, width: number): StatusPart[] {
  const isKnown = report.ledger !== null;
  const part = (label: string, lines: readonly string[], short: readonly string[] = lines): StatusPart => ({
    label,
    lines,
    short,
  });
  const hub = hubLines(report.hub);
  const store = storeLines(report.store);
  const flash = flashLines(report.medium);
  return [
    part('Hub', hub, hub.slice(0, 1)),
    part('Links', report.links.map(linkLine), shortLinkLines(report.links, width)),
    part('Subdevices', [subdevicesLine(report.subdevices)]),
    part('Outbox', isKnown ? outboxLines(report) : [NOT_KNOWN]),
    part(
      'Inbox',
      [isKnown ? inboxLine(report.inbox) : NOT_KNOWN],
      [isKnown ? shortInboxLine(report.inbox) : NOT_KNOWN],
    ),
    part('Firmware', firmwareLines(report)),
    part('Earlier', earlierLines(report.discarded)),
    part('Store', store, store.slice(0, 1)),
    part('Flash', flash, flash.slice(-1)),
    part('Gateway', [processLine(report)], [shortProcessLine(report)]),
  ];
}

function hubLines(hub: HubReport): string[] {
  const { subscriptions, subscriptionsMax } = hub;
  const filters =
    subscriptionsMax === 0
      ? countOf(subscriptions, 'subscription')
      : `${countWords(subscriptions)} of ${countOf(subscriptionsMax, 'subscription')}`;
  const lines = [`${hubState(hub)} · ${hostAndPort(hub)} (${hub.profile}) as ${hub.clientId}`];
  if (hub.state === 'connected') lines.push(`${sessionWords(hub)}; ${filters}`);
  else lines.push(...waitingSession(hub.session));
  if (hub.replay !== null) {
    const { received, expectedMax, etaMs } = hub.replay;
    lines.push(
      `sends stored messages: ${countWords(received)} of at most ${countWords(expectedMax)}, done in at most ${durationWords(etaMs)}`,
    );
  }
  if (hub.state !== 'connected' && hub.lastProblem !== null) {
    const next = hub.nextAttemptInMs === null ? '' : `; next attempt ${untilWords(hub.nextAttemptInMs)}`;
    lines.push(`${hub.lastProblem}${next}`);
  }
  return lines;
}

function hubState(hub: HubReport): string {
  if (hub.state === 'stopped') return 'stopped';
  if (hub.since === null) return 'never reached';
  return `${hub.state === 'connected' ? 'connected' : 'away'} ${ageWords(hub.since)}`;
}

const FINDINGS = {
  new: 'new session',
  resumed: 'session resumed',
  lost: 'session lost at the hub; new session',
  unexpected: 'unexpected session found at the hub',
} as const;

function sessionWords({ session, sessionsLost }: HubReport): string {
  const lost = sessionsLost === 0 ? '' : ` (lost ${countOf(sessionsLost, 'time')} so far)`;
  return `${FINDINGS[session.finding ?? 'new']}${lost}`;
}

/** Line about the time for which the hub still keeps the session while the gateway is not connected. */
function waitingSession({ away, keptMs, isOver }: SessionReport): string[] {
  if (away === null || keptMs === null) return [];
  const kept = durationWords(keptMs);
  if (isOver) return [`the hub kept the session for ${kept}; the session has expired`];
  const left = keptMs - away.ms;
  return [
    `the hub keeps the session for ${kept}: ${away.quality === 'exact' ? '' : 'at most '}${durationWords(left)} left`,
  ];
}

/** Counts by state, without the states that no subdevice has. */
function subdevicesLine({ connected, asleep, away, neverSeen }: SubdeviceCounts): string {
  const counts = [
    [connected, STATE_WORDS.connected],
    [asleep, STATE_WORDS.asleep],
    [away, STATE_WORDS.away],
    [neverSeen, STATE_WORDS.neverSeen],
  ] as const;
  const words = counts.flatMap(([count, state]) => (count === 0 ? [] : `${countWords(count)} ${state}`));
  return words.length === 0 ? 'none known' : words.join(', ');
}

/** Backlog in the first line; the time to drain and the time until a bound is reached in the second. */
function outboxLines({ outbox, outlook, hub }: StatusReport): string[] {
  const oldest = outbox.oldest === null ? '' : ` · oldest ${ageWords(outbox.oldest)}`;
  const backlog = `${countOf(outbox.messages, 'message')}, ${bytesWords(outbox.bytes)} (${fullness(outbox)} full)${oldest}`;
  const parts = [
    ...(outlook.full === null ? [] : [fullWords(outlook.full)]),
    ...(outbox.messages === 0 ? [] : [drainWords(outlook, outbox.ratePerS, hub.state === 'connected')]),
    ...(outlook.full === null && outbox.messages === 0 ? [] : [`when full: ${outbox.overflow}`]),
  ];
  return parts.length === 0 ? [backlog] : [backlog, parts.join(' · ')];
}

function fullWords({ bound, inMs }: FullReport): string {
  return `full in ${etaWords(inMs)} (bound: ${bound})`;
}

function drainWords({ drain }: OutlookReport, ratePerS: number, isConnected: boolean): string {
  if (drain === null) return isConnected ? 'time to drain unknown' : 'time to drain unknown: hub away';
  const words = `drains in ${etaWords(drain.ms)}`;
  if (!isConnected) return `${words} once the hub is back`;
  switch (drain.basis) {
    case 'measured':
      return `${words} at ${rateWords(ratePerS)}`;
    case 'limit':
      return `${words} at the limit of the hub`;
    case 'operator':
      return `${words} at the limits of the operator`;
  }
}

/** Fill level of a queue in percent: that of messages or that of bytes, whichever is higher. */
function fullness(queue: QueueReport): string {
  const shareOf = (count: number, max: number): number => (max === 0 ? 0 : count / max);
  const share = Math.max(shareOf(queue.messages, queue.messagesMax), shareOf(queue.bytes, queue.bytesMax));
  return `${countWords(Math.floor(100 * share))} %`;
}

/** Line of the inbox without its bound. */
function shortInboxLine(inbox: QueueReport): string {
  const oldest = inbox.oldest === null ? '' : ` · oldest ${ageWords(inbox.oldest)}`;
  return `${countOf(inbox.messages, 'message')} for subdevices${oldest} · when full: ${inbox.overflow}`;
}

function inboxLine(inbox: QueueReport): string {
  const oldest = inbox.oldest === null ? '' : ` · oldest ${ageWords(inbox.oldest)}`;
  return `${countOf(inbox.messages, 'message')} for subdevices${oldest} (at most ${countWords(inbox.messagesMax)} each; when full: ${inbox.overflow})`;
}

function storeLines(store: StoreReport): string[] {
  const free = store.freeBytes === null ? '' : `, ${bytesWords(store.freeBytes)} free`;
  return [
    `${store.path} · ${bytesWords(store.bytes)} + ${bytesWords(store.walBytes)} WAL${free}`,
    ...store.recovery.map((sentence) => `at start: ${sentence}`),
  ];
}

/** Bytes written to the medium in the last 24 h of up time, and its wear: reported by the medium, or estimated. */
function flashLines(medium: MediumReport): string[] {
  const { device, bytes, deviceBytes, overMs } = medium;
  const span = `in ${durationWords(overMs)} of up time`;
  const own = `${bytes === null ? 'unknown amount' : bytesWords(bytes)} by holdfast`;
  const all = deviceBytes === null ? '' : `, ${bytesWords(deviceBytes)} in all to ${device ?? 'the disk'}`;
  return [`${own}${all} ${span}`, ...wearLines(medium)];
}

/** Shortest time from which the wear of a year is estimated, ms. */
const WEAR_MS_MIN = 3_600_000;
const YEAR_MS = 365.25 * 86_400_000;

function wearLines({ device, bytes, deviceBytes, overMs, usedShare, life }: MediumReport): string[] {
  if (usedShare !== null) {
    const used = usedShare > 1 ? 'more than 100 %' : `up to ${countWords(usedShare * 100)} %`;
    return [`wear: ${device ?? 'the medium'} reports ${used} of its life as used`];
  }
  const written = deviceBytes ?? bytes;
  if (life === null || written === null || overMs < WEAR_MS_MIN) return [];
  const percent = (100 * written * (YEAR_MS / overMs)) / life.bytes;
  const basis =
    life.basis === 'configured' ? 'medium_life_tb' : `assumed: ${countWords(ASSUMED_FULL_WRITES)} full writes`;
  return [`wear: ${percentWords(percent)} of its life a year (${basis})`];
}

function percentWords(percent: number): string {
  if (percent < 0.1) return 'under 0.1 %';
  return percent < 10 ? `${percent.toFixed(1)} %` : `${countWords(percent)} %`;
}

/** Line about updates that run or have failed. */
function firmwareLines({ firmware }: StatusReport): string[] {
  const line = firmwareLine(firmware);
  return line === undefined ? [] : [`${line}; see holdfast firmware`];
}

/** Lines about discards that have ended. Such discards are history and not a condition. */
function earlierLines(discarded: readonly DiscardReport[]): string[] {
  const over = discarded.filter(
    ({ lasts, reason, subdevice }) => !lasts && (reason !== 'no subscriber' || subdevice !== null),
  );
  if (over.length === 0) return [];
  const last = durationWords(Math.min(...over.map(({ lastMs }) => lastMs)));
  const reasons = [...new Set(over.map(({ reason }) => reason))].slice(0, 3).join(', ');
  return [
    `${countWords(discardedMessages(over))} discarded or shed (${reasons}), last ${last} ago; see holdfast ledger`,
  ];
}

/** Facts that a technician must see first: the name last, because a name may have 48 characters. */
function shortProcessLine({ process }: StatusReport): string {
  const clock = process.clockTrusted ? '' : 'clock not confirmed · ';
  return `${clock}${process.version} · up ${durationWords(process.uptimeMs)} · ${process.gateway}`;
}

function processLine({ process }: StatusReport): string {
  const clock = process.clockTrusted ? '' : ' · clock not yet confirmed by a time service';
  return `${process.gateway} · ${process.version} · pid ${process.pid} · up ${durationWords(process.uptimeMs)} · ${bytesWords(process.rssBytes)}${clock}`;
}

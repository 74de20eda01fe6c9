/** Reports of the hub connection, the links and the subdevices. */

import type { RefusedPoint } from '../../base/device-note.ts';
import type { HubIdentity } from '../../base/hub-identity.ts';
import { networkPortOf } from '../../base/serial-port.ts';
import type { Age } from '../../base/time.ts';
import { alarmLaneOf } from '../../custody/lane-number.ts';
import { driverNamed } from '../../driver/drivers.ts';
import { OTHER_SPEED, recognise, recogniseGreeting } from '../../driver/recognise.ts';
import type { LinkStateView } from '../../flow/links.ts';
import type { Subdevice } from '../../subdevices/registry.ts';
import { missingSubdevices } from '../conditions/missing.ts';
import { isOnNetwork } from '../conditions/way-words.ts';
import type { GatewayView } from '../gateway-view.ts';
import { bindingWord, identityWords } from './binding-report.ts';
import type { HubReport, ReplayReport, SessionReport } from './hub-report.ts';
import type { DiscardReport } from './intake-report.ts';
import type { LinkMeters } from './link-meters.ts';
import type { LinkReport } from './link-report.ts';
import type { SubdeviceCounts, SubdeviceReport, SubdevicesReport } from './report.ts';
import { subdeviceState } from './subdevice-state.ts';

const HUB_STATES = {
  stopped: 'stopped',
  waiting: 'waiting to reconnect',
  dialing: 'connecting',
  awaitingConnack: 'connecting',
  online: 'connected',
  closing: 'waiting to reconnect',
} as const;

export function hubReport(gateway: GatewayView): HubReport {
  const { client, status, isUp } = gateway.hub;
  const { profile, host, port, clientId, subscriptionsMax } = gateway.config.hub;
  const { row, sessionPresent, granted } = gateway.session;
  const nowMs = gateway.clock.nowMs();
  return {
    profile,
    host,
    port,
    clientId,
    state: isUp ? 'connected' : HUB_STATES[client.state],
    since: sinceOf(gateway),
    session: sessionReport(gateway),
    sessionPresent: sessionPresent ?? null,
    sessionsLost: row.lostCount,
    lastProblem: status.problem ?? null,
    takeovers: client.takeovers(nowMs).times,
    nextAttemptInMs: client.nextAttemptAtMs === undefined ? null : Math.max(0, client.nextAttemptAtMs - nowMs),
    passwordRenewals: status.renewals === undefined ? null : { ...status.renewals },
    subscriptions: granted.size,
    subscriptionsMax,
    uplinksWithoutEnvelope: gateway.outbox.payloads.leftOut,
    uplinksWithFallback: gateway.topicFallbacks.count,
    uplinksNested: gateway.outbox.payloads.nested,
    roundTrip: hubRoundTrip(gateway),
    replay: replayReport(gateway),
  };
}

function hubRoundTrip({ outbox }: GatewayView): HubReport['roundTrip'] {
  const { recentRoundTrips } = outbox;
  const [p50Ms = null, p99Ms = null] = recentRoundTrips.quantiles(0.5, 0.99) ?? [];
  return { count: recentRoundTrips.size, p50Ms, p99Ms };
}

function sinceOf({ hub, watch, clock }: GatewayView): Age | null {
  const { changedAtMs } = hub.status;
  if (!hub.isUp || changedAtMs === undefined) return watch.away ?? null;
  return { ms: clock.nowMs() - changedAtMs, quality: 'exact' };
}

function sessionReport({ watch, age }: GatewayView): SessionReport {
  const { away, tracker } = watch;
  const { gap } = tracker;
  return {
    finding: tracker.finding ?? null,
    away: away ?? null,
    keptMs: tracker.terms?.keptMs ?? null,
    isOver: tracker.isOver(away),
    gap: gap === undefined ? null : { reason: gap.reason, age: age(gap.from) },
  };
}

function replayReport({ watch }: GatewayView): ReplayReport | null {
  const { replay } = watch;
  return replay === undefined
    ? null
    : { received: replay.received, expectedMax: replay.storedMax, etaMs: replay.leftMs };
}

interface LinkSurroundings {
  readonly meters: LinkMeters;
  readonly discarded: readonly DiscardReport[];
}

export function linkReports(gateway: GatewayView, surroundings: LinkSurroundings): LinkReport[] {
  const missing = missingSubdevices(gateway);
  return gateway.links
    .states()
    .map((state) => linkReport(gateway, state, { ...surroundings, missing: missing.get(state.plan.name) ?? [] }));
}

function linkReport(
  { links, config, presence, clock }: GatewayView,
  linkState: LinkStateView,
  { meters, discarded, missing }: LinkSurroundings & Pick<LinkReport, 'missing'>,
): LinkReport {
  const { plan, sinceMs, lastProblem, wait, roundTrips, recovery } = linkState;
  const { name, machine } = plan;
  const nowMs = clock.nowMs();
  const ofLink = discarded.filter(({ link }) => link === name);
  const homeOf = (id: string): string | null =>
    config.links.find((other) => other.name !== name && other.allowedSubdevices?.includes(id))?.name ?? null;
  const subdevices = machine.attachedSubdevices();
  const unlistedDevice = subdevices.length > 0 ? undefined : presence.unlisted.lastOn(name);
  const { failed: failures, ...tried } = recovery.counts;
  const { failure } = recovery;
  return {
    unlisted: presence.unlisted
      .on(name)
      .map(({ subdevice, sinceMs: from }) => ({ subdevice, configuredOn: homeOf(subdevice), forMs: nowMs - from })),
    missing,
    discarded: ofLink,
    looksLike: looksLike(linkState, ofLink),
    name,
    path: plan.path,
    driver: plan.driver,
    protocol: plan.protocol,
    polled: plan.machine.isPolled,
    device: plan.care?.device() ?? null,
    state: machine.state,
    forMs: nowMs - sinceMs,
    openMs: linkState.openMs + (machine.state === 'open' ? nowMs - sinceMs : 0),
    lastProblem: lastProblem ?? null,
    waits: wait?.kind ?? null,
    subdevices,
    counters: machine.counters,
    rates: meters.rates(name, machine.counters),
    asleep: [...machine.sleepers()].map(([subdevice, untilMs]) => ({
      subdevice,
      lostInMs: Math.max(0, untilMs - nowMs),
    })),
    probeable: machine.probeable(),
    identities: [...machine.deviceNotes()].flatMap(([subdevice, { identity }]) =>
      identity === undefined ? [] : [{ subdevice, ...identity }],
    ),
    kernel: links.lineErrors(name) ?? null,
    unlistedDevice:
      unlistedDevice === undefined
        ? null
        : { subdevice: unlistedDevice.subdevice, forMs: nowMs - unlistedDevice.sinceMs },
    roundTrip: {
      count: roundTrips.total,
      p50Ms: roundTrips.quantile(0.5) ?? null,
      p99Ms: roundTrips.quantile(0.99) ?? null,
    },
    recovery: {
      ...tried,
      failures,
      failure: failure === undefined ? null : { trouble: failure.trouble, forMs: nowMs - failure.sinceMs },
    },
  };
}

/**
 * Protocol that the bytes look like, only if almost nothing can be read as the configured one. Telnet is named in any
 * case: a line on which most can be read may lose bytes 0xFF.
 */
function looksLike(
  { plan, onReceived, greeting }: LinkStateView,
  discarded: readonly DiscardReport[],
): LinkReport['looksLike'] {
  const server = networkPortOf(plan.path);
  if (server !== undefined && server.protocol !== 'rfc2217') {
    const greeted = recogniseGreeting(greeting.bytes);
    if (greeted !== undefined) return greeted;
  }
  const isUnread = discarded.some(({ lasts, share }) => lasts && share > 0.5) || plan.machine.counters.framesIn === 0;
  if (plan.machine.state !== 'open' || !isUnread) return null;
  const protocol = recognise(onReceived.read());
  // without a serial line there is no speed that could differ
  if (protocol === OTHER_SPEED && isOnNetwork(plan)) return null;
  return protocol === undefined || protocol === plan.protocol ? null : protocol;
}

/** Subdevices known from the store, then configured ones that have never connected. */
export function subdevicesReport(gateway: GatewayView): SubdevicesReport {
  const { config, registry, uplinks, downlinks, operations } = gateway;
  const nowMs = gateway.clock.nowMs();
  const machines = new Map(gateway.links.states().map(({ plan }) => [plan.name, plan.machine]));
  const notes = new Map([...machines].map(([name, machine]) => [name, machine.deviceNotes()]));
  const sleepers = new Map([...machines].map(([name, machine]) => [name, machine.sleepers()]));
  const identities = new Map(config.subdevices.map(({ id, hubIdentity }) => [id, hubIdentity]));
  const profileOf = profiles(config);
  const known = [...registry.all()].map((subdevice): SubdeviceReport => {
    const identity = identities.get(subdevice.id);
    const lostAtMs = sleepers.get(subdevice.link)?.get(subdevice.id);
    const lastReceivedAtMs = machines.get(subdevice.link)?.lastReceivedAtMs(subdevice.id);
    return {
      id: subdevice.id,
      link: subdevice.link,
      attached: subdevice.isAttached,
      lostInMs: lostAtMs === undefined ? null : Math.max(0, lostAtMs - nowMs),
      lasting: subdevice.lasting,
      configured: gateway.isConfigured(subdevice.id),
      silentMs: lastReceivedAtMs === undefined ? null : nowMs - lastReceivedAtMs,
      profile: profileOf(subdevice.id),
      hubIdentity: identity === undefined ? null : identityWords(identity),
      onlineAtHub: identity === undefined ? null : (operations?.isOnlineAtHub(identity) ?? null),
      binding: bindingWord(gateway, identity),
      refused: (notes.get(subdevice.link)?.get(subdevice.id)?.refused ?? []).map(refusedWords),
      identity: notes.get(subdevice.link)?.get(subdevice.id)?.identity ?? null,
      subscriptions: [...subdevice.subscriptions.keys()],
      uplinksPending: sumOf(subdevice, (lane) => uplinks.lane(lane).pending),
      downlinksPending: downlinks.lane(subdevice.lane).pending,
      uplinksAccepted: sumOf(subdevice, (lane) => uplinks.counts(lane).accepted),
      downlinksDelivered: downlinks.counts(subdevice.lane).delivered,
    };
  });
  const never = [...identities]
    .filter(([id]) => registry.byId(id) === undefined)
    .map(([id, identity]) => neverSeen(gateway, { id, identity, profile: profileOf(id) }));
  return { subdevices: [...known, ...never] };
}

/** Returns a function that finds the id of the device profile of a subdevice; `null`: none. */
function profiles({ links }: GatewayView['config']): (subdevice: string) => string | null {
  const profiled = links.filter(({ driver }) => driverNamed(driver).profiled !== undefined);
  return (subdevice) => {
    for (const { driver, options } of profiled) {
      const profile = driverNamed(driver).profileOf(options, subdevice);
      if (profile !== undefined) return profile;
    }
    return null;
  };
}

function refusedWords({ name, place, words }: RefusedPoint): string {
  return `${name} (${place}): ${words}`;
}

export function subdeviceCounts({ subdevices }: SubdevicesReport): SubdeviceCounts {
  const counts = { connected: 0, asleep: 0, away: 0, neverSeen: 0 };
  for (const subdevice of subdevices) counts[subdeviceState(subdevice)] += 1;
  return counts;
}

/** Sum over the two uplink lanes of a subdevice. */
function sumOf({ lane }: Pick<Subdevice, 'lane'>, countOfLane: (lane: number) => number): number {
  return countOfLane(lane) + countOfLane(alarmLaneOf(lane));
}

function neverSeen(
  gateway: GatewayView,
  {
    id,
    identity,
    profile,
  }: { readonly id: string; readonly identity: HubIdentity | undefined; readonly profile: string | null },
): SubdeviceReport {
  return {
    id,
    link: null,
    attached: false,
    lostInMs: null,
    lasting: false,
    configured: true,
    silentMs: null,
    profile,
    hubIdentity: identity === undefined ? null : identityWords(identity),
    onlineAtHub: null,
    binding: bindingWord(gateway, identity),
    refused: [],
    identity: null,
    subscriptions: [],
    uplinksPending: 0,
    downlinksPending: 0,
    uplinksAccepted: 0,
    downlinksDelivered: 0,
  };
}

/** Subdevices that are not in the configuration and have sessions that collect downlinks. */
export function removedSubdevices({ subdevices }: SubdevicesReport): { subdevice: string; downlinks: number }[] {
  return subdevices
    .filter(
      ({ configured, subscriptions, downlinksPending }) => !configured && subscriptions.length + downlinksPending > 0,
    )
    .map(({ id, downlinksPending }) => ({ subdevice: id, downlinks: downlinksPending }));
}

/** Reports that are read straight off the stations: the hub's line, the links, the subdevices. */
import type { HubIdentity } from '../config/schema.ts';
import type { Gateway } from '../gateway.ts';
import { bindingWord, identityWords } from './binding-report.ts';
import type { HubReport, LinkReport, ReplayReport, SubdeviceReport, SubdevicesReport } from './report.ts';

/** The hub stores no more, and sends one every so often (hub contract §2). */
const REPLAY_MAX = 150;
const REPLAY_INTERVAL_MS = 500;

const HUB_STATES = {
  stopped: 'stopped',
  waiting: 'waiting to reconnect',
  dialing: 'connecting',
  greeting: 'connecting',
  online: 'connected',
  closing: 'waiting to reconnect',
} as const;

export function hubReport(gateway: Gateway): HubReport {
  const { client, standing } = gateway.hub;
  const { profile, host, port, clientId, subscriptionsMax } = gateway.parts.config.hub;
  const { row, sessionPresent, granted } = gateway.stations.session;
  const nowMs = gateway.parts.clock.nowMs();
  return {
    profile,
    host,
    port,
    clientId,
    state: HUB_STATES[client.state],
    since: standing.changedAtMs === undefined ? null : { ms: nowMs - standing.changedAtMs, quality: 'exact' },
    sessionPresent: sessionPresent ?? null,
    sessionsLost: row.lostCount,
    lastProblem: standing.problem ?? null,
    nextAttemptInMs: client.nextAttemptAtMs === undefined ? null : Math.max(0, client.nextAttemptAtMs - nowMs),
    subscriptions: granted.size,
    subscriptionsMax,
    replay: hubReplay(gateway, nowMs),
  };
}

/** What the hub may still be sending of what it stored: it never says how much that is. */
function hubReplay({ hub, stations, parts }: Gateway, nowMs: number): ReplayReport | null {
  const { session } = stations;
  const { changedAtMs, received } = hub.standing;
  const isResumed = hub.client.state === 'online' && session.sessionPresent === true && changedAtMs !== undefined;
  if (!isResumed || parts.config.hub.profile === 'generic') return null;
  if (nowMs - changedAtMs >= REPLAY_MAX * REPLAY_INTERVAL_MS) return null;
  const left = Math.max(0, REPLAY_MAX - received);
  return { received, expectedMax: REPLAY_MAX, etaMs: left * REPLAY_INTERVAL_MS };
}

export function linkReports({ links, parts }: Gateway): LinkReport[] {
  const nowMs = parts.clock.nowMs();
  return links.standings().map(({ plan, sinceMs, lastProblem }) => ({
    name: plan.name,
    path: plan.path,
    driver: 'mqttsn',
    state: plan.machine.state,
    forMs: nowMs - sinceMs,
    lastProblem: lastProblem ?? null,
    subdevices: plan.machine.attachedSubdevices(),
    counters: plan.machine.counters,
  }));
}

/** Those we know from the store, then those that are configured and never came. */
export function subdevicesReport(gateway: Gateway): SubdevicesReport {
  const { stations, parts } = gateway;
  const { mirror, uplinks, downlinks, operations } = stations;
  const nowMs = parts.clock.nowMs();
  const identities = new Map(parts.config.subdevices.map(({ id, hubIdentity }) => [id, hubIdentity]));
  const known = [...mirror.all()].map((subdevice): SubdeviceReport => {
    const identity = identities.get(subdevice.id);
    return {
      id: subdevice.id,
      link: subdevice.link,
      attached: subdevice.isAttached,
      lasting: subdevice.lasting,
      silentMs: subdevice.heardAtMs === undefined ? null : nowMs - subdevice.heardAtMs,
      hubIdentity: identity === undefined ? null : identityWords(identity),
      onlineAtHub: identity === undefined ? null : (operations?.isOnlineAtHub(identity) ?? null),
      binding: bindingWord(gateway, identity),
      subscriptions: [...subdevice.subscriptions.keys()],
      uplinksPending: uplinks.lane(subdevice.lane).pending,
      downlinksPending: downlinks.lane(subdevice.lane).pending,
    };
  });
  const never = [...identities]
    .filter(([id]) => mirror.byId(id) === undefined)
    .map(([id, identity]) => neverSeen(gateway, id, identity));
  return { subdevices: [...known, ...never] };
}

function neverSeen(gateway: Gateway, id: string, identity: HubIdentity | undefined): SubdeviceReport {
  return {
    id,
    link: null,
    attached: false,
    lasting: false,
    silentMs: null,
    hubIdentity: identity === undefined ? null : identityWords(identity),
    onlineAtHub: null,
    binding: bindingWord(gateway, identity),
    subscriptions: [],
    uplinksPending: 0,
    downlinksPending: 0,
  };
}

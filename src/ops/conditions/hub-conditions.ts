/** Health on the hub's side: the connection, the session, the files of TLS. Pure; a part of `conditions.ts`. */
import type { GatewayView } from '../gateway-view.ts';
import type { SessionReport } from '../reports/hub-report.ts';
import type { Condition } from '../reports/report.ts';
import { ageWords, countOf, durationWords } from '../words.ts';
import { type PacketHealth, packetConditions } from './hub-packet-conditions.ts';
import { evidenceWords } from './hub-packet-words.ts';
import { type Remedy, remedyFor } from './hub-remedies.ts';

type TakeoverStats = ReturnType<GatewayView['hub']['client']['takeovers']>;

export interface HubHealth extends PacketHealth {
  readonly isOnline: boolean;
  readonly changedAtMs: number | undefined;
  readonly problem: string | undefined;
  /** How far the connection had come that ended with the problem. */
  readonly problemStage: GatewayView['hub']['standing']['problemStage'];
  readonly refusal: GatewayView['hub']['standing']['refusal'];
  /** CONNECT carries a signature that expires by the wall clock. */
  readonly isSigned: boolean;
  /** `host:port` */
  readonly peer: string;
  /** Without TLS. */
  readonly isPlain: boolean;
  /** For how long a CONNECT awaits its CONNACK; `undefined`: none does. */
  readonly awaitingConnackMs: number | undefined;
  readonly session: SessionReport;
  readonly clientId: string;
  /** Connections in a row that another client seems to have taken from us. */
  readonly takeovers: TakeoverStats;
  /** Filters that the hub does not serve, and why. */
  readonly refusedFilters: readonly { readonly filter: string; readonly reason: string }[];
  /** On which PUBACKs are missing. */
  readonly doubtedTopics: readonly string[];
  /** What is wrong with the files of TLS; the last good ones are in use, if there were any. */
  readonly tlsFilesTrouble: { readonly problem: string; readonly sinceMs: number } | undefined;
  /** What is wrong with the file of our secret; the last one that could be read is in use. */
  readonly secretTrouble?: HubHealth['tlsFilesTrouble'];
}

interface Moment {
  readonly hub: HubHealth;
  /** Monotonic. */
  readonly nowMs: number;
  readonly startedAtMs: number;
}

export function hubConditions({ hub, nowMs, startedAtMs }: Moment): Condition[] {
  const conditions: Condition[] = [];
  const forMs = hub.session.away?.ms ?? nowMs - (hub.changedAtMs ?? startedAtMs);
  if (!hub.isOnline && hub.refusal !== undefined) {
    conditions.push({
      code: 'hub-refuses',
      losing: 'at risk',
      forMs,
      sentence: sentenceOf(hub.refusal.reason),
      hint: hub.refusal.remedy,
    });
  } else if (!hub.isOnline && hub.takeovers.times === 0) {
    conditions.push({ code: 'hub-away', forMs, ...awayWords(hub) });
  } else if (hub.isOnline && isBreach(hub.problem) && forMs < FRESH_MS) {
    conditions.push({
      code: 'hub-breaks-protocol',
      losing: 'no',
      forMs,
      sentence: `${breachWords(hub)}, and connected again.`,
      hint: remedyFor(hub.problem).hint,
    });
  }
  if (hub.takeovers.times > 0) {
    conditions.push({
      code: 'hub-taken-over',
      losing: 'at risk',
      forMs: nowMs - hub.takeovers.sinceMs,
      sentence: takingWords(hub.takeovers, hub.clientId),
      hint: `Look in the log of the hub for connections of ${hub.clientId} from elsewhere: stop that gateway, or give it an identity of its own. If there are none, look at the hub and at the firewalls on the way. This one tries again, at most 15 min apart.`,
    });
  }
  conditions.push(
    ...packetConditions(hub, forMs),
    ...sessionConditions(hub.session),
    ...tlsConditions(hub.tlsFilesTrouble, nowMs),
  );
  conditions.push(...secretConditions(hub.secretTrouble, nowMs));
  if (hub.refusedFilters.length > 0) {
    conditions.push({
      code: 'hub-subscriptions-refused',
      losing: 'at risk',
      forMs,
      sentence: refusedWords(hub.refusedFilters),
      hint: 'Add the topics to the permissions of the product at the hub. holdfast hub subscriptions shows the reason for each.',
    });
  }
  return [...conditions, ...pubackConditions(hub, forMs)];
}

function refusedWords(refused: HubHealth['refusedFilters']): string {
  const names = refused.slice(0, 3).map(({ filter }) => filter);
  return `The hub refused ${countOf(refused.length, 'subscription')}: ${names.join(', ')} (${refused[0]?.reason}).`;
}

/** A connection that has lasted for this long is no longer reported as the one after a breach of the protocol. */
const FRESH_MS = 60_000;

/** The gateway closed the connection because of what the hub sent [MQTT-4.8.0-1]; the words are those of `hub-client.ts`. */
function isBreach(problem: string | undefined): boolean {
  return problem !== undefined && /^the hub (broke|sent) /.test(problem);
}

function breachWords({ problem = '' }: HubHealth): string {
  return `${sentenceOf(problem).slice(0, -1)}; the gateway closed the connection`;
}

/** What is known of the cause: a hub that has accepted the connection is no matter of the network. */
function awayWords(hub: HubHealth): Omit<Condition, 'code' | 'forMs'> {
  const { problem, problemStage, heldPackets, peer, awaitingConnackMs } = hub;
  const why = problem === undefined ? '' : ` (${problem})`;
  const kept = 'messages are kept on disk';
  const [last] = heldPackets
    .filter(({ state }) => state === 'suspect')
    .toSorted((left, right) => left.lastCloseMs - right.lastCloseMs);
  if (awaitingConnackMs !== undefined && awaitingConnackMs >= SILENT_MS)
    return {
      ...remedyFor('no CONNACK within '),
      sentence: `Connected to ${peer}, no CONNACK for ${durationWords(awaitingConnackMs)}; ${kept}.`,
    };
  if (isBreach(problem)) return { ...remedyFor(problem), sentence: `${breachWords(hub)}; ${kept}.` };
  if (problem?.startsWith('the other side speaks '))
    return { ...remedyFor(problem), sentence: `No MQTT broker at ${peer}: ${problem}; ${kept}.` };
  switch (problemStage) {
    case 'accepted':
      if (last !== undefined)
        return {
          losing: 'no',
          sentence: `The hub accepted the connection and closed it after ${evidenceWords(last)}; ${kept}.`,
          hint: 'The gateway connects again by itself and sends this packet alone, after everything else.',
        };
      return {
        losing: 'no',
        sentence: `The hub accepted the connection, and it ended${why}; ${kept}.`,
        hint: 'The gateway connects again by itself. If this lasts, look in the log of the hub for why it closed.',
      };
    case 'before CONNACK':
      return {
        ...(mayExpectTls(hub) && /(closed|reset) the connection$/.test(problem ?? '')
          ? PERHAPS_TLS
          : remedyFor(problem)),
        sentence: `The hub takes the connection and does not accept CONNECT${why}; ${kept}.`,
      };
    default:
      return { ...remedyFor(problem), sentence: `The hub is away${why}; ${kept}.` };
  }
}

/** Servers that expect TLS often close on a CONNECT without a word. */
const PERHAPS_TLS: Remedy = {
  losing: 'no',
  hint: 'If the hub expects TLS on this port, set tls = "on" in [hub]. Otherwise look in the log of the hub for why it closed. The gateway tries again by itself.',
};

/** The hub has never accepted this gateway, as far as is known, and TLS is off. */
function mayExpectTls({ isPlain, changedAtMs, session }: HubHealth): boolean {
  return isPlain && changedAtMs === undefined && session.away === null;
}

/** A CONNACK that comes within this time is not reported as missing. */
const SILENT_MS = 1000;

/** Which of the causes it is can seldom be told from here; what speaks for one of them is. */
function takingWords({ times, shortestMs, longestMs, sessionsGone }: TakeoverStats, clientId: string): string {
  const lasted = `${durationWords(shortestMs)} to ${durationWords(longestMs + 999)}`; // rounded up
  const seen = `The hub accepted ${countOf(times, 'connection')} in a row and closed each soon after (they lasted ${lasted}), and nothing else failed`;
  if (sessionsGone > 0)
    return `${seen}; our session was gone ${countOf(sessionsGone, 'time')} in between. So it looks when another client connects as ${clientId}, with a clean session; a hub that restarts and forgets looks the same.`;
  return `${seen}. So it looks when another gateway connects as ${clientId}, and when the hub or a firewall ends connections that it has let in: from here they look the same.`;
}

function pubackConditions({ isOnline, doubtedTopics }: HubHealth, forMs: number): Condition[] {
  if (!isOnline || doubtedTopics.length === 0) return [];
  return [
    {
      code: 'hub-pubacks-missing',
      losing: 'at risk',
      forMs,
      sentence: `The hub does not acknowledge what it is sent on ${countOf(doubtedTopics.length, 'topic')}: ${doubtedTopics.slice(0, 3).join(', ')}. It is sent again, and what follows there waits.`,
      hint: 'Check the permissions of these topics at the hub: after attempts_max sendings a message goes to the dead letters.',
    },
  ];
}

function sessionConditions({ away, isOver, gap }: SessionReport): Condition[] {
  const conditions: Condition[] = [];
  if (isOver && away !== null) {
    conditions.push({
      code: 'hub-session-over',
      losing: 'at risk',
      forMs: away.ms,
      sentence: `The hub has not seen us for ${ageWords(away)} and has ended our session: what is sent to the subdevices now is not kept for them.`,
      hint: 'Bring the hub back; the subscriptions are restored by themselves.',
    });
  }
  if (gap !== null) {
    conditions.push({
      code: 'downlink-gap',
      losing: 'at risk',
      forMs: gap.age.ms,
      sentence: `Downlinks may be missing since ${ageWords(gap.age)} ago (${gap.reason}).`,
      hint: 'Send again what was sent to the subdevices since then; then: holdfast acknowledge-gap.',
    });
  }
  return conditions;
}

function secretConditions(trouble: HubHealth['secretTrouble'], nowMs: number): Condition[] {
  if (trouble === undefined) return [];
  const { problem, sinceMs } = trouble;
  return [
    {
      code: 'hub-secret-file',
      losing: 'no',
      forMs: nowMs - sinceMs,
      sentence: `The file of our secret cannot be read; the last secret stays in use until the next start: ${problem}.`,
      hint: 'Correct the file; it is read again at the next connection.',
    },
  ];
}

/** A connection that stands goes on with what it has; the next one needs the files. */
function tlsConditions(trouble: HubHealth['tlsFilesTrouble'], nowMs: number): Condition[] {
  if (trouble === undefined) return [];
  const { problem, sinceMs } = trouble;
  return [
    {
      code: 'tls-files',
      losing: 'no',
      forMs: nowMs - sinceMs,
      sentence: `The files of TLS are no good, and the last good ones, if any, stay in use: ${problem}`,
      hint: 'Fix them; they are read again at the next connection. holdfast config check looks at them now.',
    },
  ];
}

function sentenceOf(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

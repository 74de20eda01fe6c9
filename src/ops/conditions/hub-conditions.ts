/** Conditions of the hub: connection, session, TLS files. Pure; part of `conditions.ts`. */
import type { GatewayView } from '../gateway-view.ts';
import type { SessionReport } from '../reports/hub-report.ts';
import type { Condition } from '../reports/report.ts';
import { ageWords, countOf, durationWords } from '../words.ts';
import { type PacketHealth, packetConditions } from './hub-packet-conditions.ts';
import { evidenceWords } from './hub-packet-words.ts';
import { isPasswordProblem, type Remedy, remedyFor } from './hub-remedies.ts';
import type { StoreHealth } from './store-conditions.ts';

type TakeoverStats = ReturnType<GatewayView['hub']['client']['takeovers']>;

export interface HubHealth extends PacketHealth {
  readonly isOnline: boolean;
  readonly changedAtMs: number | undefined;
  readonly problem: string | undefined;
  /** Stage at which the connection ended with the problem. */
  readonly problemStage: GatewayView['hub']['status']['problemStage'];
  readonly refusal: GatewayView['hub']['status']['refusal'];
  /** Problem of the last try to renew the password while connected. */
  readonly renewalTrouble: GatewayView['hub']['status']['renewalTrouble'];
  /** A program prints the password before each connection. */
  readonly hasPasswordCommand: boolean;
  /** CONNECT carries a signature that expires by the wall clock. */
  readonly isSigned: boolean;
  /** `host:port`, with the proxy on the way. */
  readonly peer: string;
  /** Steps of opening a connection, in words. */
  readonly openingSteps: string;
  /** The connection does not use TLS. */
  readonly isPlain: boolean;
  /** The gateway has a client certificate for TLS. */
  readonly hasClientCertificate: boolean;
  /** Age of a connection that is not open yet, ms; `undefined`: there is none. */
  readonly dialingMs: number | undefined;
  /** Age of an unanswered CONNECT, ms; `undefined`: there is none. */
  readonly awaitingConnackMs: number | undefined;
  readonly session: SessionReport;
  readonly clientId: string;
  /** Connections in a row that another client seems to have taken over. */
  readonly takeovers: TakeoverStats;
  /** Filters that the hub does not serve, and the reason for each. */
  readonly refusedFilters: readonly { readonly filter: string; readonly reason: string }[];
  /** Topics on which PUBACKs are missing. */
  readonly doubtedTopics: readonly string[];
  /** Time since the first message that was sent after the last PUBACK, ms; `undefined`: none was. */
  readonly unansweredMs: number | undefined;
  /** Problem of the TLS files; the last valid ones remain in use, if there were any. */
  readonly tlsFilesTrouble: { readonly problem: string; readonly sinceMs: number } | undefined;
  /** Problem of the secret file; the last secret that could be read remains in use. */
  readonly secretTrouble?: HubHealth['tlsFilesTrouble'];
}

interface Moment {
  readonly hub: HubHealth;
  /** Monotonic time, ms. */
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly store: Pick<StoreHealth, 'volatile'>;
  /** Monotonic ms since which the disk has been full; `undefined`: it has room. */
  readonly storeFullSinceMs: number | undefined;
}

/** Place of the uplinks while the hub is away. */
function keptWords({ store, storeFullSinceMs }: Moment): string {
  if (storeFullSinceMs !== undefined) return 'the disk is full, and nothing new is accepted';
  return store.volatile === null ? 'messages are kept on disk' : 'messages are kept in RAM only';
}

export function hubConditions(moment: Moment): Condition[] {
  const { hub, nowMs, startedAtMs } = moment;
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
    conditions.push({ code: 'hub-away', forMs, ...awayWords(hub, keptWords(moment)) });
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
      hint: `Look in the log of the hub for other connections of ${hub.clientId}: stop that gateway, or give it its own identity. If there are none, check the hub and the firewalls. This gateway tries again at least every 15 min.`,
    });
  }
  conditions.push(
    ...packetConditions(hub, forMs),
    ...sessionConditions(hub.session),
    ...tlsConditions(hub.tlsFilesTrouble, nowMs),
  );
  conditions.push(...secretConditions(hub.secretTrouble, nowMs), ...renewalConditions(hub.renewalTrouble, nowMs));
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

/** Duration of a connection after which an earlier protocol violation is no longer reported. */
const FRESH_MS = 60_000;

/**
 * True if the gateway closed the connection because the hub violated the protocol [MQTT-4.8.0-1]; words of
 * `hub-client.ts`.
 */
function isBreach(problem: string | undefined): boolean {
  return problem !== undefined && /^the hub (broke|sent) /.test(problem);
}

function breachWords({ problem = '' }: HubHealth): string {
  return `${sentenceOf(problem).slice(0, -1)}; the gateway closed the connection`;
}

/** Sentence and remedy for an absent hub, by the stage that the connection reached. */
function awayWords(hub: HubHealth, kept: string): Omit<Condition, 'code' | 'forMs'> {
  const { problem, problemStage, heldPackets, peer, awaitingConnackMs } = hub;
  const why = problem === undefined ? '' : ` (${problem})`;
  const [last] = heldPackets
    .filter(({ state }) => state === 'suspect')
    .toSorted((left, right) => left.lastCloseMs - right.lastCloseMs);
  if (awaitingConnackMs !== undefined && awaitingConnackMs >= SILENT_MS)
    return {
      ...remedyFor('no CONNACK within '),
      sentence: `Connected to ${peer}, no CONNACK for ${durationWords(awaitingConnackMs)}; ${kept}.`,
    };
  if (hub.dialingMs !== undefined && hub.dialingMs >= DIALING_MS && problemStage !== 'no connection')
    return { ...NO_ANSWER_YET, sentence: `${dialingWords(hub, hub.dialingMs)}; ${kept}.` };
  if (isPasswordProblem(problem))
    return { ...remedyFor(problem), sentence: `No password for the hub: ${problem}; ${kept}.` };
  if (isBreach(problem)) return { ...remedyFor(problem), sentence: `${breachWords(hub)}; ${kept}.` };
  if (problem?.startsWith('the other side speaks '))
    return { ...remedyFor(problem), sentence: `No MQTT broker at ${peer}: ${problem}; ${kept}.` };
  switch (problemStage) {
    case 'accepted':
      if (last !== undefined)
        return {
          losing: 'no',
          sentence: `The hub accepted the connection and closed it after ${evidenceWords(last)}; ${kept}.`,
          hint: 'The gateway connects again by itself and sends this packet alone, after all others.',
        };
      return {
        losing: 'no',
        sentence: `The hub accepted the connection, and the connection ended${why}; ${kept}.`,
        hint: problem?.startsWith('no PINGRESP')
          ? remedyFor(problem).hint
          : 'The gateway connects again by itself. If this lasts, look in the log of the hub for why it closed.',
      };
    case 'before CONNACK':
      return {
        ...(/(closed|reset) the connection$/.test(problem ?? '') ? remedyForClose(hub) : remedyFor(problem)),
        sentence: `The hub accepts TCP connections but does not answer CONNECT${why}; ${kept}.`,
      };
    default:
      return { ...remedyFor(problem), sentence: `The hub is away${why}; ${kept}.` };
  }
}

/** Remedy for a hub that closes the connection instead of answering CONNECT. */
function remedyForClose(hub: HubHealth): Remedy {
  if (mayExpectTls(hub)) return PERHAPS_TLS;
  return hub.hasClientCertificate ? PERHAPS_CERTIFICATE : remedyFor(hub.problem);
}

/** Remedy for a TLS server that closes after the handshake: in TLS 1.3 it judges the certificate only then. */
const PERHAPS_CERTIFICATE: Remedy = {
  losing: 'no',
  hint: 'The hub may have rejected the client certificate: check at the hub that it accepts the certificate that the TLS keys of [hub] name. Its log gives the reason. The gateway tries again by itself.',
};

/** Remedy for a server that closes on CONNECT without an answer, as servers that expect TLS do. */
const PERHAPS_TLS: Remedy = {
  losing: 'no',
  hint: 'If the hub expects TLS on this port, set tls = "on" in [hub]. Otherwise look in the log of the hub for why it closed. The gateway tries again by itself.',
};

/** True if TLS is off and the hub has never accepted this gateway, as far as is known. */
function mayExpectTls({ isPlain, changedAtMs, session }: HubHealth): boolean {
  return isPlain && changedAtMs === undefined && session.away === null;
}

/** Time after which a connection that is not open is reported. */
const DIALING_MS = 3000;

const NO_ANSWER_YET: Remedy = {
  losing: 'no',
  hint: 'The exact reason follows when connect_ms_max of [hub] is over. holdfast doctor examines each step now.',
};

function dialingWords({ peer, openingSteps, hasPasswordCommand }: HubHealth, forMs: number): string {
  const steps = hasPasswordCommand ? `password_command, ${openingSteps}` : openingSteps;
  return `Connecting to ${peer} for ${durationWords(forMs)}, no answer yet (${steps})`;
}

/** Time after which a missing CONNACK is reported. */
const SILENT_MS = 1000;

/** Sentence for closed connections in a row, with the evidence for one of the possible causes. */
function takingWords({ times, shortestMs, longestMs, sessionsGone }: TakeoverStats, clientId: string): string {
  const lasted = `${durationWords(shortestMs)} to ${durationWords(longestMs + 999)}`; // rounded up
  const seen = `The hub accepted ${countOf(times, 'connection')} in a row and closed each soon after (they lasted ${lasted}), and nothing else failed`;
  if (sessionsGone > 0)
    return `${seen}; the session was lost ${countOf(sessionsGone, 'time')} in between. Either another client is connecting as ${clientId} with a clean session, or the hub restarts and loses its sessions.`;
  return `${seen}. Either another gateway is connecting as ${clientId}, or the hub or a firewall is closing accepted connections.`;
}

function topicWords(topics: readonly string[]): string {
  return topics.length === 0 ? '' : ` (topics: ${topics.slice(0, 3).join(', ')})`;
}

/** Longest time without any PUBACK that is not reported. */
const UNANSWERED_MS = 10_000;

function pubackConditions({ isOnline, doubtedTopics, unansweredMs = 0 }: HubHealth, forMs: number): Condition[] {
  if (isOnline && unansweredMs >= UNANSWERED_MS)
    return [
      {
        code: 'hub-pubacks-missing',
        losing: 'at risk',
        forMs: unansweredMs,
        sentence: `The hub is connected and acknowledges nothing: no PUBACK for ${durationWords(unansweredMs)}${topicWords(doubtedTopics)}.`,
        hint: 'Look at the hub: it may have stopped, be overloaded or be unable to store. If it is healthy, check the permissions of the topics. After attempts_max attempts a message becomes a dead letter.',
      },
    ];
  if (!isOnline || doubtedTopics.length === 0) return [];
  return [
    {
      code: 'hub-pubacks-missing',
      losing: 'at risk',
      forMs,
      sentence: `The hub does not acknowledge messages on ${countOf(doubtedTopics.length, 'topic')}: ${doubtedTopics.slice(0, 3).join(', ')}. They are sent again, and later messages on these topics wait.`,
      hint: 'Check the permissions of these topics at the hub. After attempts_max attempts a message becomes a dead letter.',
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
      sentence: `The gateway was not connected for ${ageWords(away)}, and the hub has ended its session: downlinks are not kept for the subdevices now.`,
      hint: 'Restore the connection to the hub. Subscriptions are restored automatically.',
    });
  }
  if (gap !== null) {
    conditions.push({
      code: 'downlink-gap',
      losing: 'at risk',
      forMs: gap.age.ms,
      sentence: `Downlinks may be missing (${gap.reason}); the gap began ${ageWords(gap.age)} ago.`,
      hint: 'Send the commands since then again. Then run: holdfast acknowledge-gap.',
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
      sentence: `The secret file cannot be read; the last secret remains in use until the next start: ${problem}.`,
      hint: 'Correct the file. It is read again at the next connection.',
    },
  ];
}

function renewalConditions(trouble: HubHealth['renewalTrouble'], nowMs: number): Condition[] {
  if (trouble === undefined) return [];
  const { problem, sinceMs } = trouble;
  return [
    {
      code: 'hub-password-renewal',
      losing: 'no',
      forMs: nowMs - sinceMs,
      sentence: `No new password for the hub; the connection goes on with the present one: ${problem}.`,
      hint: `${remedyFor(problem).hint} The hub may end the connection when the present password ends.`,
    },
  ];
}

/** Condition for invalid TLS files. An existing connection is not affected; the next one needs the files. */
function tlsConditions(trouble: HubHealth['tlsFilesTrouble'], nowMs: number): Condition[] {
  if (trouble === undefined) return [];
  const { problem, sinceMs } = trouble;
  return [
    {
      code: 'tls-files',
      losing: 'no',
      forMs: nowMs - sinceMs,
      sentence: `TLS files are invalid; the last valid ones remain in use: ${problem}`,
      hint: 'Correct the files. They are read again at the next connection. holdfast config check examines them now.',
    },
  ];
}

function sentenceOf(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

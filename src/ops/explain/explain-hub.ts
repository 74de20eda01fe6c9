/** Explanation of the connection to the hub, from the status. Pure. */
import { hostAndPort } from '../../base/host-and-port.ts';
import type { StatusReport } from '../reports/report.ts';
import {
  ageWords,
  bytesWords,
  countOf,
  countWords,
  durationWords,
  rateWords,
  untilWords,
  withFullStop,
} from '../words.ts';
import type { ExplainedFact, Explanation, Reason } from './explain-report.ts';
import { reasonOf } from './reason.ts';
import type { ReasonCode } from './reasons.ts';

export interface HubSituation {
  readonly status: Pick<StatusReport, 'hub' | 'outbox' | 'conditions'>;
  /** CONNACK that rejected the last attempt. */
  readonly refusal: { readonly reason: string } | undefined;
  /** Topics on which a PUBACK is overdue. */
  readonly doubtedTopics: readonly string[];
  /** Packets on which the hub closes the connection. */
  readonly heldPackets: readonly string[];
  /** Rate limit of the hub, messages per second; `undefined`: none. */
  readonly limitPerS: number | undefined;
}

/** Conditions by which an operator keeps messages from the hub. */
const OPERATOR_LIMITS: ReadonlySet<string> = new Set(['backlog-paused', 'backlog-slowed', 'on-hold']);

/** Conditions about what the next connection needs, and their reasons. They matter while connected, too. */
const CREDENTIAL_REASONS: ReadonlyMap<string, ReasonCode> = new Map([
  ['hub-password-renewal', 'password-not-renewed'],
  ['hub-secret-file', 'earlier-files-in-use'],
  ['tls-files', 'earlier-files-in-use'],
]);

/** Share of the rate limit from which the limit counts as used up. */
const LIMIT_USED = 0.9;

export function explainHub(situation: HubSituation): Explanation {
  const { hub } = situation.status;
  const reasons = hub.state === 'connected' ? connectedReasons(situation) : awayReasons(situation);
  const since = hub.since === null ? 'never reached since the start' : ageWords(hub.since);
  const state = hub.state === 'connected' ? `connected for ${since}` : `not connected (${since})`;
  return {
    kind: 'hub',
    name: 'hub',
    sentence: `The hub ${hostAndPort(hub)} is ${state}.`,
    reasons,
    facts: factsOf(situation),
    message: null,
  };
}

function connectedReasons({ status, doubtedTopics, heldPackets, limitPerS }: HubSituation): Reason[] {
  const { outbox } = status;
  const reasons: Reason[] = [];
  if (heldPackets.length > 0)
    reasons.push(reasonOf('packets-held-back', `The hub closes the connection on ${listWords(heldPackets)}.`));
  if (doubtedTopics.length > 0)
    reasons.push(reasonOf('pubacks-missing', `PUBACKs are overdue on ${listWords(doubtedTopics)}.`));
  if (outbox.messages > outbox.inFlight && limitPerS !== undefined && outbox.ratePerS >= LIMIT_USED * limitPerS)
    reasons.push(
      reasonOf(
        'rate-limit-used',
        `${countOf(outbox.messages, 'message')} drain at ${rateWords(outbox.ratePerS)}, the limit of the hub.`,
        outbox.etaMs,
      ),
    );
  for (const { code, sentence } of status.conditions)
    if (OPERATOR_LIMITS.has(code)) reasons.push(reasonOf('limited-by-operator', sentence));
  reasons.push(...credentialReasons(status));
  if (reasons.length > 0) return reasons;
  const waiting =
    outbox.messages === 0
      ? 'no uplink waits'
      : `${countOf(outbox.messages, 'uplink')} in the outbox, ${rateWords(outbox.ratePerS)} acknowledged`;
  return [reasonOf('hub-connected', `The hub is connected; ${waiting}.`)];
}

function credentialReasons({ conditions }: HubSituation['status']): Reason[] {
  return conditions.flatMap(({ code, sentence }) => {
    const reason = CREDENTIAL_REASONS.get(code);
    return reason === undefined ? [] : [reasonOf(reason, withFullStop(sentence))];
  });
}

function awayReasons({ status, refusal }: HubSituation): Reason[] {
  const { hub } = status;
  const copy = status.conditions.find(({ code }) => code === 'cloned-store');
  if (copy !== undefined) return [reasonOf('store-is-copy', copy.sentence)];
  if (hub.state === 'stopped') return [reasonOf('hub-stopped', 'The connection to the hub is stopped.')];
  const reasons: Reason[] = [];
  if (hub.takeovers > 0)
    reasons.push(
      reasonOf('hub-taken-over', `${countOf(hub.takeovers, 'accepted connection')} in a row were closed from outside.`),
    );
  if (refusal !== undefined) reasons.push(reasonOf('hub-rejects', `The hub rejects CONNECT: ${refusal.reason}.`));
  reasons.push(...credentialReasons(status));
  const isSaid = hub.lastProblem === null || hub.lastProblem === refusal?.reason;
  const problem = isSaid ? '' : ` Last problem: ${hub.lastProblem}.`;
  if (hub.state === 'connecting')
    return [...reasons, reasonOf('hub-connecting', `A connection is being established.${problem}`)];
  const next = hub.nextAttemptInMs === null ? 'soon' : untilWords(hub.nextAttemptInMs);
  return [...reasons, reasonOf('hub-waits', `The next attempt follows ${next}.${problem}`, hub.nextAttemptInMs)];
}

function factsOf({ status, limitPerS }: HubSituation): ExplainedFact[] {
  const { hub, outbox } = status;
  const { keptMs, isOver, away } = hub.session;
  const session =
    keptMs === null
      ? `kept for an unknown time; lost ${countOf(hub.sessionsLost, 'time')} so far`
      : isOver
        ? `over: the hub keeps it for ${durationWords(keptMs)}`
        : `kept for ${durationWords(keptMs)}${away === null ? '' : `, ${durationWords(keptMs - away.ms)} left`}`;
  return [
    { label: 'Client', text: `${hub.clientId} (profile ${hub.profile})` },
    { label: 'Session', text: session },
    {
      label: 'Waiting',
      text: `${countOf(outbox.messages, 'uplink')}, ${bytesWords(outbox.bytes)}; ${countWords(outbox.inFlight)} in flight`,
    },
    {
      label: 'Limits',
      text:
        limitPerS === undefined
          ? 'no rate limit'
          : `${rateWords(limitPerS)} are sent at most (95 % of messages_per_s of the hub)`,
    },
    { label: 'PUBACK', text: roundTripWords(hub.roundTrip) },
  ];
}

/** `median 21 ms, 99 % within 84 ms (last 256)` */
export function roundTripWords({ count, p50Ms, p99Ms }: StatusReport['hub']['roundTrip']): string {
  if (p50Ms === null || p99Ms === null) return 'none yet';
  return `median ${msWords(p50Ms)}, 99 % within ${msWords(p99Ms)} (last ${countWords(count)})`;
}

function msWords(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : countWords(ms)} ms`;
}

/** `a, b, c and 4 more` */
export function listWords(names: readonly string[], max = 3): string {
  if (names.length <= max) return names.join(', ');
  return `${names.slice(0, max).join(', ')} and ${countWords(names.length - max)} more`;
}

/**
 * Check of the permissions at the hub. A running gateway knows which filters are refused and which topics are not
 * acknowledged; nothing is sent. Without a gateway, `--permissions` tries each configured filter and topic.
 */
import { accessHub } from '../app/hub-access.ts';
import { hubPacketBytesMax, signsWith } from '../app/machines.ts';
import { filtersByConfig, sharedTopicsOf, topicsBySubdevice } from '../app/plan.ts';
import { newFacts } from '../base/events.ts';
import type { Config } from '../config/schema.ts';
import { driverNamed } from '../driver/drivers.ts';
import { refusalOf } from '../hub/client/connack.ts';
import { serviceUserOf } from '../io/service-user.ts';
import { evidenceWords, type HubSubscriptionsReport } from '../ops/conditions/hub-packet-words.ts';
import { remedyFor } from '../ops/conditions/hub-remedies.ts';
import { countOf } from '../ops/words.ts';
import { type Check, type CheckFinding, fail, ok, skipped, warn } from './check.ts';
import { configOf, type DoctorInput, noConfig } from './doctor-input.ts';
import { isStoreInUse } from './hub-checks.ts';
import {
  type PermissionAnswer,
  type PermissionPlan,
  type PermissionResult,
  tryPermissions,
} from './permission-trial.ts';

const CLOSE_MS_MAX = 1000;
/** Largest number of filters, and of topics, that are tried: each may take 3 s. */
const TRIED_MAX = 50;
/** Largest number of names in a finding. */
const NAMED_MAX = 8;

const REMEDY =
  'Give the gateway these permissions at the hub. holdfast hub subscriptions and holdfast dead-letters list show the reasons.';

/** @param isAllowed `--permissions` was given */
export function hubPermissions(isAllowed: boolean): Check {
  const id = 'hub.permissions';
  return {
    id,
    about: 'the hub grants the filters of the gateway and acknowledges its topics',
    msMax: 25_000,
    run: async (input, signal): Promise<readonly CheckFinding[]> => {
      const config = configOf(input);
      const { gateway } = input;
      if (gateway.kind === 'running') return [findingOfGateway(id, gateway)];
      if (config === undefined) return [skipped(id, noConfig(input))];
      if (gateway.kind !== 'absent' || isStoreInUse(input))
        return [skipped(id, 'A process uses the socket or the store of this gateway: it may be connected.')];
      const plan = permissionPlanOf(config);
      if (!isAllowed)
        return [
          skipped(
            id,
            `Not tried. To try them while the gateway is stopped, add --permissions: it sends ${trialWords(plan)}.`,
          ),
        ];
      return [await tryAll(id, input, { config, plan, signal })];
    },
  };
}

/**
 * Filters and topics that the configuration names, in the form of the hub. Shared topics for uplinks are left out: their
 * receiver expects a document, and may close the connection on an empty message.
 */
export function permissionPlanOf(config: Config): PermissionPlan {
  const [topicsOf, filtersOf] = [topicsBySubdevice(config), filtersByConfig(config)];
  const shared = sharedTopicsOf(config);
  const filters = new Set<string>();
  const topics = new Set<string>();
  for (const { id } of config.subdevices)
    for (const link of config.links) {
      if (link.allowedSubdevices?.includes(id) === false) continue;
      for (const filter of filtersOf(id, link.name) ?? []) addTo(filters, topicsOf(id).filterToHub(filter));
      for (const topic of driverNamed(link.driver).topicsFor(link.options, id))
        addTo(topics, topicsOf(id).toHub(topic));
    }
  const tried = [...topics].filter((topic) => !shared.hasUplinks(topic));
  return { filters: [...filters].slice(0, TRIED_MAX), topics: tried.slice(0, TRIED_MAX) };
}

function addTo(names: Set<string>, name: string | undefined): void {
  if (name !== undefined) names.add(name);
}

/** Packets of the trial, for the text before it. */
export function trialWords({ filters, topics }: PermissionPlan): string {
  const messages = topics.length === 0 ? 'no message' : `an empty message on ${countOf(topics.length, 'topic')}`;
  return `CONNECT, SUBSCRIBE for ${countOf(filters.length, 'filter')}, and ${messages}`;
}

function findingOfGateway(id: string, gateway: Extract<DoctorInput['gateway'], { kind: 'running' }>): CheckFinding {
  const { status, hubSubscriptions } = gateway;
  if (status.hub.state !== 'connected' && hubSubscriptions === undefined)
    return skipped(id, 'The gateway is not connected: see hub.connect.');
  const { refused, doubtful, granted } = filterWords(hubSubscriptions);
  const held = hubSubscriptions?.publishes ?? [];
  const setAside = held.filter(({ state }) => state === 'set aside').map((one) => `Held back: ${evidenceWords(one)}.`);
  const suspect = held.filter(({ state }) => state === 'suspect').map((one) => `Suspected: ${evidenceWords(one)}.`);
  const unacknowledged = status.conditions
    .filter(({ code }) => code === 'hub-pubacks-missing' || code === 'dead-letters')
    .map(({ sentence }) => sentence);
  const certain = [...refused, ...setAside];
  const others = [...doubtful, ...suspect, ...unacknowledged];
  if (certain.length + others.length === 0)
    return ok(id, `${countOf(granted, 'filter')} granted; every topic in use is acknowledged.`);
  const facts = [...certain, ...others].slice(0, NAMED_MAX);
  return certain.length > 0 ? fail(id, facts, REMEDY) : warn(id, facts, REMEDY);
}

interface FilterWords {
  readonly refused: readonly string[];
  readonly doubtful: readonly string[];
  readonly granted: number;
}

function filterWords(report: HubSubscriptionsReport | undefined): FilterWords {
  const all = report?.subscriptions ?? [];
  const words = ({ filter, reason, wantedBy }: (typeof all)[number], what: string): string =>
    `Filter ${filter} of ${wantedBy.join(', ') || 'the gateway'}: ${reason ?? what}.`;
  return {
    refused: all
      .filter(({ state }) => state === 'refused' || state === 'set aside')
      .map((one) => words(one, `${one.state} by the hub`)),
    doubtful: all
      .filter(({ state }) => state === 'unanswered' || state === 'suspect' || state === 'granted with QoS 0')
      .map((one) => words(one, one.state)),
    granted: all.filter(({ state }) => state === 'granted').length,
  };
}

interface TrialParts {
  readonly config: Config;
  readonly plan: PermissionPlan;
  readonly signal: AbortSignal;
}

async function tryAll(id: string, { clock }: DoctorInput, { config, plan, signal }: TrialParts): Promise<CheckFinding> {
  const { hub } = config;
  const runAs = serviceUserOf(config.gateway.stateDir);
  const access = await accessHub({ hub, clock, facts: newFacts(), closeMsMax: CLOSE_MS_MAX, runAs });
  const credentials = () => access.credentials(clock.wallMs());
  const trial = { open: access.openWithPassword, credentials, packetBytesMax: hubPacketBytesMax(config), signal };
  const result = await tryPermissions(trial, plan);
  access.end();
  return findingOfTrial(id, result, config);
}

const ANSWER_WORDS: Readonly<Record<PermissionAnswer, string>> = {
  granted: 'granted',
  refused: 'refused (0x80)',
  'no answer': 'no answer',
  closed: 'the hub closed the connection on it',
  'not tried': 'not tried, because the connection ended before',
};

function findingOfTrial(id: string, { connect, filters, topics }: PermissionResult, { hub }: Config): CheckFinding {
  const refusal = refusalOf(connect.returnCode ?? 0, signsWith(hub.credentials));
  if (refusal !== undefined) return fail(id, `${refusal.reason}.`, refusal.remedy);
  if (connect.returnCode === undefined)
    return fail(id, `${connect.problem ?? 'no connection'}.`, remedyFor(connect.problem).hint);
  const of = (what: string, answers: ReadonlyMap<string, PermissionAnswer>) =>
    [...answers].map(([name, answer]) => ({ answer, fact: `${what} ${name}: ${ANSWER_WORDS[answer]}.` }));
  const all = [...of('Filter', filters), ...of('Topic', topics)];
  const denied = all.filter(({ answer }) => answer === 'refused' || answer === 'closed');
  const open = all.filter(({ answer }) => answer === 'no answer' || answer === 'not tried');
  const proof = 'Some hubs acknowledge a message without permission and discard it, so a PUBACK proves no permission.';
  if (denied.length + open.length === 0)
    return ok(
      id,
      `${countOf(filters.size, 'filter')} granted, ${countOf(topics.size, 'topic')} acknowledged. ${proof}`,
    );
  const facts = [...denied, ...open].slice(0, NAMED_MAX).map(({ fact }) => fact);
  return denied.length > 0 ? fail(id, facts, REMEDY) : warn(id, facts, REMEDY);
}

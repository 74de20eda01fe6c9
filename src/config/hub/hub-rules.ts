/**
 * Rules across the keys of the hub section, and rules of the identities at the hub. Each profile has its own keys and
 * limits. A key of another profile is a problem and is not ignored, because its author expects an effect.
 */
import { topicProblem } from '../../base/topic.ts';
import type { SubdeviceSection } from '../keys.ts';
import type { Problem } from '../kinds/problem.ts';
import type { Sections } from '../sections.ts';
import { hostProblems } from './host-rules.ts';
import type { HubSection } from './hub-keys.ts';
import { HUB_KEEP_ALIVE_S, PROFILE_DEFAULTS, TOPIC_PLACEHOLDERS } from './profiles.ts';
import { tlsProblems, usesClientCertificate } from './tls-rules.ts';

const HUB_PROFILE_KEYS = ['product_id', 'device_name', 'device_secret_file'] as const;
const HUB_PROFILE_OPTIONS = ['sign_method', 'bind', 'operations_batch_max'] as const;
const GENERIC_KEYS = ['client_id', 'username', 'password_file'] as const;

export function hubProblems({ gateway, hub }: Sections): Problem[] {
  if (hub === undefined) return [];
  const template = hub.topic_template ?? PROFILE_DEFAULTS[hub.profile].topic_template;
  const problems = [
    ...hostProblems(hub),
    ...tlsProblems(hub),
    ...templateProblems(template, hub),
    ...resyncProblems(hub),
    ...reconnectProblems(hub),
  ];
  if (hub.profile === 'generic') return [...genericProblems(hub), ...problems];
  if (gateway?.accept_unknown_subdevices) {
    problems.push({
      path: 'gateway.accept_unknown_subdevices',
      what: `is true, and hub.profile is "${hub.profile}"`,
      hint: 'The hub serves only subdevices that are bound to the gateway: add a [[subdevice]] for each.',
    });
  }
  return [...hubProfileProblems(hub), ...retainProblems(hub), ...problems, ...limitProblems(hub)];
}

function genericProblems(hub: HubSection): Problem[] {
  const ineffective = [...HUB_PROFILE_KEYS, ...HUB_PROFILE_OPTIONS]
    .filter((key) => hub[key] !== undefined)
    .map((key) => ineffectiveKey(`hub.${key}`, 'generic'));
  if (hub.password_file === undefined || hub.username !== undefined) return ineffective;
  // [MQTT-3.1.2-22]: a password requires a user name.
  return [
    ...ineffective,
    { path: 'hub.username', what: 'is missing, but password_file is set', hint: 'Add the user name.' },
  ];
}

function hubProfileProblems(hub: HubSection): Problem[] {
  const ineffective = GENERIC_KEYS.filter((key) => hub[key] !== undefined).map((key) =>
    ineffectiveKey(`hub.${key}`, hub.profile),
  );
  const missing = HUB_PROFILE_KEYS.filter((key) => hub[key] === undefined)
    .filter((key) => key !== 'device_secret_file' || !usesClientCertificate(hub))
    .map((key) => missingKey(`hub.${key}`, hub.profile));
  return [...ineffective, ...missing];
}

function retainProblems({ profile, retain }: HubSection): Problem[] {
  if (!retain) return [];
  const hint = 'Remove this key: the hub does not support RETAIN. It delivers messages without RETAIN.';
  return [{ path: 'hub.retain', what: `is true, and hub.profile is "${profile}"`, hint }];
}

function ineffectiveKey(path: string, profile: string): Problem {
  return { path, what: `has no effect with profile "${profile}"`, hint: 'Remove this key, or correct hub.profile.' };
}

function missingKey(path: string, profile: string): Problem {
  const hint = 'Copy the value from the console of the hub.';
  return { path, what: `is missing; profile "${profile}" requires it`, hint };
}

function reconnectProblems(hub: HubSection): Problem[] {
  const floorMs = hub.reconnect_floor_ms ?? PROFILE_DEFAULTS[hub.profile].reconnect_floor_ms;
  if (floorMs <= hub.reconnect_ceiling_ms) return [];
  return [
    {
      path: 'hub.reconnect_ceiling_ms',
      what: `is ${hub.reconnect_ceiling_ms}, less than reconnect_floor_ms (${floorMs})`,
      hint: 'Increase this value, or decrease reconnect_floor_ms.',
    },
  ];
}

function resyncProblems({ resync_topic: topic }: HubSection): Problem[] {
  const what = topic === undefined ? undefined : topicProblem(topic)?.problem;
  if (what === undefined) return [];
  return [
    {
      path: 'hub.resync_topic',
      what: `is not a topic for PUBLISH: ${what}`,
      hint: 'Write one topic without wildcards to which the gateway may publish.',
    },
  ];
}

/** Smallest payload limit: a `bind` of one subdevice with the longest names takes about 330 bytes. */
const REQUEST_BYTES = 512;

/** Limits of the hub. Beyond them the hub rejects a message, drops it silently, or closes the connection. */
function limitProblems(hub: HubSection): Problem[] {
  const limits = PROFILE_DEFAULTS[hub.profile];
  const filtersMax = limits.subscriptions_max === 0 ? Number.POSITIVE_INFINITY : limits.subscriptions_max;
  const filtersMin = limits.subscriptions_max === 0 ? 0 : 1;
  return [
    ...rangeProblems(hub, 'keep_alive_s', HUB_KEEP_ALIVE_S.min, HUB_KEEP_ALIVE_S.max),
    ...rangeProblems(hub, 'messages_per_s', 1, limits.messages_per_s),
    ...rangeProblems(hub, 'payload_bytes_max', REQUEST_BYTES, limits.payload_bytes_max),
    ...rangeProblems(hub, 'topic_bytes_max', 16, limits.topic_bytes_max),
    ...rangeProblems(hub, 'topic_slashes_max', 1, limits.topic_slashes_max),
    ...rangeProblems(hub, 'reconnect_floor_ms', limits.reconnect_floor_ms, Number.POSITIVE_INFINITY),
    ...rangeProblems(hub, 'subscriptions_max', filtersMin, filtersMax),
  ];
}

type BoundedKey = Extract<
  keyof HubSection,
  | 'keep_alive_s'
  | 'messages_per_s'
  | 'payload_bytes_max'
  | 'topic_bytes_max'
  | 'topic_slashes_max'
  | 'reconnect_floor_ms'
  | 'subscriptions_max'
>;

function rangeProblems(hub: HubSection, key: BoundedKey, ...[min, max]: [number, number]): Problem[] {
  const value = hub[key];
  if (value === undefined || (value >= min && value <= max)) return [];
  const range = max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`;
  return [
    {
      path: `hub.${key}`,
      what: `is ${value}, which the hub does not allow`,
      hint: `Profile "${hub.profile}" allows ${range}. Without this key, the gateway uses the best value.`,
    },
  ];
}

/** Each level is a fixed word or one placeholder, so that a topic of the hub identifies one subdevice. */
function templateProblems(template: string, hub: HubSection): Problem[] {
  const problem = (what: string, hint: string): Problem[] => [{ path: 'hub.topic_template', what, hint }];
  const known = TOPIC_PLACEHOLDERS[hub.profile];
  const allowed = `Allowed placeholders: ${known.map((name) => `{${name}}`).join(', ')}.`;
  const levels = template.split('/');
  const placeholders = levels.flatMap((level) => /^\{(.*)\}$/.exec(level)?.[1] ?? []);
  const unknown = placeholders.find((name) => !known.includes(name));
  if (unknown !== undefined)
    return problem(`has {${unknown}}, which is not a placeholder of profile "${hub.profile}"`, allowed);
  const isMixed = levels.some((level) => /[{}]/.test(level) && !/^\{[a-z_]+\}$/.test(level));
  if (isMixed) return problem('has braces inside a level', `A placeholder must be a whole level. ${allowed}`);
  if (placeholders.indexOf('topic') !== placeholders.length - 1 || levels.at(-1) !== '{topic}') {
    return problem('must contain {topic} once, as the last level', 'Write {topic} as the last level only.');
  }
  const unusable = topicProblem(template)?.problem ?? (template.startsWith('$') ? 'it begins with $' : undefined);
  if (unusable !== undefined)
    return problem(`is not a topic for PUBLISH: ${unusable}`, 'Use placeholders and words, no +, # or leading $.');
  const identifying = hub.profile === 'generic' ? ['subdevice'] : ['subdevice', 'device_name'];
  if (placeholders.some((name) => identifying.includes(name))) return [];
  return problem('does not identify the subdevice', `Add {${identifying.at(-1)}} as a level.`);
}

/** Rules of identities. Hub profiles: every subdevice has an identity at the hub, and all identities differ. */
export function identityProblems(
  hub: HubSection | undefined,
  subdevices: readonly { readonly path: string; readonly section: SubdeviceSection }[],
): Problem[] {
  if (hub === undefined) return [];
  const ownerOf = new Map<string, string>([[`${hub.product_id}/${hub.device_name}`, 'hub']]);
  return subdevices.flatMap(({ path, section }) => {
    const keys = ['product_id', 'device_name'] as const;
    if (hub.profile === 'generic') {
      const known = [...keys, 'device_secret_file'] as const;
      return known
        .filter((key) => section[key] !== undefined)
        .map((key) => ineffectiveKey(`${path}.${key}`, 'generic'));
    }
    const missing = keys.filter((key) => section[key] === undefined);
    if (missing.length > 0) return missing.map((key) => missingKey(`${path}.${key}`, hub.profile));
    const identity = `${section.product_id}/${section.device_name}`;
    const owner = ownerOf.get(identity);
    if (owner === undefined) ownerOf.set(identity, path);
    if (owner === undefined) return [];
    return [
      {
        path: `${path}.device_name`,
        what: `results in the identity ${identity}, which ${owner} also has`,
        hint: 'Give each subdevice a different identity.',
      },
    ];
  });
}

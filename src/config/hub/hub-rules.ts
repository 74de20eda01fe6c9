/**
 * What must hold within the hub section and for the identities at the hub. Each profile has keys of its own and bounds
 * of its own; a key of the wrong profile is a problem rather than ignored, since somebody meant something by it.
 */
import { topicProblem } from '../../base/topic.ts';
import type { HubSection, SubdeviceSection } from '../keys.ts';
import type { Problem } from '../kinds/problem.ts';
import type { Sections } from '../sections.ts';
import { hostProblems } from './host-rules.ts';
import { HUB_KEEP_ALIVE_S, PROFILE_DEFAULTS, TOPIC_PLACEHOLDERS } from './profiles.ts';
import { provesByCertificate, tlsProblems } from './tls-rules.ts';

const SIGNED_KEYS = ['product_id', 'device_name', 'device_secret_file'] as const;
const SIGNED_CHOICES = ['sign_method', 'bind', 'operations_batch_max'] as const;
const GENERIC_KEYS = ['client_id', 'username', 'password_file'] as const;

export function hubProblems({ gateway, hub }: Sections): Problem[] {
  if (hub === undefined) return [];
  const template = hub.topic_template ?? PROFILE_DEFAULTS[hub.profile].topicTemplate;
  const problems = [
    ...hostProblems(hub),
    ...tlsProblems(hub),
    ...templateProblems(template, hub),
    ...resyncProblems(hub),
    ...pauseProblems(hub),
  ];
  if (hub.profile === 'generic') return [...genericProblems(hub), ...problems];
  if (gateway?.accept_unknown_subdevices) {
    problems.push({
      path: 'gateway.accept_unknown_subdevices',
      what: `is true, and hub.profile is "${hub.profile}"`,
      hint: 'The hub serves only subdevices that are bound to the gateway: configure each as a [[subdevice]].',
    });
  }
  return [...signedProblems(hub), ...retainProblems(hub), ...problems, ...ceilingProblems(hub)];
}

function genericProblems(hub: HubSection): Problem[] {
  const foreign = [...SIGNED_KEYS, ...SIGNED_CHOICES]
    .filter((key) => hub[key] !== undefined)
    .map((key) => foreignKey(`hub.${key}`, 'generic'));
  if (hub.password_file === undefined || hub.username !== undefined) return foreign;
  // [MQTT-3.1.2-22]: no user name, no password.
  return [
    ...foreign,
    { path: 'hub.username', what: 'is missing, and there is a password_file', hint: 'Add the user name.' },
  ];
}

function signedProblems(hub: HubSection): Problem[] {
  const foreign = GENERIC_KEYS.filter((key) => hub[key] !== undefined).map((key) =>
    foreignKey(`hub.${key}`, hub.profile),
  );
  const missing = SIGNED_KEYS.filter((key) => hub[key] === undefined)
    .filter((key) => key !== 'device_secret_file' || !provesByCertificate(hub))
    .map((key) => missingKey(`hub.${key}`, hub.profile));
  return [...foreign, ...missing];
}

function retainProblems({ profile, retain }: HubSection): Problem[] {
  if (!retain) return [];
  const hint = 'Remove it: the hub does not support RETAIN, and publishes without it are delivered.';
  return [{ path: 'hub.retain', what: `is true, and hub.profile is "${profile}"`, hint }];
}

function foreignKey(path: string, profile: string): Problem {
  return { path, what: `has no meaning with profile "${profile}"`, hint: 'Remove it, or correct hub.profile.' };
}

function missingKey(path: string, profile: string): Problem {
  return { path, what: `is missing; profile "${profile}" needs it`, hint: 'Copy it from the hub’s console.' };
}

function pauseProblems(hub: HubSection): Problem[] {
  const floorMs = hub.reconnect_floor_ms ?? PROFILE_DEFAULTS[hub.profile].reconnectFloorMs;
  if (floorMs <= hub.reconnect_ceiling_ms) return [];
  return [
    {
      path: 'hub.reconnect_ceiling_ms',
      what: `is ${hub.reconnect_ceiling_ms}, less than reconnect_floor_ms, which is ${floorMs}`,
      hint: 'Raise it, or lower reconnect_floor_ms.',
    },
  ];
}

function resyncProblems({ resync_topic: topic }: HubSection): Problem[] {
  const what = topic === undefined ? undefined : topicProblem(topic)?.problem;
  if (what === undefined) return [];
  return [
    {
      path: 'hub.resync_topic',
      what: `is no topic one can publish to: ${what}`,
      hint: 'Name one topic that the gateway may publish to, without wildcards.',
    },
  ];
}

/** A `bind` of one subdevice with the longest names takes some 330 bytes: with less room nobody could be announced or bound. */
const REQUEST_BYTES = 512;

/** The hub's own ceilings: beyond them it refuses, drops without a word, or hangs up. */
function ceilingProblems(hub: HubSection): Problem[] {
  const limits = PROFILE_DEFAULTS[hub.profile];
  const filtersMax = limits.subscriptionsMax === 0 ? Number.POSITIVE_INFINITY : limits.subscriptionsMax;
  const filtersMin = limits.subscriptionsMax === 0 ? 0 : 1;
  return [
    ...outside(hub, 'keep_alive_s', HUB_KEEP_ALIVE_S.min, HUB_KEEP_ALIVE_S.max),
    ...outside(hub, 'messages_per_s', 1, limits.messagesPerS),
    ...outside(hub, 'payload_bytes_max', REQUEST_BYTES, limits.payloadBytesMax),
    ...outside(hub, 'topic_bytes_max', 16, limits.topicBytesMax),
    ...outside(hub, 'topic_slashes_max', 1, limits.topicSlashesMax),
    ...outside(hub, 'reconnect_floor_ms', limits.reconnectFloorMs, Number.POSITIVE_INFINITY),
    ...outside(hub, 'subscriptions_max', filtersMin, filtersMax),
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

function outside(hub: HubSection, key: BoundedKey, ...[min, max]: [number, number]): Problem[] {
  const value = hub[key];
  if (value === undefined || (value >= min && value <= max)) return [];
  const range = max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`;
  return [
    {
      path: `hub.${key}`,
      what: `is ${value}, which the hub does not allow`,
      hint: `Profile "${hub.profile}" allows ${range}; leave it out for the best value.`,
    },
  ];
}

/** Each level is a fixed word or one placeholder, so that a topic of the hub leads back to one subdevice. */
function templateProblems(template: string, hub: HubSection): Problem[] {
  const problem = (what: string, hint: string): Problem[] => [{ path: 'hub.topic_template', what, hint }];
  const known = TOPIC_PLACEHOLDERS[hub.profile];
  const listed = `The placeholders are ${known.map((name) => `{${name}}`).join(', ')}.`;
  const levels = template.split('/');
  const placeholders = levels.flatMap((level) => /^\{(.*)\}$/.exec(level)?.[1] ?? []);
  const unknown = placeholders.find((name) => !known.includes(name));
  if (unknown !== undefined)
    return problem(`has {${unknown}}, which means nothing with profile "${hub.profile}"`, listed);
  const isMixed = levels.some((level) => /[{}]/.test(level) && !/^\{[a-z_]+\}$/.test(level));
  if (isMixed) return problem('has braces inside a level', `A placeholder is a level of its own. ${listed}`);
  if (placeholders.indexOf('topic') !== placeholders.length - 1 || levels.at(-1) !== '{topic}') {
    return problem('does not end in {topic}, or has it twice', 'Put {topic} at the end, once.');
  }
  const unusable = topicProblem(template)?.problem ?? (template.startsWith('$') ? 'begins with $' : undefined);
  if (unusable !== undefined)
    return problem(`is no topic one can publish to: ${unusable}`, 'Use plain words between the slashes.');
  const whose = hub.profile === 'generic' ? ['subdevice'] : ['subdevice', 'device_name'];
  if (placeholders.some((name) => whose.includes(name))) return [];
  return problem('does not say which subdevice it is', `Add {${whose.at(-1)}} as a level.`);
}

/** Hub profiles: every subdevice has an identity at the hub, and no two the same. */
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
      return known.filter((key) => section[key] !== undefined).map((key) => foreignKey(`${path}.${key}`, 'generic'));
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
        what: `makes it ${identity}, as ${owner} is`,
        hint: 'Give each its own identity.',
      },
    ];
  });
}

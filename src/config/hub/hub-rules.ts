/**
 * Rules across the keys of the hub section, and rules of the identities at the hub. Each profile has its own keys and
 * limits. A key of another profile is reported as a problem, because the author of the file expects an effect.
 */
import { topicProblem } from '../../base/topic.ts';
import type { GatewaySection, SubdeviceSection } from '../keys.ts';
import { applyRules, whereKnown } from '../kinds/known.ts';
import { type Placed, placed } from '../kinds/placed.ts';
import type { Problem } from '../kinds/problem.ts';
import type { Sections } from '../sections.ts';
import { hostPartsOf } from './host-parts.ts';
import type { HubSection } from './hub-keys.ts';
import { PASSWORD_RULES } from './password-rules.ts';
import { HUB_KEEP_ALIVE_S, PROFILE_DEFAULTS, type ProfileDefaults } from './profiles.ts';
import { routeProblems } from './route-rules.ts';
import { tlsProblems, usesClientCertificate } from './tls-rules.ts';

const HUB_PROFILE_KEYS = ['product_id', 'device_name', 'device_secret_file'] as const;
const HUB_PROFILE_OPTIONS = ['sign_method', 'bind', 'operations_batch_max'] as const;
const IDENTITY_KEYS = ['product_id', 'device_name'] as const;
const GENERIC_KEYS = ['client_id', 'username', 'password_file', 'password_command', 'password_renew_s'] as const;

export function hubProblems({ gateway, hub }: Sections): Problem[] {
  return [
    ...applyRules(HUB_RULES, hub),
    ...whereKnown(() => unknownSubdeviceProblems(gateway, hub)),
    ...whereKnown(() => limitProblems(hub)),
  ];
}

const HUB_RULES: readonly ((hub: HubSection) => readonly Problem[])[] = [
  ineffectiveKeyProblems,
  ...PASSWORD_RULES,
  missingKeyProblems,
  retainProblems,
  hostProblems,
  routeProblems,
  tlsProblems,
  resyncProblems,
  reconnectProblems,
];

function ineffectiveKeyProblems(hub: HubSection): Problem[] {
  const keys = hub.profile === 'generic' ? [...HUB_PROFILE_KEYS, ...HUB_PROFILE_OPTIONS] : GENERIC_KEYS;
  return keys.flatMap((key) =>
    whereKnown(() => (hub[key] === undefined ? [] : [ineffectiveKey(`hub.${key}`, hub.profile)])),
  );
}

function missingKeyProblems(hub: HubSection): Problem[] {
  if (hub.profile === 'generic') return [];
  return HUB_PROFILE_KEYS.flatMap((key) =>
    whereKnown(() => {
      if (hub[key] !== undefined || (key === 'device_secret_file' && usesClientCertificate(hub))) return [];
      return [missingKey(`hub.${key}`, hub.profile)];
    }),
  );
}

function unknownSubdeviceProblems(gateway: GatewaySection, hub: HubSection): Problem[] {
  if (hub.profile === 'generic' || !gateway.accept_unknown_subdevices) return [];
  return [
    {
      path: 'gateway.accept_unknown_subdevices',
      what: `is true, and hub.profile is "${hub.profile}"`,
      hint: 'The hub serves only subdevices that are bound to the gateway: add a [[subdevice]] for each.',
    },
  ];
}

function retainProblems({ profile, retain }: HubSection): Problem[] {
  if (profile === 'generic' || !retain) return [];
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

/** Smallest payload limit in bytes: a `bind` of one subdevice with the longest names takes about 330 bytes. */
const REQUEST_BYTES = 512;

/**
 * Reports values beyond the limits of the hub. Beyond a limit, the hub rejects a message, drops it silently, or closes
 * the connection.
 */
function limitProblems(hub: HubSection): Problem[] {
  if (hub.profile === 'generic') return [];
  const limits = PROFILE_DEFAULTS[hub.profile];
  const filtersMax = limits.subscriptions_max === 0 ? Number.POSITIVE_INFINITY : limits.subscriptions_max;
  const filtersMin = limits.subscriptions_max === 0 ? 0 : 1;
  const ranges: readonly (readonly [BoundedKey, number, number])[] = [
    ['keep_alive_s', HUB_KEEP_ALIVE_S.min, HUB_KEEP_ALIVE_S.max],
    ['messages_per_s', 1, limits.messages_per_s],
    ['payload_bytes_max', REQUEST_BYTES, limits.payload_bytes_max],
    ['topic_bytes_max', 16, limits.topic_bytes_max],
    ['topic_slashes_max', 1, limits.topic_slashes_max],
    ['reconnect_floor_ms', limits.reconnect_floor_ms, Number.POSITIVE_INFINITY],
    ['subscriptions_max', filtersMin, filtersMax],
  ];
  return ranges.flatMap(([key, min, max]) => whereKnown(() => rangeProblems(hub, key, [min, max])));
}

/** Key with a range of its own in each profile. */
type BoundedKey = Exclude<keyof ProfileDefaults, 'sign_method' | 'bind' | 'operations_batch_max' | 'topic_template'>;

function rangeProblems(hub: HubSection, key: BoundedKey, [min, max]: readonly [number, number]): Problem[] {
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

/** Rules of identities. Hub profiles: every subdevice has an identity at the hub, and all identities differ. */
export function identityProblems({ hub, subdevices: sections }: Sections): Problem[] {
  const subdevices = placed('subdevice', sections);
  if (hub.profile !== 'generic') {
    const missing = subdevices.flatMap((subdevice) => missingIdentityProblems(subdevice, hub.profile));
    return [...missing, ...sharedIdentityProblems(hub, subdevices)];
  }
  // If the hub has keys of another profile as well, the profile is the mistake.
  if (ineffectiveKeyProblems(hub).length > 0) return [];
  return subdevices.flatMap(({ path, section }) =>
    [...IDENTITY_KEYS, 'device_secret_file' as const].flatMap((key) =>
      whereKnown(() => (section[key] === undefined ? [] : [ineffectiveKey(`${path}.${key}`, 'generic')])),
    ),
  );
}

function missingIdentityProblems({ path, section }: Placed<SubdeviceSection>, profile: string): Problem[] {
  return IDENTITY_KEYS.flatMap((key) =>
    whereKnown(() => (section[key] === undefined ? [missingKey(`${path}.${key}`, profile)] : [])),
  );
}

function sharedIdentityProblems(hub: HubSection, subdevices: readonly Placed<SubdeviceSection>[]): Problem[] {
  const ownerOf = new Map<string, string>();
  return [{ path: 'hub', section: hub }, ...subdevices].flatMap(({ path, section }) =>
    whereKnown(() => {
      if (section.product_id === undefined || section.device_name === undefined) return [];
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
    }),
  );
}

/** Rules of `hub.host`: a host name or an address. The other parts of a URL are rejected with a hint. */
function hostProblems({ host }: HubSection): Problem[] {
  const path = 'hub.host';
  const parts = hostPartsOf(host);
  if (parts === undefined)
    return [{ path, what: `is "${host}", not a host name or an address`, hint: 'Write the host name only.' }];
  const { name, port, isSecure, isWebSocket, path: urlPath, extras } = parts;
  if (extras.length === 0) return [];
  const instead = [
    `host = "${name}"`,
    ...(port === undefined || port === '' ? [] : [`port = ${port}`]),
    ...(isSecure ? ['tls = "on"'] : []),
    ...(isWebSocket ? ['transport = "ws"'] : []),
    ...(isWebSocket && urlPath !== undefined ? [`ws_path = "${urlPath}"`] : []),
  ];
  const without = extras.map((extra) => extra.replace(/^a /, '')).join(' and ');
  const what = `is "${host}", with ${extras.join(' and ')}; only the host name or address is allowed`;
  return [{ path, what, hint: `Write the host without ${without}: ${instead.join(', and below it ')}.` }];
}

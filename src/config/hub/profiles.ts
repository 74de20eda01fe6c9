/**
 * Defaults and limits of each hub profile: values for keys that are not in the file, and the allowed ranges.
 * Source: the hub's published limits (international and mainland pages) and MQTT 3.1.1 for `generic`.
 */
import type { SignMethod } from '../../base/hub-identity.ts';
import { groupedByValue } from '../kinds/key-kinds.ts';

export const PROFILES = ['generic', 'intl', 'mainland'] as const;
export type HubProfile = (typeof PROFILES)[number];

/**
 * Defaults of keys that only hub profiles have. The vendor's SDKs send one device in a request. 64 devices in a request
 * are fast enough.
 */
const HUB_PROFILE_ONLY = {
  sign_method: 'hmacsha256' as SignMethod,
  bind: 'manual' as 'manual' | 'auto',
  operations_batch_max: 64,
};

/**
 * Limits of the IoT hub: one CONNECT in 5 s, 30 or 20 messages/s, payloads of 16 KiB, topics of 255 bytes; 100 filters
 * on the mainland.
 */
const HUB_DEFAULTS = {
  ...HUB_PROFILE_ONLY,
  topic_template: '{product_id}/{device_name}/{topic}',
  keep_alive_s: 240,
  messages_per_s: 30,
  payload_bytes_max: 16_384,
  topic_bytes_max: 255,
  topic_slashes_max: 10,
  reconnect_floor_ms: 5000,
  subscriptions_max: 0,
};

/** Defaults in the notation of the file. */
export type ProfileDefaults = Readonly<typeof HUB_DEFAULTS>;

export const PROFILE_DEFAULTS: Readonly<Record<HubProfile, ProfileDefaults>> = {
  generic: {
    ...HUB_PROFILE_ONLY,
    topic_template: '{gateway}/{subdevice}/{topic}',
    keep_alive_s: 60,
    messages_per_s: 0,
    payload_bytes_max: 262_144,
    topic_bytes_max: 65_535,
    topic_slashes_max: 0,
    reconnect_floor_ms: 1000,
    subscriptions_max: 0,
  },
  intl: HUB_DEFAULTS,
  mainland: { ...HUB_DEFAULTS, messages_per_s: 20, topic_slashes_max: 6, subscriptions_max: 100 },
};

/**
 * Range of the keep alive. The hub rejects less than 60 s (mainland) and more than 850 s. The SDK of the hub allows at
 * most 690 s.
 */
export const HUB_KEEP_ALIVE_S = { min: 60, max: 690 } as const;

/** Placeholders of a topic template for the names of the gateway and of the subdevice, by profile. */
export const NAME_PLACEHOLDERS: Readonly<Record<HubProfile, readonly string[]>> = {
  generic: ['gateway', 'subdevice'],
  intl: ['gateway', 'subdevice', 'product_id', 'device_name'],
  mainland: ['gateway', 'subdevice', 'product_id', 'device_name'],
};

/** Text of a default that depends on the profile: `60 (generic), 240 (intl, mainland)`. */
export function byProfile(key: keyof ProfileDefaults): string {
  return groupedByValue(PROFILES.map((profile) => [profile, PROFILE_DEFAULTS[profile][key]]));
}

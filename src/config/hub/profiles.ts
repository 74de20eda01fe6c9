/**
 * Defaults and limits of each hub profile: values for keys that are not in the file, and the allowed ranges.
 * Source: the hub's published limits (international and mainland pages) and MQTT 3.1.1 for `generic`.
 */

export type HubProfile = 'generic' | 'intl' | 'mainland';

export interface ProfileDefaults {
  readonly topicTemplate: string;
  readonly keepAliveS: number;
  readonly messagesPerS: number;
  readonly payloadBytesMax: number;
  readonly topicBytesMax: number;
  readonly topicSlashesMax: number;
  readonly reconnectFloorMs: number;
  readonly subscriptionsMax: number;
}

/**
 * Limits of the IoT hub: one CONNECT in 5 s, 30 or 20 messages/s, payloads of 16 KiB, topics of 255 bytes; 100 filters
 * on the mainland.
 */
const HUB_DEFAULTS: ProfileDefaults = {
  topicTemplate: '{product_id}/{device_name}/{topic}',
  keepAliveS: 240,
  messagesPerS: 30,
  payloadBytesMax: 16_384,
  topicBytesMax: 255,
  topicSlashesMax: 10,
  reconnectFloorMs: 5000,
  subscriptionsMax: 0,
};

export const PROFILE_DEFAULTS: Readonly<Record<HubProfile, ProfileDefaults>> = {
  generic: {
    topicTemplate: '{gateway}/{subdevice}/{topic}',
    keepAliveS: 60,
    messagesPerS: 0,
    payloadBytesMax: 262_144,
    topicBytesMax: 65_535,
    topicSlashesMax: 0,
    reconnectFloorMs: 1000,
    subscriptionsMax: 0,
  },
  intl: HUB_DEFAULTS,
  mainland: { ...HUB_DEFAULTS, messagesPerS: 20, topicSlashesMax: 6, subscriptionsMax: 100 },
};

/** Range of the keep alive. The hub rejects less than 60 s (mainland) and more than 850 s; its SDK allows 690 s. */
export const HUB_KEEP_ALIVE_S = { min: 60, max: 690 } as const;

/** Placeholders of a topic template, by profile; `{topic}` is the topic that the subdevice uses. */
export const TOPIC_PLACEHOLDERS: Readonly<Record<HubProfile, readonly string[]>> = {
  generic: ['gateway', 'subdevice', 'topic'],
  intl: ['gateway', 'subdevice', 'product_id', 'device_name', 'topic'],
  mainland: ['gateway', 'subdevice', 'product_id', 'device_name', 'topic'],
};

export const PROFILES: readonly HubProfile[] = ['generic', 'intl', 'mainland'];

/** Text of a default that depends on the profile: `60 (generic), 240 (intl, mainland)`. */
export function byProfile(key: keyof ProfileDefaults): string {
  return groupedByValue(PROFILES.map((profile) => [profile, PROFILE_DEFAULTS[profile][key]]));
}

/**
 * Returns each value once, with its names: `60 (generic), 240 (intl, mainland)`.
 * @param choices name and value
 */
export function groupedByValue(choices: readonly (readonly [string, string | number])[]): string {
  const byValue = Map.groupBy(choices, ([, value]) => JSON.stringify(value));
  return [...byValue].map(([value, group]) => `${value} (${group.map(([name]) => name).join(', ')})`).join(', ');
}

/**
 * What each profile of hub decides where the file is silent, and the bounds the file may not leave.
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

/** The hub takes one CONNECT in 5 s, 30 or 20 messages a second, 16 KiB each, topics of 255 bytes; 100 filters on the mainland. */
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

/** The hub refuses less than 60 s (mainland) and more than 850 s; its own SDK goes no higher than 690 s. */
export const HUB_KEEP_ALIVE_S = { min: 60, max: 690 } as const;

/** The placeholders of a topic template, by profile; `{topic}` is the subdevice's own name for the topic. */
export const TOPIC_PLACEHOLDERS: Readonly<Record<HubProfile, readonly string[]>> = {
  generic: ['gateway', 'subdevice', 'topic'],
  intl: ['gateway', 'subdevice', 'product_id', 'device_name', 'topic'],
  mainland: ['gateway', 'subdevice', 'product_id', 'device_name', 'topic'],
};

export const PROFILES: readonly HubProfile[] = ['generic', 'intl', 'mainland'];

/** A default in words, where the profile decides: `60 (generic), 240 (intl, mainland)`. */
export function byProfile(key: keyof ProfileDefaults): string {
  return inWords(PROFILES.map((profile) => [profile, PROFILE_DEFAULTS[profile][key]]));
}

/** `60 (generic), 240 (intl, mainland)`; @param choices name → value */
export function inWords(choices: readonly (readonly [string, string | number])[]): string {
  const byValue = Map.groupBy(choices, ([, value]) => JSON.stringify(value));
  return [...byValue].map(([value, who]) => `${value} (${who.map(([name]) => name).join(', ')})`).join(', ');
}

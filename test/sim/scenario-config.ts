/** Configuration and credentials of the gateway, and rules of the bench hub, for a scenario. */
import { type HubRules, PROFILES } from '../../src/bench/hub/bench-rules.ts';
import { decodeEnvelopeNames } from '../../src/config/envelope-config.ts';
import { parseConfig } from '../../src/config/parse.ts';
import type { Config } from '../../src/config/schema.ts';
import { type Credentials, signCredentials } from '../../src/hub/client/credentials.ts';
import { Envelope } from '../../src/outbox/envelope.ts';
import { linksOf, linkText } from './line-protocols.ts';
import type { Scenario } from './scenario.ts';
import { hubNameOf, sharedDownlinkTopic, sharedTopicsText } from './shared-documents.ts';

const PRODUCT = 'GATEWAY001';
const SUB_PRODUCT = 'SUBDEVICE1';
const DEVICE = 'gw-1';
/** Keys of own topics of the subdevices, with profile generic. */
export const GENERIC_FIRMWARE_TOPICS = { offer_topic: 'firmware/offer', report_topic: 'firmware/report' } as const;
/** Largest payload limit of the hub profiles. */
const HUB_BYTES_MAX = 16_384;
const SIGNING = {
  productId: PRODUCT,
  deviceName: DEVICE,
  deviceSecret: 'AAECAwQFBgcICQoLDA0ODw==',
  method: 'hmacsha256',
} as const;

/** Rules of a hub that drops messages of a subdevice that is not announced as online. All topics are permitted. */
const CHECKED: Pick<HubRules, 'permissions' | 'offlineSubdevices' | 'customTopics'> = {
  permissions: 'checked',
  offlineSubdevices: 'refused',
  customTopics: [PRODUCT, SUB_PRODUCT].map((product) => ({ product, topic: `${product}/#`, right: 'both' })),
};

/** Returns the topic at the hub for a subdevice's own topic of downlinks. */
export function topicAtHub(scenario: Scenario, subdevice: string, topic: string): string {
  const { profile } = scenario;
  const shared = sharedDownlinkTopic(scenario, topic);
  return shared ?? `${profile === 'generic' ? DEVICE : SUB_PRODUCT}/${subdevice}/${topic}`;
}

export function rulesOf(scenario: Scenario): HubRules {
  const { swallowsAlarmPubacks, dropsOffline = false, ...rules } = scenario.hub;
  const first = scenario.subdevices[0]?.id ?? '';
  return {
    ...PROFILES[scenario.profile],
    sessionHoursMax: Number.POSITIVE_INFINITY, // sessions are deleted by a trouble, which counts them
    ...rules,
    ...(dropsOffline && scenario.profile !== 'generic' ? CHECKED : {}),
    payloadBytesMax: payloadBytesMaxOf(scenario),
    mutedTopics: swallowsAlarmPubacks ? [topicAtHub(scenario, first, 'alarm')] : [],
  };
}

/**
 * Payload limit of the hub: with envelopes larger by one that adds fields. So a payload above the limit of the scenario
 * is too large with an envelope of any form. No line carries a payload of the largest limit.
 */
function payloadBytesMaxOf({ envelope = 'none', bounds }: Scenario): number {
  const empty = new TextEncoder().encode('{}');
  const fields = new Envelope(decodeEnvelopeNames(undefined)).bytesMax('fields', empty) - empty.length;
  return envelope === 'none' ? bounds.payloadBytesMax : Math.min(HUB_BYTES_MAX, bounds.payloadBytesMax + fields);
}

export function configOf(scenario: Scenario): Config {
  const { profile, subdevices, bounds } = scenario;
  const isGeneric = profile === 'generic';
  const identity = (product: string, device: string): string =>
    isGeneric ? '' : `product_id = "${product}"\ndevice_name = "${device}"`;
  const lines = [
    `[gateway]\nname = "${DEVICE}"`,
    `[hub]\nprofile = "${profile}"\nhost = "hub.example"\nretain = ${isGeneric}\nboot_spread_ms = 0`,
    `payload_bytes_max = ${payloadBytesMaxOf(scenario)}`,
    `in_flight_max = ${bounds.inFlightMax}\n${identity(PRODUCT, DEVICE)}`,
    isGeneric ? '' : 'device_secret_file = "/etc/holdfast/secret"',
    `[outbox]\nmessages_max = ${bounds.outboxMessagesMax}\noverflow = "${bounds.overflow}"`,
    `bytes_max = ${bounds.outboxBytesMax}\nenvelope = "${scenario.envelope ?? 'none'}"`,
    `age_hours_max = ${bounds.uplinkHoursMax}\nhold_ms = ${bounds.holdMs}\ncommit_ms = ${bounds.commitMs}`,
    `[inbox]\nmessages_max = ${bounds.inboxMessagesMax}\nhold_ms = ${bounds.holdMs}`,
    `overflow = "${bounds.inboxOverflow}"\nage_hours_max = ${bounds.downlinkHoursMax}`,
    ...firmwareText(scenario),
    // no list of subdevices: each MQTT-SN subdevice is served on any port
    ...linksOf(scenario).map((link, port) => linkText(link, port, scenario)),
    ...subdevices.map(({ id }) => `[[subdevice]]\nid = "${id}"\n${identity(SUB_PRODUCT, id)}${nameText(scenario, id)}`),
    ...sharedTopicsText(scenario),
  ];
  const parsed = parseConfig(lines.join('\n'));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

function nameText(scenario: Scenario, id: string): string {
  const name = hubNameOf(scenario, id);
  return name === id ? '' : `hub_name = ${JSON.stringify(name)}`;
}

function firmwareText({ firmware, profile }: Scenario): string[] {
  if (firmware === undefined) return [];
  const topics = profile === 'generic' ? Object.entries(GENERIC_FIRMWARE_TOPICS) : [];
  return ['[firmware]\nenabled = true', ...topics.map(([key, topic]) => `${key} = "${topic}"`)];
}

/** Returns the credentials for each CONNECT. */
export function credentialsOf({ hub }: Config, random: () => number): (wallMs: number | undefined) => Credentials {
  const { clientId, credentials } = hub;
  if (credentials.kind === 'device') return (wallMs) => signCredentials(SIGNING, wallMs, random);
  return () => ({ clientId, username: undefined, password: undefined });
}

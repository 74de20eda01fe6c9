/** The driver of MQTT-SN lines. */

import { SlotMap } from '../../base/slot-map.ts';
import { topicProblem } from '../../base/topic.ts';
import type { FramingName } from '../../codec/framing.ts';
import { whereKnown } from '../../config/kinds/known.ts';
import { duplicates, placed } from '../../config/kinds/placed.ts';
import type { Problem } from '../../config/kinds/problem.ts';
import { defineDriver, type ServedSubdevice } from '../link-driver.ts';
import { MqttsnClient } from './client.ts';
import { DamageDoubt } from './damage-doubt.ts';
import { Downlink } from './downlinks.ts';
import { createMqttsnLink, type MqttsnLinkOptions } from './link.ts';
import { DEFAULTS, LINK_KEYS, type MqttsnLinkSection, SUBDEVICE_KEYS } from './link-keys.ts';
import { MessageIds } from './message-ids.ts';
import { Ping } from './ping.ts';
import { hasBarePackets, hasFramedPackets } from './recognise-packets.ts';
import { SnSource } from './recorded-frames.ts';
import { ClientRequests } from './requests.ts';
import { TopicTable } from './topics.ts';
import { Uplinks } from './uplinks.ts';
import { WillDialog } from './will.ts';

/** Number of topic ids of one subdevice that are kept for its session; the same number is replaceable. */
const TOPIC_IDS_MAX = 256;
/** UDP port of MQTT-SN, by which Wireshark selects the protocol. */
const UDP_PORT = 1883;

export interface MqttsnOptions {
  readonly framing: FramingName;
  /** Octets of the largest packet in either direction. */
  readonly packetBytesMax: number;
  /** 1 to 255. */
  readonly gatewayId: number;
  /** Seconds between two ADVERTISE; 0 = none. */
  readonly advertiseS: number;
  /** Topic id → the subdevice's own name for the topic. */
  readonly predefinedTopics: ReadonlyMap<number, string>;
}

export const MQTTSN = defineDriver<typeof LINK_KEYS, MqttsnOptions, Omit<MqttsnLinkOptions, 'random'>>({
  name: 'mqttsn',
  protocol: 'MQTT-SN',
  protocols: [
    { name: 'sn-cobs', words: 'MQTT-SN frames (framing "sn-cobs")', order: 1, isIn: hasFramedPackets },
    { name: 'sn-raw', words: 'bare MQTT-SN packets (framing "sn-raw")', order: 5, isIn: hasBarePackets },
  ],
  keys: LINK_KEYS,
  lists: {},
  tables: {},
  subdeviceKeys: SUBDEVICE_KEYS,
  profiled: undefined,
  retry: () => ({ retryMs: 1000, retriesMax: 5 }),
  problems: predefinedTopicProblems,
  warnings: () => [],
  starter: () => [],
  listed: ({ subdevices }, path) => subdevices.map((id, index) => ({ path: `${path}.subdevices[${index}]`, id })),
  servesUnlisted: true,
  toServe: 'add the id to `subdevices`, or leave that list empty',
  acknowledges: () => true,
  decode: (link) => ({
    framing: link.framing ?? DEFAULTS.framing,
    packetBytesMax: link.packet_bytes_max ?? DEFAULTS.packet_bytes_max,
    gatewayId: link.gateway_id ?? DEFAULTS.gateway_id,
    advertiseS: link.advertise_s ?? DEFAULTS.advertise_s,
    predefinedTopics: new Map((link.predefined_topics ?? []).map(({ id, topic }) => [id, topic])),
  }),
  protocolOf: ({ framing }) => framing,
  filtersFor: () => undefined,
  readingsFor: () => [],
  topicsFor: ({ predefinedTopics }) => [...predefinedTopics.values()],
  profileOf: () => undefined,
  isMute: () => false,
  plan: ({ allowedSubdevices, ...link }, options, { uplinksMax, reopen, wasInUse, served }) => ({
    ...link,
    ...options,
    uplinksMax,
    reopen,
    wasInUse,
    topicIdsMax: TOPIC_IDS_MAX,
    soleSubdevice: allowedSubdevices?.length === 1 ? allowedSubdevices[0] : undefined,
    nodes: nodesOf(served),
  }),
  create: createMqttsnLink,
  laterClasses: [
    MqttsnClient,
    TopicTable,
    Uplinks,
    SlotMap,
    ClientRequests,
    Downlink,
    MessageIds,
    Ping,
    WillDialog,
    DamageDoubt,
  ],
  recall: (recorded) => recorded as MqttsnLinkOptions,
  newFrameSource: (options) => new SnSource(options),
  capture: () => ({ kind: 'udp', port: UDP_PORT }),
  isText: false,
  attachesUnheard: false,
  oversizeIsDamage: true,
  unprobedBecause: undefined,
  // some clients do not support a PINGREQ from the gateway
  mayIgnoreProbes: true,
});

function predefinedTopicProblems({ predefined_topics: defined }: MqttsnLinkSection, path: string): Problem[] {
  const topics = placed(`${path}.predefined_topics`, defined ?? []);
  const unusable = topics.flatMap(({ path: place, section }) =>
    whereKnown(() => {
      const problem = topicProblem(section.topic);
      if (problem === undefined) return [];
      const hint = 'Write the one topic that the id stands for.';
      return [{ path: `${place}.topic`, what: `is a ${problem.problem}`, hint }];
    }),
  );
  return [...duplicates(topics, 'id', ({ id }) => String(id)), ...unusable];
}

/** Wireless node id → subdevice: identities by position, for publishers without a connection. */
function nodesOf(served: readonly ServedSubdevice[]): ReadonlyMap<string, string> {
  return new Map(
    served.flatMap(({ id, keys: { node_id: nodeId } }) => (typeof nodeId === 'string' ? [[nodeId, id] as const] : [])),
  );
}

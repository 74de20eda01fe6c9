/**
 * Shared topics of a world, and their documents as an application reads and writes them, written by the documents alone
 * (docs/hubs.md).
 */
import type { Random } from '../../src/base/random.ts';
import type { DocumentForm } from '../../src/base/shared-topic.ts';
import type { Scenario } from './scenario.ts';

export interface SharedTopicsPlan {
  readonly form: DocumentForm;
  /** Topics of subdevices besides `event` and `tick` that share the topic of these. */
  readonly others: readonly string[];
  /** The subdevices have other names at the hub than their ids. */
  readonly hasNames: boolean;
}

/** Uplink or downlink of one subdevice, taken out of its document. */
export interface NamedMessage {
  readonly subdevice: string;
  readonly payload: Uint8Array;
  /** Time in the document, Unix ms. */
  readonly ms?: number;
}

/** Own topic of MQTT-SN subdevices and devices of lines whose messages come on a shared topic. */
export const SHARED_FILTER = 'control/set';
const TELEMETRY = 'shared/telemetry';
/** Own topics on which subdevices receive, and the topics at the hub. */
const DOWNLINKS = new Map([
  [SHARED_FILTER, 'shared/rpc'],
  ['set', 'shared/attributes'],
]);
const TOPICS: ReadonlySet<string> = new Set([TELEMETRY, ...DOWNLINKS.values()]);

export function drawSharedTopics(random: Random): SharedTopicsPlan {
  const oneOf = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;
  return {
    form: oneOf('values-by-device', 'by-device', 'with-device'),
    others: oneOf<readonly string[]>([], ['state'], ['state', 'result']),
    hasNames: oneOf(true, false),
  };
}

/** Returns the TOML tables `[[shared_topic]]`. */
export function sharedTopicsText({ sharedTopics }: Scenario): string[] {
  if (sharedTopics === undefined) return [];
  const { form, others } = sharedTopics;
  const downlinks = [...DOWNLINKS].map(
    ([own, topic]) => `[[shared_topic]]\ntopic = "${topic}"\ndownlinks = "${own}"\nuplinks = []`,
  );
  const uplinks = JSON.stringify(['event', 'tick', ...others]);
  return [...downlinks, `[[shared_topic]]\ntopic = "${TELEMETRY}"\nform = "${form}"\nuplinks = ${uplinks}`];
}

export function hubNameOf({ sharedTopics }: Scenario, subdevice: string): string {
  return sharedTopics?.hasNames === true ? `Device "${subdevice}"` : subdevice;
}

/** Returns the shared topic of a subdevice's own topic of downlinks. */
export function sharedDownlinkTopic({ sharedTopics }: Scenario, own: string): string | undefined {
  return sharedTopics === undefined ? undefined : DOWNLINKS.get(own);
}

export function isSharedTopic(topic: string): boolean {
  return TOPICS.has(topic);
}

/** Returns the document of a downlink. @param isWhole the subdevice gets the whole document */
export function downlinkDocument(name: string, content: Uint8Array, isWhole: boolean): Uint8Array {
  const text = new TextDecoder().decode(content);
  const device = `"device":${JSON.stringify(name)}`;
  return new TextEncoder().encode(isWhole ? `${text.slice(0, -1)},${device}}` : `{${device},"data":${text}}`);
}

/** Reads a document of a shared topic. @returns the payload with its envelope, if it has one */
export function readDocument(scenario: Scenario, topic: string, bytes: Uint8Array): NamedMessage | undefined {
  const text = new TextDecoder().decode(bytes);
  const found = topic === TELEMETRY ? uplinkIn(text, scenario) : downlinkIn(text);
  if (found === undefined) return undefined;
  const subdevice = scenario.subdevices.find(({ id }) => hubNameOf(scenario, id) === found.name)?.id;
  return subdevice === undefined ? undefined : { subdevice, payload: payloadOf(found.object), ...found.time };
}

interface Found {
  readonly name: string;
  readonly object: string;
  readonly time?: { readonly ms: number };
}

function uplinkIn(text: string, { sharedTopics }: Scenario): Found | undefined {
  const form = sharedTopics?.form;
  if (form === 'with-device') {
    const [, name, rest] = /^\{"device":("(?:[^"\\]|\\.)*"),?(.*)$/s.exec(text) ?? [];
    return name === undefined ? undefined : { name: JSON.parse(name), object: `{${rest}` };
  }
  const [, name, value = ''] = /^\{("(?:[^"\\]|\\.)*"):(.*)\}$/s.exec(text) ?? [];
  if (name === undefined) return undefined;
  if (form === 'by-device') return { name: JSON.parse(name), object: value };
  const [, ms, values] = /^\[\{"ts":(\d+),"values":(.*)\}\]$/s.exec(value) ?? [];
  if (values === undefined) return { name: JSON.parse(name), object: value.slice(1, -1) };
  return { name: JSON.parse(name), object: values, time: { ms: Number(ms) } };
}

function downlinkIn(text: string): Found | undefined {
  const [, name, content] = /^\{"device":("(?:[^"\\]|\\.)*"),"data":(.*)\}$/s.exec(text) ?? [];
  if (name !== undefined) return { name: JSON.parse(name), object: content ?? '' };
  const { device } = JSON.parse(text);
  return typeof device === 'string' ? { name: device, object: text } : undefined;
}

/** A payload that is not a JSON object is the only member, `value`. */
function payloadOf(object: string): Uint8Array {
  const { value, ...others } = JSON.parse(object);
  const isWrapped = typeof value === 'string' && Object.keys(others).length === 0;
  return new TextEncoder().encode(isWrapped ? value : object);
}

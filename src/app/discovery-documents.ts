/**
 * Discovery documents for Home Assistant: one retained JSON document for each value that the configuration describes.
 * Pure.
 *
 *     <prefix>/<component>/<gateway>_-<subdevice>/<value>/config
 *
 * Sources: the pages "MQTT" (discovery topic and payload), "MQTT sensor", "MQTT binary sensor", "MQTT number" and "MQTT
 * switch" of the documentation of Home Assistant.
 */
import { availabilityTopicOf } from '../config/availability-config.ts';
import type { Config, LinkConfig } from '../config/schema.ts';
import { driverNamed } from '../driver/drivers.ts';
import type { Reading } from '../driver/reading.ts';
import type { TopicMap } from '../subdevices/topic-map.ts';

/** Parts that the documents of a gateway share. */
interface Shared {
  readonly config: Config;
  readonly prefix: string;
  readonly version: string | undefined;
}

/** Settings of one entity beside those that all entities have. */
type Settings = Readonly<Record<string, unknown>>;

interface Entity {
  readonly component: 'sensor' | 'binary_sensor' | 'number' | 'switch';
  readonly settings: Settings;
}

/** Classes that a switch may have. The classes of other components would make the document invalid. */
const SWITCH_CLASSES: readonly (string | undefined)[] = ['outlet', 'switch'];
/** Commands need an answer of the broker, and states are sent with QoS 1. */
const QOS = 1;

/**
 * @param topicsOf topics of a subdevice at the hub
 * @returns documents by topic; none without `[home_assistant]`
 */
export function discoveryDocuments(
  config: Config,
  topicsOf: (subdevice: string) => TopicMap,
  version: string | undefined,
): Map<string, string> {
  const documents = new Map<string, string>();
  if (config.homeAssistant === undefined) return documents;
  const shared: Shared = { config, prefix: config.homeAssistant.discoveryPrefix, version };
  const add = (path: readonly string[], { component, settings }: Entity, rest: Settings): void => {
    const topic = [shared.prefix, component, idOf(path.slice(0, -1)), path.at(-1), 'config'].join('/');
    const all = { unique_id: idOf(['holdfast', ...path]), ...settings, ...rest, origin: originOf(shared) };
    documents.set(topic, JSON.stringify(all));
  };
  const { name } = config.gateway;
  const isShared = (topic: string): boolean => config.sharedTopics.some((one) => one.topic === topic);
  if (config.availability !== undefined) add([name, 'connection'], connectionOf(shared), { device: gatewayOf(shared) });
  for (const link of config.links)
    for (const id of subdevicesOn(link, config))
      for (const reading of driverNamed(link.driver).readingsFor(link.options, id)) {
        const entity = entityOf(reading, valueIn(reading, link, config), topicsOf(id), isShared);
        if (entity !== undefined)
          add([name, id, reading.name], entity, { ...availabilityOf(id, shared), device: deviceOf(id, shared) });
      }
  return documents;
}

function subdevicesOn({ allowedSubdevices }: LinkConfig, { subdevices }: Config): readonly string[] {
  return allowedSubdevices ?? subdevices.map(({ id }) => id);
}

/**
 * @param isShared returns whether subdevices share the topic, so that its payloads name them
 * @returns `undefined`: the value has no topic of its own at the hub
 */
function entityOf(
  reading: Reading,
  value: string,
  topics: TopicMap,
  isShared: (topic: string) => boolean,
): Entity | undefined {
  const { name, topic, kind, command, quantity } = reading;
  const stateTopic = topics.uplinkFilter(topic);
  if (stateTopic === undefined || isShared(stateTopic)) return undefined;
  const isBool = kind === 'bool';
  const state = { name, state_topic: stateTopic, value_template: isBool ? onOrOff(value) : `{{ ${value} }}`, qos: QOS };
  const { unit, deviceClass, stateClass } = quantity;
  const measured = kind === 'number' ? present({ unit_of_measurement: unit }) : {};
  const commandTopic = command && topics.filterToHub(command.topic);
  if (command === undefined || commandTopic === undefined || isShared(commandTopic))
    return {
      component: isBool ? 'binary_sensor' : 'sensor',
      settings: { ...state, ...measured, ...present({ device_class: deviceClass, state_class: stateClass }) },
    };
  if (command.range === undefined)
    return {
      component: 'switch',
      settings: {
        ...state,
        command_topic: commandTopic,
        payload_on: JSON.stringify({ [name]: true }),
        payload_off: JSON.stringify({ [name]: false }),
        state_on: 'ON',
        state_off: 'OFF',
        ...present({ device_class: SWITCH_CLASSES.includes(deviceClass) ? deviceClass : undefined }),
      },
    };
  return {
    component: 'number',
    settings: {
      ...state,
      ...measured,
      command_topic: commandTopic,
      command_template: `{${JSON.stringify(name)}:{{ value }}}`,
      ...command.range,
      mode: 'box',
      ...present({ device_class: deviceClass }),
    },
  };
}

/** Expression of the value in the payload; `none` if the state does not have it. */
function valueIn({ name }: Reading, { envelope }: LinkConfig, { outbox }: Config): string {
  const payload = envelope === 'json' ? `value_json['${outbox.envelopeNames.payload}']` : 'value_json';
  return `${payload}['${name}'] | default(none)`;
}

function onOrOff(value: string): string {
  return `{% set v = ${value} %}{{ none if v is none else 'ON' if v else 'OFF' }}`;
}

/** Entity of the gateway: whether it is connected. */
function connectionOf({ config: { availability } }: Shared): Entity {
  return {
    component: 'binary_sensor',
    settings: {
      name: 'Connection',
      state_topic: availability?.gatewayTopic,
      payload_on: availability?.onlinePayload,
      payload_off: availability?.offlinePayload,
      device_class: 'connectivity',
      entity_category: 'diagnostic',
      qos: QOS,
    },
  };
}

/** The states of the gateway and of the subdevice, which must both be online. */
function availabilityOf(subdevice: string, { config: { availability } }: Shared): Settings {
  if (availability === undefined) return {};
  const topics = [availability.gatewayTopic, availabilityTopicOf(subdevice, availability)];
  return {
    availability: topics
      .filter((topic) => topic !== undefined)
      .map((topic) => ({
        topic,
        payload_available: availability.onlinePayload,
        payload_not_available: availability.offlinePayload,
      })),
    availability_mode: 'all',
  };
}

function gatewayOf({ config, version }: Shared): Settings {
  const { name } = config.gateway;
  return { identifiers: [idOf(['holdfast', name])], name, model: 'holdfast', ...present({ sw_version: version }) };
}

function deviceOf(subdevice: string, { config }: Shared): Settings {
  const { name } = config.gateway;
  return {
    identifiers: [idOf(['holdfast', name, subdevice])],
    name: subdevice,
    // without its entity the gateway is no device
    ...present({ via_device: config.availability && idOf(['holdfast', name]) }),
  };
}

function originOf({ version }: Shared): Settings {
  return { name: 'holdfast', ...present({ sw_version: version }) };
}

/** One name of letters, digits, `_` and `-`, different for different parts: `_` is doubled, and `_-` separates parts. */
function idOf(parts: readonly string[]): string {
  return parts.map((part) => part.replaceAll('_', '__')).join('_-');
}

/** Leaves out the settings without a value. */
function present(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/**
 * Mapping between a subdevice's own topics and the hub's topics.
 *
 * A template for each direction, such as `{product_id}/{device_name}/{topic}`, gives each subdevice topics of its own
 * (`base/topic-template.ts`), so the subdevice can reach only these. Own topics that begin with `$` are services of the
 * hub: `service-topics.ts` lists those for subdevices, and inserts the identity. Own topics of shared topics go before
 * the template (`shared-topics.ts`). Uplinks may have values of the message in their topic (`field-topics.ts`).
 */
import {
  fieldsIn,
  placeIn,
  reachesTopic,
  shapeOf,
  type TopicShape,
  type TopicTemplates,
  topicAtHub,
  topicOfOwner,
} from '../base/topic-template.ts';
import { topicWithFields, type UplinkTopic } from './field-topics.ts';
import { serviceAtHub, serviceAtSubdevice } from './service-topics.ts';
import { NO_SHARED_TOPICS, type SharedTopics } from './shared-topics.ts';

export interface TopicOwner {
  readonly gateway: string;
  readonly subdevice: string;
  readonly productId: string | undefined;
  readonly deviceName: string | undefined;
}

export interface TopicMap {
  /** Returns the hub's topic for a message of the subdevice. `undefined`: not allowed for this subdevice. */
  uplinkTopic(topic: string, payload: Uint8Array): UplinkTopic | undefined;
  /** Returns the hub's topic for a message of the gateway itself: fields have their fallbacks. */
  toHub(topic: string): string | undefined;
  /**
   * Returns the hub's filter that matches the uplinks of one topic of the subdevice, and no others: `+` for a field.
   * `undefined`: not allowed for this subdevice, or a field is only a part of a level.
   */
  uplinkFilter(topic: string): string | undefined;
  /**
   * Returns the subdevice's own topic for the topic of an uplink. `undefined`: not an uplink of this subdevice, or the
   * template has no place for the own topic.
   */
  ofUplink(topic: string): string | undefined;
  /** Returns true if an uplink of this subdevice can have this topic of the hub. */
  hasUplink(topic: string): boolean;
  /** Returns the hub's filter to subscribe to. `undefined`: not allowed for this subdevice. */
  filterToHub(filter: string): string | undefined;
  /** Returns the subdevice's own topic for the topic of a downlink. `undefined`: not a topic of this subdevice. */
  toSubdevice(topic: string): string | undefined;
}

/** @param templates as checked by the configuration @param topicBytesMax largest length of a topic at the hub */
export function topicMap(
  templates: TopicTemplates,
  owner: TopicOwner,
  shared: SharedTopics = NO_SHARED_TOPICS,
  topicBytesMax: number = Number.POSITIVE_INFINITY,
): TopicMap {
  const { productId, deviceName } = owner;
  const values = new Map([
    ['gateway', owner.gateway],
    ['subdevice', owner.subdevice],
    ['product_id', productId],
    ['device_name', deviceName],
  ]);
  const uplink = shapeOf(templates.uplink, (name) => values.get(name));
  const downlink = shapeOf(templates.downlink, (name) => values.get(name));
  const identity = productId === undefined || deviceName === undefined ? undefined : `${productId}/${deviceName}`;
  const service = (own: string, direction: 'up' | 'down'): string | undefined =>
    identity === undefined ? undefined : serviceAtHub(own, direction, identity);
  const fields = fieldsIn(uplink);
  /** Topic of an uplink that no template gives. `null`: not allowed for this subdevice. */
  const topicWithoutTemplate = (own: string): string | null | undefined => {
    if (own === '') return null;
    if (own.startsWith('$')) return service(own, 'up') ?? null;
    return shared.uplinkTopic(own);
  };
  const toHub = (own: string, textFor?: () => string): string | undefined => {
    const other = topicWithoutTemplate(own);
    return other === undefined ? topicAtHub(uplink, own, textFor) : (other ?? undefined);
  };
  /** Own topic by the template. An own topic with `$` is that of a service, and never goes through the template. */
  const ownTopic = (shape: TopicShape, atHub: string): string | undefined => {
    const own = topicOfOwner(shape, atHub);
    return own?.startsWith('$') === true ? undefined : own;
  };
  return {
    uplinkTopic(topic, payload) {
      if (fields.length > 0 && topicWithoutTemplate(topic) === undefined)
        return topicWithFields(uplink, topic, payload, topicBytesMax);
      const atHub = toHub(topic);
      return atHub === undefined ? undefined : { topic: atHub };
    },
    toHub: (topic) => toHub(topic),
    uplinkFilter: (topic) => (fields.every(({ isEncoded }) => !isEncoded) ? toHub(topic, () => '+') : undefined),
    ofUplink: (topic) => ownTopic(uplink, topic),
    hasUplink: (topic) => shared.hasUplinks(topic) || reachesTopic(uplink, topic),
    filterToHub(filter) {
      if (filter === '') return undefined;
      if (filter.startsWith('$')) return service(filter, 'down');
      const sharedFilter = shared.downlinkFilter(filter);
      if (sharedFilter !== undefined) return sharedFilter;
      // a wildcard in percent-encoding would be an ordinary character
      return placeIn(downlink) === 'topic_encoded' && /[+#]/.test(filter) ? undefined : topicAtHub(downlink, filter);
    },
    toSubdevice(topic) {
      const own = identity === undefined ? undefined : serviceAtSubdevice(topic, identity);
      return own ?? shared.ownTopicOf(topic) ?? ownTopic(downlink, topic);
    },
  };
}

/**
 * Mapping between a subdevice's own topics and the hub's topics.
 *
 * A template for each direction, such as `{product_id}/{device_name}/{topic}`, gives each subdevice topics of its own
 * (`base/topic-template.ts`), so the subdevice can reach only these. Own topics that begin with `$` are services of the
 * hub: `service-topics.ts` lists those for subdevices, and inserts the identity.
 */
import { reachesTopic, shapeOf, type TopicTemplates, topicAtHub, topicOfOwner } from '../base/topic-template.ts';
import { serviceAtHub, serviceAtSubdevice } from './service-topics.ts';

export interface TopicOwner {
  readonly gateway: string;
  readonly subdevice: string;
  readonly productId: string | undefined;
  readonly deviceName: string | undefined;
}

export interface TopicMap {
  /** Returns the hub's topic to publish to. `undefined`: not allowed for this subdevice. */
  toHub(topic: string): string | undefined;
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

/** @param templates as checked by the configuration */
export function topicMap(templates: TopicTemplates, owner: TopicOwner): TopicMap {
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
  return {
    toHub(topic) {
      if (topic === '') return undefined;
      return topic.startsWith('$') ? service(topic, 'up') : topicAtHub(uplink, topic);
    },
    ofUplink: (topic) => topicOfOwner(uplink, topic),
    hasUplink: (topic) => reachesTopic(uplink, topic),
    filterToHub(filter) {
      if (filter === '') return undefined;
      if (filter.startsWith('$')) return service(filter, 'down');
      // a wildcard in percent-encoding would be an ordinary character
      return downlink.place === 'topic_encoded' && /[+#]/.test(filter) ? undefined : topicAtHub(downlink, filter);
    },
    toSubdevice(topic) {
      const own = identity === undefined ? undefined : serviceAtSubdevice(topic, identity);
      return own ?? topicOfOwner(downlink, topic);
    },
  };
}

/**
 * Mapping between a subdevice's own topics and the hub's topics.
 *
 * A template such as `{product_id}/{device_name}/{topic}` gives each subdevice a prefix of its own, so it can reach
 * only its own topics. Names that begin with `$` are services of the hub: `service-topics.ts` lists those for
 * subdevices, and inserts the identity.
 */
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
  /** Returns the hub's filter to subscribe to. `undefined`: not allowed for this subdevice. */
  filterToHub(filter: string): string | undefined;
  /** Returns the subdevice's own topic. `undefined`: not a topic of this subdevice. */
  toSubdevice(topic: string): string | undefined;
}

/** @param template ends with `{topic}`, as checked by the configuration */
export function topicMap(template: string, owner: TopicOwner): TopicMap {
  const { productId, deviceName } = owner;
  const prefix = template
    .slice(0, -'{topic}'.length)
    .replaceAll('{gateway}', owner.gateway)
    .replaceAll('{subdevice}', owner.subdevice)
    .replaceAll('{product_id}', productId ?? '')
    .replaceAll('{device_name}', deviceName ?? '');
  const identity = productId === undefined || deviceName === undefined ? undefined : `${productId}/${deviceName}`;
  const atHub = (own: string, direction: 'up' | 'down'): string | undefined => {
    if (own === '') return undefined;
    if (!own.startsWith('$')) return prefix + own;
    return identity === undefined ? undefined : serviceAtHub(own, direction, identity);
  };
  return {
    toHub: (topic) => atHub(topic, 'up'),
    filterToHub: (filter) => atHub(filter, 'down'),
    toSubdevice(topic) {
      const service = identity === undefined ? undefined : serviceAtSubdevice(topic, identity);
      if (service !== undefined) return service;
      return topic.startsWith(prefix) && topic.length > prefix.length ? topic.slice(prefix.length) : undefined;
    },
  };
}

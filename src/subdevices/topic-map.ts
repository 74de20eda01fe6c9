/**
 * A subdevice's own topic names and the hub's names for them.
 *
 * A template such as `{product_id}/{device_name}/{topic}` puts a subdevice under a prefix of its own, so it can reach its
 * own topics and no others, by construction. Names that begin with `$` are the hub's services: `service-topics.ts` says
 * which there are for a subdevice, and puts its identity in.
 */
import { serviceAtHub, serviceAtSubdevice } from './service-topics.ts';

export interface TopicOwner {
  readonly gateway: string;
  readonly subdevice: string;
  readonly productId: string | undefined;
  readonly deviceName: string | undefined;
}

export interface TopicMap {
  /** The hub's name for a topic to publish to, or `undefined`: this subdevice may not. */
  toHub(topic: string): string | undefined;
  /** The hub's name for a filter to subscribe to, or `undefined`: this subdevice may not. */
  filterToHub(filter: string): string | undefined;
  /** The subdevice's own name of what it subscribed to, or `undefined`: not a topic of this subdevice. */
  toSubdevice(topic: string): string | undefined;
}

/** @param template ends in `{topic}`; checked by the configuration */
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

/**
 * A subdevice's own topic names and the hub's names for them.
 *
 * A template such as `{product_id}/{device_name}/{topic}` puts a subdevice under a prefix of its own, so it can reach its
 * own topics and no others, by construction. Names that begin with `$` are the hub's services; they are passed as they
 * are, and only if they carry the subdevice's own `product/device` where the hub looks for it: hub contract §4,
 * `$service/verb/{product}/{device}` or with `result` or `service` between.
 */
export interface TopicOwner {
  readonly gateway: string;
  readonly subdevice: string;
  readonly productId: string | undefined;
  readonly deviceName: string | undefined;
}

export interface TopicMap {
  /** The hub's name, or `undefined`: this subdevice may not use that topic. Works for filters too. */
  toHub(topic: string): string | undefined;
  /** The subdevice's own name, or `undefined`: not a topic of this subdevice. */
  toSubdevice(topic: string): string | undefined;
}

/** @param template ends in `{topic}`; checked by the configuration */
export function topicMap(template: string, owner: TopicOwner): TopicMap {
  const prefix = template
    .slice(0, -'{topic}'.length)
    .replaceAll('{gateway}', owner.gateway)
    .replaceAll('{subdevice}', owner.subdevice)
    .replaceAll('{product_id}', owner.productId ?? '')
    .replaceAll('{device_name}', owner.deviceName ?? '');
  const isOwnService = (topic: string): boolean => {
    if (!topic.startsWith('$') || owner.productId === undefined || owner.deviceName === undefined) return false;
    const levels = topic.split('/');
    const at = levels[2] === 'result' || levels[2] === 'service' ? 3 : 2;
    if (levels.slice(0, at).some((level) => level === '+' || level === '#')) return false;
    return levels[at] === owner.productId && levels[at + 1] === owner.deviceName;
  };
  return {
    toHub(topic) {
      if (topic === '') return undefined;
      if (topic.startsWith('$')) return isOwnService(topic) ? topic : undefined;
      return prefix + topic;
    },
    toSubdevice(topic) {
      if (isOwnService(topic)) return topic;
      return topic.startsWith(prefix) && topic.length > prefix.length ? topic.slice(prefix.length) : undefined;
    },
  };
}

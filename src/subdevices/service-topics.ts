/**
 * Services of the hub for subdevices, with topics that leave out the identity: `$ota/update` means
 * `$ota/update/{product}/{device}` at the hub.
 *
 * The table is complete: any other name is rejected, above all `$gateway`. The direction counts too, since the hub
 * never acknowledges a PUBLISH on a topic that is meant for subscriptions. Invariant: every name made here has the
 * identity of its owner, so no subdevice reaches the services of another one.
 *
 * Source: the hub's public documentation of each service. The gateway's own `$sys` and `$gateway` topics have its own
 * identity and belong to `hub/`.
 */
interface ServiceTopic {
  readonly name: string;
  readonly direction: 'up' | 'down';
  /** One more level after the identity: the number of a call. A filter may have `+` there. */
  readonly isNumbered?: true;
}

export const SERVICE_TOPICS: readonly ServiceTopic[] = [
  { name: '$shadow/operation', direction: 'up' },
  { name: '$shadow/operation/result', direction: 'down' },
  { name: '$ota/report', direction: 'up' },
  { name: '$ota/update', direction: 'down' },
  { name: '$config/operation', direction: 'up' }, // the vendor's Java SDK uses `$config/report` for requests
  { name: '$config/report', direction: 'up' },
  { name: '$config/operation/result', direction: 'down' },
  { name: '$resource/up/service', direction: 'up' },
  { name: '$resource/down/service', direction: 'down' },
  { name: '$log/operation', direction: 'up' },
  { name: '$log/operation/result', direction: 'down' },
  { name: '$sys/operation', direction: 'up' },
  { name: '$sys/operation/result', direction: 'down' },
  { name: '$rrpc/txd', direction: 'up', isNumbered: true },
  { name: '$rrpc/rxd', direction: 'down', isNumbered: true },
  { name: '$broadcast/rxd', direction: 'down' },
];

/** Returns the hub's topic for a subdevice's own. `undefined`: not allowed. @param identity `{product}/{device}` */
export function serviceAtHub(own: string, direction: ServiceTopic['direction'], identity: string): string | undefined {
  for (const topic of SERVICE_TOPICS) {
    if (topic.direction !== direction) continue;
    if (topic.isNumbered === undefined) {
      if (own === topic.name) return `${own}/${identity}`;
      continue;
    }
    const number = levelBehind(own, topic.name);
    if (number !== undefined) return `${topic.name}/${identity}/${number}`;
  }
  return undefined;
}

/** Returns the subdevice's own topic for one of the hub. `undefined`: not a topic of a service for this subdevice. */
export function serviceAtSubdevice(atHub: string, identity: string): string | undefined {
  for (const { name, direction, isNumbered } of SERVICE_TOPICS) {
    if (direction !== 'down') continue;
    const mine = `${name}/${identity}`;
    if (isNumbered === undefined) {
      if (atHub === mine) return name;
      continue;
    }
    const number = levelBehind(atHub, mine);
    if (number !== undefined) return `${name}/${number}`;
  }
  return undefined;
}

/** Returns the one level after `prefix`. `undefined` for the multi-level wildcard or for more levels. */
function levelBehind(topic: string, prefix: string): string | undefined {
  if (!topic.startsWith(`${prefix}/`)) return undefined;
  const level = topic.slice(prefix.length + 1);
  return level === '' || level === '#' || level.includes('/') ? undefined : level;
}

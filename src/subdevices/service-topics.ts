/**
 * Services of the hub that a subdevice reaches, under names without its identity: `$ota/update` is
 * `$ota/update/{product}/{device}` at the hub.
 *
 * The table is all there is: what is not in it is refused, `$gateway` above all. Direction counts too, since the hub
 * would leave a PUBLISH on a topic to be subscribed to without a PUBACK for ever. Invariant: the identity in every name
 * made here is the owner's, so no subdevice reaches another one's services.
 *
 * Source: hub contract §4, the topics of each service. The gateway's own `$sys` and `$gateway` bear its own identity and
 * belong to `hub/`.
 */
interface ServiceTopic {
  readonly name: string;
  readonly direction: 'up' | 'down';
  /** One level more behind the identity: the number of a call. A filter may have `+` there. */
  readonly isNumbered?: true;
}

export const SERVICE_TOPICS: readonly ServiceTopic[] = [
  { name: '$shadow/operation', direction: 'up' }, // §4.1
  { name: '$shadow/operation/result', direction: 'down' },
  { name: '$ota/report', direction: 'up' }, // §4.2
  { name: '$ota/update', direction: 'down' },
  { name: '$config/operation', direction: 'up' }, // §4.3; the Java SDK asks on the next one
  { name: '$config/report', direction: 'up' },
  { name: '$config/operation/result', direction: 'down' },
  { name: '$resource/up/service', direction: 'up' }, // §4.4
  { name: '$resource/down/service', direction: 'down' },
  { name: '$log/operation', direction: 'up' }, // §4.5
  { name: '$log/operation/result', direction: 'down' },
  { name: '$sys/operation', direction: 'up' }, // §4.6
  { name: '$sys/operation/result', direction: 'down' },
  { name: '$rrpc/txd', direction: 'up', isNumbered: true }, // §4.7
  { name: '$rrpc/rxd', direction: 'down', isNumbered: true },
  { name: '$broadcast/rxd', direction: 'down' }, // §4.8
];

/** The hub's name for a subdevice's; `undefined`: it may not use that. @param identity `{product}/{device}` */
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

/** The subdevice's name for one of the hub's; `undefined`: not of a service that this subdevice hears. */
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

/** The one level behind `prefix`; a wildcard for many levels is none. */
function levelBehind(topic: string, prefix: string): string | undefined {
  if (!topic.startsWith(`${prefix}/`)) return undefined;
  const level = topic.slice(prefix.length + 1);
  return level === '' || level === '#' || level.includes('/') ? undefined : level;
}

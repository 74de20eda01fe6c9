/**
 * Permissions to publish to, subscribe to and receive topics: the permissions of a product hold for all its devices.
 *
 * Used by `handle-publish.ts`, `handle-subscribe.ts` and `router.ts`. With `permissions: 'unchecked'` only the length
 * is checked.
 *
 * Source: the IoT hub's pages "Topic permissions" and "Feature components" (wildcards); 1105/41830 for subdevices.
 */
import { filterMatches } from '../../base/topic.ts';
import type { HubRules } from './bench-rules.ts';
import { clientIdOf, type RegisteredDevice } from './device-registry.ts';
import type { Topology } from './topology.ts';

type Right = 'publish' | 'subscribe';

/**
 * Topics that every device may use: `control`, `event`, `data`, and the topics of the hub's services. `@` stands for
 * `{product}/{device}`.
 */
const STANDARD_TOPICS: readonly (readonly [topic: string, right: Right | 'both'])[] = [
  ['@/control', 'subscribe'],
  ['@/event', 'publish'],
  ['@/data', 'both'],
  ['$gateway/operation/@', 'publish'],
  ['$gateway/operation/result/@', 'subscribe'],
  ['$shadow/operation/@', 'publish'],
  ['$shadow/operation/result/@', 'subscribe'],
  ['$ota/report/@', 'publish'],
  ['$ota/update/@', 'subscribe'],
  ['$config/operation/@', 'publish'],
  ['$config/report/@', 'publish'], // as written in the Java SDK
  ['$config/operation/result/@', 'subscribe'],
  ['$resource/up/service/@', 'publish'],
  ['$resource/down/service/@', 'subscribe'],
  ['$log/operation/@', 'publish'],
  ['$log/operation/result/@', 'subscribe'],
  ['$sys/operation/@', 'publish'],
  ['$sys/operation/result/@', 'subscribe'],
  ['$rrpc/txd/@/+', 'publish'],
  ['$rrpc/rxd/@/+', 'subscribe'],
  ['$broadcast/rxd/@', 'subscribe'],
];

const SYSTEM_TOPICS = STANDARD_TOPICS.flatMap(([topic]) =>
  topic.startsWith('$')
    ? [{ pattern: topic.replace('@', '+/+'), identityAt: topic.slice(0, topic.indexOf('@')).split('/').length - 1 }]
    : [],
);

interface Use {
  readonly clientId: string;
  /** Topic name or filter. A filter is checked as if the filter were a name. */
  readonly topic: string;
  readonly right: Right;
}

export class Permissions {
  readonly #rules: HubRules;
  readonly #topology: Topology;

  constructor(rules: HubRules, topology: Topology) {
    this.#rules = rules;
    this.#topology = topology;
  }

  /** Reason for a rejection. `undefined`: allowed. */
  problemWithPublish(clientId: string, topic: string): string | undefined {
    const problem = problemWithLength(topic, this.#rules);
    if (problem !== undefined || this.#rules.permissions === 'unchecked') return problem;
    const device = deviceOf(topic);
    if (device === undefined || !this.serves(clientId, device))
      return 'the topic of a device that the client may not act for';
    return this.#permits(device, { clientId, topic, right: 'publish' }) ? undefined : 'no permission for this topic';
  }

  maySubscribe(clientId: string, filter: string): boolean {
    if (problemWithLength(filter, this.#rules) !== undefined) return false;
    if (this.#rules.permissions === 'unchecked') return true;
    if (filter.startsWith('$') && filter.endsWith('#')) return false;
    const device = deviceOf(filter);
    if (device === undefined || !this.serves(clientId, device)) return false;
    // A wildcard filter may match no permitted topic. Each message is checked when the message is delivered
    // (`mayHear`).
    const isWild = /[+#]/.test(filter) && !filter.startsWith('$');
    return isWild || this.#permits(device, { clientId, topic: filter, right: 'subscribe' });
  }

  mayHear(clientId: string, topic: string): boolean {
    if (this.#rules.permissions === 'unchecked') return true;
    const device = deviceOf(topic);
    if (device === undefined || !this.#topology.owns(clientId, device)) return false;
    return this.#permits(device, { clientId, topic, right: 'subscribe' });
  }

  /** True if the device is the client itself, or a subdevice that the client may act for. */
  serves(clientId: string, device: RegisteredDevice): boolean {
    if (this.#rules.permissions === 'unchecked' || clientIdOf(device) === clientId) return true;
    const isReady = this.#rules.offlineSubdevices === 'served' || this.#topology.isOnline(clientId, device);
    return isReady && this.#topology.owns(clientId, device);
  }

  #permits(device: RegisteredDevice, use: Use): boolean {
    const { product } = device;
    const identity = `${product}/${device.device}`;
    const isStandard = STANDARD_TOPICS.some(
      ([topic, right]) => includes(right, use.right) && filterMatches(topic.replace('@', identity), use.topic),
    );
    if (!isStandard && !this.#lists((listed) => listed === product, use)) return false;
    const isGatewayAsked = this.#rules.subdevicePermissions === 'gateway too' && clientIdOf(device) !== use.clientId;
    return !isGatewayAsked || this.#lists((listed) => use.clientId.startsWith(listed), use);
  }

  #lists(isOf: (product: string) => boolean, { topic, right }: Use): boolean {
    return this.#rules.customTopics.some(
      (custom) => isOf(custom.product) && includes(custom.right, right) && filterMatches(custom.topic, topic),
    );
  }
}

/** Problem with the length of a topic name or filter. `undefined`: none. */
function problemWithLength(topic: string, rules: HubRules): string | undefined {
  const bytes = Buffer.byteLength(topic);
  if (bytes > rules.topicBytesMax) return `a topic of ${bytes} bytes, more than ${rules.topicBytesMax}`;
  if (bytes <= rules.topicSlashesMax) return undefined;
  const slashes = topic.split('/').length - 1;
  return slashes > rules.topicSlashesMax ? `${slashes} slashes, more than ${rules.topicSlashesMax}` : undefined;
}

function includes(given: Right | 'both', wanted: Right): boolean {
  return given === 'both' || given === wanted;
}

/** Device that a topic or filter names. `undefined`: no device, or a wildcard in place of the device. */
function deviceOf(topic: string): RegisteredDevice | undefined {
  const system = topic.startsWith('$') ? SYSTEM_TOPICS.find(({ pattern }) => filterMatches(pattern, topic)) : undefined;
  if (topic.startsWith('$') && system === undefined) return undefined;
  const levels = topic.split('/');
  const [product, device, next] = levels.slice(system?.identityAt ?? 0);
  if (product === undefined || device === undefined || /[+#]/.test(product + device)) return undefined;
  return system === undefined && next === undefined ? undefined : { product, device };
}

/**
 * Availability: the retained states of the gateway and of its subdevices at the hub.
 *
 * The state of the gateway is `online` after CONNACK. It becomes `offline` by the will of CONNECT, or by the gateway
 * itself before it leaves the hub in order. A subdevice is online while it is attached: connected or asleep, or, for a
 * polled unit, while it answers. Its state is true only while the gateway is online, so a consumer combines both.
 */
import type { SubdeviceRegistry } from '../subdevices/registry.ts';
import type { RetainedDocuments } from './retained-documents.ts';

export interface AvailabilityOptions {
  readonly documents: RetainedDocuments;
  readonly registry: SubdeviceRegistry;
  readonly gatewayTopic: string;
  readonly onlinePayload: string;
  readonly offlinePayload: string;
  /** Returns the topic of the state of a subdevice. `undefined`: states of subdevices are off. */
  readonly topicOf: (subdevice: string) => string | undefined;
  readonly configuredIds: () => ReadonlySet<string>;
  readonly isAllowed: (subdevice: string, link: string) => boolean;
}

export class Availability {
  readonly #options: AvailabilityOptions;
  readonly #online: Uint8Array;
  readonly #offline: Uint8Array;
  /** Topics of subdevices whose state the hub has or gets. */
  #topics = new Set<string>();

  constructor(options: AvailabilityOptions) {
    this.#options = options;
    this.#online = Buffer.from(options.onlinePayload);
    this.#offline = Buffer.from(options.offlinePayload);
  }

  /** Called at the start, and after a change of the configuration: removes the states of subdevices that are gone. */
  look(): void {
    const { documents, registry, configuredIds, isAllowed } = this.#options;
    const before = this.#topics;
    this.#topics = new Set();
    const known = [...registry.all()].filter(({ id, link }) => isAllowed(id, link)).map(({ id }) => id);
    for (const id of new Set([...configuredIds(), ...known])) this.changed(id);
    for (const topic of before) if (!this.#topics.has(topic)) documents.remove(topic);
    this.arrive();
  }

  /** Called when a subdevice has attached or detached. */
  changed(subdevice: string): void {
    const { documents, topicOf } = this.#options;
    const topic = topicOf(subdevice);
    if (topic === undefined) return;
    this.#topics.add(topic);
    if (this.#isOnline(subdevice)) documents.set(topic, this.#online, 'here');
    else documents.set(topic, this.#offline, 'away');
  }

  /** Sets the state of the gateway for the next connection. */
  arrive(): void {
    this.#options.documents.set(this.#options.gatewayTopic, this.#online, 'gateway');
  }

  /** Sends the state of the gateway before the connection ends in order. */
  leave(): void {
    this.#options.documents.leave(this.#options.gatewayTopic, this.#offline);
  }

  /** True if the hub was informed since `leave`. */
  get hasLeft(): boolean {
    return this.#options.documents.hasLeft;
  }

  #isOnline(id: string): boolean {
    const { registry, isAllowed } = this.#options;
    const subdevice = registry.byId(id);
    return subdevice?.isAttached === true && isAllowed(id, subdevice.link);
  }
}

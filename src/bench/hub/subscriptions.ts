/**
 * The filters one client subscribed to, each with the QoS it was granted.
 *
 * Source: MQTT 3.1.1 §3.8.4, §3.3.5.
 */
import { filterMatches } from '../../base/topic.ts';
import type { MqttQos, Subscription } from '../../codec/mqtt.ts';

export class Subscriptions {
  readonly #countMax: number;
  readonly #qosOf = new Map<string, MqttQos>();

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  list(): Subscription[] {
    return [...this.#qosOf].map(([filter, qos]) => ({ filter, qos }));
  }

  /** A filter that is there already is replaced [MQTT-3.8.4-3]. `false`: no room for another. */
  add({ filter, qos }: Subscription): boolean {
    if (!this.#qosOf.has(filter) && this.#qosOf.size >= this.#countMax) return false;
    this.#qosOf.set(filter, qos);
    return true;
  }

  remove(filter: string): void {
    this.#qosOf.delete(filter);
  }

  /** The highest QoS of the filters that match: one copy, however many do [MQTT-3.3.5-1]. */
  grantedQos(topic: string): MqttQos | undefined {
    let granted: MqttQos | undefined;
    for (const [filter, qos] of this.#qosOf) {
      if (filterMatches(filter, topic) && (granted === undefined || qos > granted)) granted = qos;
    }
    return granted;
  }
}

/**
 * Filters of one client, each with its granted QoS.
 *
 * Source: MQTT 3.1.1 §3.8.4, §3.3.5; "takes effect within 5 s" is from the hub's "Use limits" page.
 */
import { filterMatches } from '../../base/topic.ts';
import type { MqttQos, Subscription } from '../../codec/mqtt.ts';
import type { HubRules } from './bench-rules.ts';

export class Subscriptions {
  readonly #rules: HubRules;
  readonly #held = new Map<string, { readonly qos: MqttQos; readonly fromMs: number }>();

  constructor(rules: HubRules) {
    this.#rules = rules;
  }

  list(): Subscription[] {
    return [...this.#held].map(([filter, { qos }]) => ({ filter, qos }));
  }

  /** Adds or replaces a filter [MQTT-3.8.4-3]. `false`: no room for another filter. */
  add({ filter, qos }: Subscription, nowMs: number): boolean {
    const before = this.#held.get(filter);
    if (before === undefined && this.#held.size >= this.#rules.subscriptionsMax) return false;
    this.#held.set(filter, { qos, fromMs: before?.fromMs ?? nowMs + this.#rules.subscribeDelayMs });
    return true;
  }

  remove(filter: string): void {
    this.#held.delete(filter);
  }

  /**
   * Returns the highest QoS of the matching filters. The client receives one copy, even if several filters match
   * [MQTT-3.3.5-1].
   */
  grantedQos(topic: string, nowMs: number): MqttQos | undefined {
    let granted: MqttQos | undefined;
    for (const [filter, { qos, fromMs }] of this.#held) {
      if (fromMs <= nowMs && filterMatches(filter, topic) && (granted === undefined || qos > granted)) granted = qos;
    }
    return granted;
  }
}

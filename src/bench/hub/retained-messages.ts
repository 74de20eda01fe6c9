/**
 * Last message of each topic published with RETAIN, for later subscribers. Empty unless the rule `retain` is "kept".
 *
 * Source: MQTT 3.1.1 §3.3.1.3.
 */
import type { Message } from '../../base/message.ts';
import { filterMatches } from '../../base/topic.ts';
import type { HubRules } from './bench-rules.ts';

/** Largest number of topics. Beyond this number the oldest topic is removed. */
const TOPICS_MAX = 10_000;

export class RetainedMessages {
  readonly #rules: HubRules;
  readonly #byTopic = new Map<string, Message>();

  constructor(rules: HubRules) {
    this.#rules = rules;
  }

  /** Keeps the message in place of the previous one of its topic [MQTT-3.3.1-5], also with QoS 0 [MQTT-3.3.1-7]. */
  keep(message: Message): void {
    if (this.#rules.retain !== 'kept') return;
    this.#byTopic.delete(message.topic); // [MQTT-3.3.1-10]
    if (message.payload.length === 0) return; // [MQTT-3.3.1-11]
    if (this.#byTopic.size >= TOPICS_MAX) this.#byTopic.delete(this.#byTopic.keys().next().value ?? '');
    this.#byTopic.set(message.topic, message);
  }

  /** Returns the retained messages for a new subscription [MQTT-3.3.1-6], with RETAIN [MQTT-3.3.1-8]. */
  matching(filter: string): Message[] {
    const matching = [...this.#byTopic.values()].filter(({ topic }) => filterMatches(filter, topic));
    return matching.map((message) => ({ ...message, retain: true }));
  }
}

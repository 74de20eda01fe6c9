/**
 * "Republish" of the rule engine: a matching message is sent again as a message of the hub. So the message may also
 * reach the device that sent it. A republished message is not republished again.
 *
 * Source: the IoT hub's page "Data forwarding to another topic" (QoS is kept). JSON is serialised again as in the
 * vendor's published traces: sent action, time, text; received action, text, time, without whitespace.
 */
import type { Message } from '../../base/message.ts';
import { filterMatches } from '../../base/topic.ts';
import type { HubRules } from './bench-rules.ts';

export function republish(message: Message, republications: HubRules['republications']): Message[] {
  return republications
    .filter(({ filter }) => filterMatches(filter, message.topic))
    .map(({ topic }) => ({ ...message, topic: topic ?? message.topic, payload: spellAgain(message.payload) }));
}

/** Returns a JSON payload with sorted keys and without whitespace. Other payloads stay unchanged. */
function spellAgain(payload: Uint8Array): Uint8Array {
  try {
    const sortKeys = (_key: string, value: unknown): unknown =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
        : value;
    return new TextEncoder().encode(JSON.stringify(JSON.parse(new TextDecoder().decode(payload)), sortKeys));
  } catch {
    return payload;
  }
}

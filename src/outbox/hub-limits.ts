/**
 * Limits of the hub. A hub rejects a message beyond them or drops it without an answer. The outbox checks each message
 * on arrival, so that the message does not become a dead letter and the technician sees which limit it exceeds.
 */
import type { Message } from '../base/message.ts';

export interface HubLimits {
  readonly payloadBytesMax: number;
  /** Largest length of a topic at the hub, bytes of UTF-8. */
  readonly topicBytesMax: number;
  /** Largest number of slashes in a topic. 0: no limit. */
  readonly topicSlashesMax: number;
}

export type Excess = 'payload too large' | 'topic too long' | 'too many slashes';

export interface HubLimitProblem {
  readonly excess: Excess;
  /** Example: `its payload has 20000 bytes, and the hub accepts 16384`. */
  readonly words: string;
}

/** @param sentBytes largest number of bytes of the payload when it is published: with its envelope, if it gets one */
export function messageProblem(
  { topic, payload }: Message,
  limits: HubLimits,
  sentBytes: number,
): HubLimitProblem | undefined {
  if (sentBytes > limits.payloadBytesMax) {
    const envelope = sentBytes === payload.length ? '' : `, up to ${sentBytes} with its envelope`;
    return problem('payload too large', `its payload has ${payload.length} bytes${envelope}`, limits.payloadBytesMax);
  }
  return topicLimitProblem(topic, limits);
}

/** Checks a topic or a filter. */
export function topicLimitProblem(topic: string, limits: HubLimits): HubLimitProblem | undefined {
  const { topicBytesMax, topicSlashesMax } = limits;
  // a UTF-16 unit takes at most three bytes, so a short text needs no encoding
  if (topic.length * 3 > topicBytesMax) {
    const bytes = new TextEncoder().encode(topic).length;
    if (bytes > topicBytesMax)
      return problem('topic too long', `its topic at the hub has ${bytes} bytes`, topicBytesMax);
  }
  if (topicSlashesMax === 0) return undefined;
  const slashes = topic.split('/').length - 1;
  if (slashes <= topicSlashesMax) return undefined;
  return problem('too many slashes', `its topic at the hub has ${slashes} slashes`, topicSlashesMax);
}

function problem(excess: Excess, what: string, max: number): HubLimitProblem {
  return { excess, words: `${what}, and the hub accepts ${max}` };
}

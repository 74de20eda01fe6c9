/**
 * What the hub would refuse, or drop without a word (hub contract §1.8, §1.9): found out at the door, so that it does not
 * become a dead letter, and the technician hears what was too much.
 */
import type { Message } from '../base/message.ts';

export interface HubLimits {
  readonly payloadBytesMax: number;
  /** Of a topic as the hub knows it, in UTF-8. */
  readonly topicBytesMax: number;
  /** 0 = no limit. */
  readonly topicSlashesMax: number;
}

export type Excess = 'payload too large' | 'topic too long' | 'too many slashes';

export interface HubLimitProblem {
  readonly excess: Excess;
  /** `its payload has 20000 bytes, and the hub takes 16384` */
  readonly words: string;
}

export function messageProblem({ topic, payload }: Message, limits: HubLimits): HubLimitProblem | undefined {
  if (payload.length > limits.payloadBytesMax)
    return problem('payload too large', `its payload has ${payload.length} bytes`, limits.payloadBytesMax);
  return topicLimitProblem(topic, limits);
}

/** Of a topic or a filter. */
export function topicLimitProblem(topic: string, limits: HubLimits): HubLimitProblem | undefined {
  const { topicBytesMax, topicSlashesMax } = limits;
  // a UTF-16 unit takes at most three bytes, so a short text needs no counting
  if (topic.length * 3 > topicBytesMax) {
    const bytes = new TextEncoder().encode(topic).length;
    if (bytes > topicBytesMax) return problem('topic too long', `its topic has ${bytes} bytes there`, topicBytesMax);
  }
  if (topicSlashesMax === 0) return undefined;
  const slashes = topic.split('/').length - 1;
  if (slashes <= topicSlashesMax) return undefined;
  return problem('too many slashes', `its topic has ${slashes} slashes there`, topicSlashesMax);
}

function problem(excess: Excess, what: string, max: number): HubLimitProblem {
  return { excess, words: `${what}, and the hub takes ${max}` };
}

/** Evidence against a packet on which the hub may close the connection. */
import { type HubPacket, withoutEntry } from './hub-packet.ts';

/**
 * Largest number of proven filters, topics of QoS 0, and topics of dead letters. The oldest is dropped first. A dropped
 * one costs more trials.
 */
const PROVEN_MAX = 2048;

/** Time until a packet that is set aside is tried again. Doubled after each failed trial. */
export const TRIAL_MS = 60 * 60_000;
export const TRIAL_MS_MAX = 24 * 60 * 60_000;
/** Number of dead letters of a topic in a row after which the topic, not a payload, is taken as the cause. */
export const IN_A_ROW = 5;

export interface Suspect {
  readonly act: HubPacket;
  /** Number of closes that count as proof. */
  closes: number;
  /** Number of all closes after which only this packet was unanswered. This number is reported. */
  closesAlone: number;
  /** Times of the first and the last close after this packet alone, monotonic ms. */
  readonly sinceMs: number;
  lastMs: number;
}

export interface SetAsidePacket extends Suspect {
  readonly trialAtMs: number;
  readonly pauseMs: number;
}

/** Topic of uplinks that became dead letters. No other message of the topic has been acknowledged since. */
export interface ProvenTopic extends SetAsidePacket {
  readonly inARow: number;
}

/** Evidence against a packet, for reports. Times are monotonic ms. */
export interface Evidence {
  readonly act: HubPacket;
  readonly state: 'suspect' | 'set aside';
  readonly closesAlone: number;
  readonly sinceMs: number;
  readonly lastMs: number;
  /** Time of the next trial. `undefined`: the packet is tried in every connection. */
  readonly trialAtMs: number | undefined;
}

export function newSuspect(act: HubPacket, nowMs: number): Suspect {
  return { act, closes: 0, closesAlone: 0, sinceMs: nowMs, lastMs: nowMs };
}

/** @param before evidence against the topic from earlier dead letters */
export function newProvenTopic(
  { act, closes, closesAlone, sinceMs, lastMs }: Suspect,
  before: ProvenTopic | undefined,
): ProvenTopic {
  const inARow = (before?.inARow ?? 0) + 1;
  const pauseMs = inARow <= IN_A_ROW ? TRIAL_MS : Math.min(TRIAL_MS_MAX, (before?.pauseMs ?? TRIAL_MS) * 2);
  return {
    act: withoutEntry(act),
    closes,
    closesAlone: (before?.closesAlone ?? 0) + closesAlone,
    inARow,
    sinceMs: before?.sinceMs ?? sinceMs,
    lastMs,
    pauseMs,
    trialAtMs: lastMs + pauseMs,
  };
}

/** Adds a proven packet or topic. Drops the oldest above the bound. */
export function remember<T>(proven: Map<string, T>, key: string, what: T): void {
  proven.delete(key);
  proven.set(key, what);
  const [oldest] = proven.keys();
  if (oldest !== undefined && proven.size > PROVEN_MAX) proven.delete(oldest);
}

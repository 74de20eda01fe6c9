/** What is known against a packet that the hub may close the connection on. */
import type { HubPacket } from './hub-packet.ts';

/** Filters, topics of QoS 0, and topics of dead letters. Beyond, the oldest is forgotten, which costs it more trials. */
const PROVEN_MAX = 2048;

export interface Suspect {
  readonly act: HubPacket;
  /** Closes that count against it as proof. */
  closes: number;
  /** All closes upon it alone: the number that is reported. */
  closesAlone: number;
  /** Of the first close upon it alone, and of the last; monotonic ms. */
  readonly sinceMs: number;
  lastMs: number;
}

export interface SetAsidePacket extends Suspect {
  readonly trialAtMs: number;
  readonly pauseMs: number;
}

/** A topic of uplinks that became dead letters, none of another having been acknowledged since. */
export interface Convicted extends SetAsidePacket {
  readonly inARow: number;
}

/** What is known against a packet; times are monotonic ms. */
export interface Evidence {
  readonly act: HubPacket;
  readonly state: 'suspect' | 'set aside';
  readonly closesAlone: number;
  readonly sinceMs: number;
  readonly lastMs: number;
  /** `undefined`: at every connection. */
  readonly trialAtMs: number | undefined;
}

export function newSuspect(act: HubPacket, nowMs: number): Suspect {
  return { act, closes: 0, closesAlone: 0, sinceMs: nowMs, lastMs: nowMs };
}

/** Adds what was proven; beyond the bound, the oldest is forgotten. */
export function remember<T>(proven: Map<string, T>, key: string, what: T): void {
  proven.delete(key);
  proven.set(key, what);
  const [oldest] = proven.keys();
  if (oldest !== undefined && proven.size > PROVEN_MAX) proven.delete(oldest);
}

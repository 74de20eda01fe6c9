/** What `GET /v1/hub-subscriptions` answers, and the evidence against a packet in words. */
import { countOf, durationWords } from '../words.ts';

export type FilterState =
  | 'granted'
  | 'granted with QoS 0'
  | 'asked'
  | 'wanted'
  | 'refused'
  | 'unanswered'
  | 'suspect'
  | 'set aside'
  | 'not wanted';

export interface HubSubscriptionsReport {
  readonly subscriptions: readonly FilterReport[];
  /** PUBLISH packets that are held back. */
  readonly publishes: readonly HeldPacketReport[];
}

export interface FilterReport {
  readonly filter: string;
  readonly state: FilterState;
  /** Subdevices, and `(gateway)` for its own. */
  readonly wantedBy: readonly string[];
  /** Why the hub refuses it; `null`: it is not refused in this connection. */
  readonly reason: string | null;
  /** `null`: the hub has not closed the connection on it. */
  readonly evidence: HeldPacketReport | null;
}

/** What speaks against one packet. */
export interface HeldPacketReport {
  readonly packet: string;
  /** Topic or filter: what `hub subscriptions release` takes. */
  readonly name: string;
  readonly state: 'suspect' | 'set aside';
  /** Closes upon it alone: the number that the journal gives too. */
  readonly closes: number;
  readonly firstCloseMs: number;
  readonly lastCloseMs: number;
  /** `null`: at the next connection. */
  readonly triedAgainInMs: number | null;
}

/** The evidence, without a full stop. */
export function evidenceWords({ packet, closes, firstCloseMs, lastCloseMs }: HeldPacketReport): string {
  const last = `${durationWords(lastCloseMs)} ago`;
  if (closes <= 1) return `${packet} (1 close upon it alone, ${last})`;
  const span = `${countOf(closes, 'close')} upon it alone, from ${durationWords(firstCloseMs)} to ${last}`;
  return `${packet} (${span})`;
}

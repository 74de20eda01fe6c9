/** Answer of `GET /v1/hub-subscriptions`, and the evidence against a packet in words. */
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
  /** Subdevices, and `(gateway)` for the gateway itself. */
  readonly wantedBy: readonly string[];
  /** Reason why the hub refuses the filter; `null`: the filter is not refused in this connection. */
  readonly reason: string | null;
  /** Evidence against the filter; `null`: the hub has not closed the connection on the filter. */
  readonly evidence: HeldPacketReport | null;
}

/** Evidence against one packet. */
export interface HeldPacketReport {
  readonly packet: string;
  /** Topic or filter, the argument of `hub subscriptions release`. */
  readonly name: string;
  readonly state: 'suspect' | 'set aside';
  /** Number of closes after this packet alone; the journal gives the same number. */
  readonly closes: number;
  readonly firstCloseMs: number;
  readonly lastCloseMs: number;
  /** Time until the packet is tried again, ms; `null`: at the next connection. */
  readonly triedAgainInMs: number | null;
}

/** Returns the evidence as a sentence without a full stop. */
export function evidenceWords({ packet, closes, firstCloseMs, lastCloseMs }: HeldPacketReport): string {
  const last = `${durationWords(lastCloseMs)} ago`;
  if (closes <= 1) return `${packet} (1 close after it alone, ${last})`;
  const span = `${countOf(closes, 'close')} after it alone, from ${durationWords(firstCloseMs)} to ${last}`;
  return `${packet} (${span})`;
}

/** Input, answers and limits of the outbox. Shapes only. */
import type { Message } from '../base/message.ts';
import type { OverflowPolicy } from '../base/overflow-policy.ts';
import type { Stamp } from '../base/time.ts';
import type { AckWaiter, Entry, LetterMark } from '../custody/entry.ts';
import type { ShedReason } from '../custody/ledger.ts';
import type { HubLimitProblem, HubLimits } from './hub-limits.ts';
import type { HubPacket } from './hub-packet.ts';

export interface OutboxLimits extends HubLimits {
  /** Largest number of rows of a lane that were sent before a crash and are still on disk. */
  readonly sentRowsMax: number;
  readonly messagesMax: number;
  readonly bytesMax: number;
  /** Largest number of bytes in RAM that are not on disk yet. Above it, subdevices get the answer "congestion". */
  readonly unstoredBytesMax: number;
  readonly inFlightMax: number;
  readonly attemptsMax: number;
  readonly pubackMsMax: number;
  /** Messages per second. 0: no limit. */
  readonly messagesPerS: number;
  /** Minimum share of live messages in the rate left by alarms while there is a backlog, 0 to 1. */
  readonly liveShare: number;
}

/** QoS 1 uplink that a driver wants to put into the outbox. */
export interface Offer {
  readonly lane: number;
  readonly message: Message;
  readonly overflow: OverflowPolicy;
  readonly stamp: Stamp;
  readonly ackWaiter: AckWaiter | undefined;
  readonly holdMs: number;
  readonly commitMs: number;
  /**
   * True if the subdevice got the acknowledgement of the message earlier: of a will. No room for an envelope is
   * demanded, since the envelope may have been off at that time.
   */
  readonly isPromised?: boolean;
  /** Topic in the subdevice's own names. */
  readonly ownTopic?: string | undefined;
  /** Mark of the dead letter that this message was, if it was released. */
  readonly letter?: LetterMark | undefined;
}

export type Admission =
  | { readonly kind: 'accepted'; readonly entry: Entry }
  /** Accepted and dropped by a policy at once. The sender gets an acknowledgement and the ledger counts the message. */
  | { readonly kind: 'shed'; readonly reason: ShedReason }
  | { readonly kind: 'refused'; readonly why: 'congestion' }
  | { readonly kind: 'refused'; readonly why: 'too large'; readonly problem: HubLimitProblem };

/** Next message to send to the hub. */
export interface Sending {
  readonly entry: Entry;
  readonly packetId: number;
  readonly dup: boolean;
  /** True if the hub may close the connection on this message. */
  readonly isSuspect: boolean;
}

/**
 * Conclusion from the end of a connection about a packet of this gateway. `closes`: all closes after this packet alone.
 */
export type Verdict =
  | { readonly kind: 'suspected'; readonly act: HubPacket; readonly closes: number }
  | { readonly kind: 'set aside'; readonly act: HubPacket; readonly closes: number }
  | { readonly kind: 'deadLettered'; readonly entry: Entry; readonly reason: string };

export interface AbandonedUplink {
  readonly entry: Entry;
  readonly reason: string;
}

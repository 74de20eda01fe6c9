/** What the outbox is offered, what it answers, and the bounds it keeps. Shapes only. */
import type { Message } from '../base/message.ts';
import type { Stamp } from '../base/time.ts';
import type { AckWaiter, Entry, LetterMark } from '../custody/entry.ts';
import type { ShedReason } from '../custody/ledger.ts';
import type { HubLimitProblem, HubLimits } from './hub-limits.ts';
import type { HubPacket } from './hub-packet.ts';

export type OverflowPolicy = 'reject' | 'drop-oldest' | 'drop-newest' | 'keep-latest';

export interface OutboxLimits extends HubLimits {
  /** Entries of a lane in RAM: those that may be sent. */
  readonly windowMax: number;
  readonly messagesMax: number;
  readonly bytesMax: number;
  /** Bytes in RAM that no disk holds yet; beyond, subdevices are told to wait. */
  readonly unstoredBytesMax: number;
  readonly inFlightMax: number;
  readonly attemptsMax: number;
  readonly pubackMsMax: number;
  /** Messages per second; 0 = no ceiling. */
  readonly messagesPerS: number;
  /** Of what alarms leave, so much at least is for live messages while there is a backlog; 0 to 1. */
  readonly liveShare: number;
}

/** A QoS 1 uplink at the door. */
export interface Offer {
  readonly lane: number;
  readonly message: Message;
  readonly overflow: OverflowPolicy;
  readonly stamp: Stamp;
  readonly ackWaiter: AckWaiter | undefined;
  readonly holdMs: number;
  readonly commitMs: number;
  /** The dead letter that comes back with it. */
  readonly letter?: LetterMark | undefined;
}

export type Admission =
  | { readonly kind: 'accepted'; readonly entry: Entry }
  /** Accepted and dropped by policy at once: the sender is acknowledged, the ledger knows. */
  | { readonly kind: 'shed'; readonly reason: ShedReason }
  | { readonly kind: 'refused'; readonly why: 'congestion' }
  | { readonly kind: 'refused'; readonly why: 'too large'; readonly problem: HubLimitProblem };

/** What goes to the hub now. */
export interface Sending {
  readonly entry: Entry;
  readonly packetId: number;
  readonly dup: boolean;
  /** The hub may close the connection on it. */
  readonly isSuspect: boolean;
}

/** What the end of a connection says about a packet of ours; `closes`: all closes upon it alone. */
export type Verdict =
  | { readonly kind: 'suspected'; readonly act: HubPacket; readonly closes: number }
  | { readonly kind: 'set aside'; readonly act: HubPacket; readonly closes: number }
  | { readonly kind: 'buried'; readonly entry: Entry; readonly reason: string };

export interface AbandonedUplink {
  readonly entry: Entry;
  readonly reason: string;
}

/** State of the delivery to one subdevice. */
import type { Message } from '../base/message.ts';
import type { Entry } from '../custody/entry.ts';
import type { ShedReason } from '../custody/ledger.ts';

/** One message that is being delivered to a subdevice. `entry` is undefined for QoS 0, which is not in custody. */
export interface Delivery {
  readonly lane: number;
  readonly message: Message;
  readonly entry: Entry | undefined;
  readonly dup: boolean;
  /** A message of the gateway itself, with a topic in the subdevice's own names. It is in no ledger. */
  readonly isOwn?: true;
}

export interface DeliveryState {
  /** `awake`: a sleeping subdevice listens until it has received the messages that waited when it woke. */
  state: 'away' | 'active' | 'asleep' | 'awake';
  delivering: Delivery | undefined;
  readonly qos0: Message[];
  /** Highest number of the messages that waited when the subdevice connected. They are sent at the replay interval. */
  replayTo: number;
  replayAtMs: number;
  /**
   * Highest number of the messages that waited when the subdevice woke. Only these are delivered before it sleeps
   * again.
   */
  wakeTo: number;
  /** Highest number of the messages that belong to an ended session. */
  discardTo: number;
  discardAs: SessionEnd;
}

/** Reason why messages of an ended session are not delivered. */
export type SessionEnd = Extract<ShedReason, 'session ended' | 'forgotten by hand'>;

export function newDeliveryState(): DeliveryState {
  return {
    state: 'away',
    delivering: undefined,
    qos0: [],
    replayTo: 0,
    replayAtMs: 0,
    wakeTo: 0,
    discardTo: 0,
    discardAs: 'session ended',
  };
}

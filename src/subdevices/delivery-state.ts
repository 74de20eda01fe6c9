/** How one subdevice is there for its inbox, and what is under way to it. */
import type { Message } from '../base/message.ts';
import type { Entry } from '../custody/entry.ts';
import type { ShedReason } from '../custody/ledger.ts';

/** One message on its way to a subdevice. `entry` is undefined for QoS 0, which nobody keeps. */
export interface Delivery {
  readonly lane: number;
  readonly message: Message;
  readonly entry: Entry | undefined;
  readonly dup: boolean;
}

export interface DeliveryState {
  /** `awake`: it sleeps, and listens for as long as it takes to get what waited when it woke. */
  state: 'away' | 'active' | 'asleep' | 'awake';
  delivering: Delivery | undefined;
  readonly qos0: Message[];
  /** Messages up to this number were waiting when it came: they are replayed. */
  replayTo: number;
  replayAtMs: number;
  /** Messages up to this number were waiting when it woke: they are what it gets in this wake. */
  wakeTo: number;
  /** Messages up to this number belong to a session that is over. */
  discardTo: number;
  discardAs: SessionEnd;
}

/** Why messages of a session that is over are not delivered. */
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

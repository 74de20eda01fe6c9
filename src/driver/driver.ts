/**
 * The contract between a link and the flows: what any driver reports and what it can be ordered to do.
 *
 * A link is a Machine: channel in, channel out (`base/machine.ts`), plus these. Topics here are the subdevice's own
 * names. Tokens are numbers the driver draws (reports) or the flow draws (deliveries); they mean nothing else.
 */
import type { DiscardReason } from '../base/discard.ts';
import type { LinkCounters } from '../base/link-counters.ts';
import type { ChannelAction, ChannelInput, Machine } from '../base/machine.ts';
import type { Message, Qos, Retaining } from '../base/message.ts';
import type { ProbeOutcome } from '../base/probe.ts';
import type { Restorable } from '../base/snapshot.ts';

export type DriverReport =
  /** A subdevice asks to be served; answered by exactly one `attached`. */
  | {
      readonly kind: 'attach';
      readonly subdevice: string;
      readonly clean: boolean;
      /** Silence after which it counts as lost; 0 = it may be silent for ever. */
      readonly aliveMs: number;
      /** `undefined`: it wants none. A clean session that leaves it unchanged has none either. */
      readonly will: Message | 'unchanged' | undefined;
    }
  /**
   * It is gone. `asked`: it said so; the others are found out. Never follows a refused attach.
   * Cause `asked` is answered by one `released`. `aliveUntilMs`: when its keep alive or its sleep would end; `undefined` without either.
   */
  | {
      readonly kind: 'detach';
      readonly subdevice: string;
      readonly cause: DetachCause;
      readonly aliveUntilMs: number | undefined;
    }
  /** It sleeps: nothing is to be delivered until it wakes. It is still attached, until `aliveMs` of silence. */
  | { readonly kind: 'slept'; readonly subdevice: string; readonly aliveMs: number }
  /** It listens, and wants what has waited. Answered by one `rest`, or ended by `slept`, `attach` or `detach`. */
  | { readonly kind: 'woke'; readonly subdevice: string }
  /** Answered by exactly one `confirm` or `refuse`. */
  | { readonly kind: 'will'; readonly subdevice: string; readonly change: WillChange; readonly token: number }
  /** QoS −1: published without a connection, by the subdevice that the configuration says it is. */
  | ({
      readonly kind: 'unconnected';
      readonly subdevice: string;
      readonly topic: string;
      readonly payload: Uint8Array;
    } & Retaining)
  /** QoS 1 has a token and is answered by exactly one `acknowledge` or `refuse`; QoS 0 has none. */
  | ({
      readonly kind: 'uplink';
      readonly subdevice: string;
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly qos: Qos;
      readonly token: number | undefined;
    } & Retaining)
  /** Answered by exactly one `confirm` or `refuse`. `topicId` is to be remembered with it, where the driver gave one. */
  | {
      readonly kind: 'subscribe';
      readonly subdevice: string;
      readonly filter: string;
      readonly qos: Qos;
      readonly topicId: number | undefined;
      readonly token: number;
    }
  | { readonly kind: 'unsubscribe'; readonly subdevice: string; readonly filter: string; readonly token: number }
  /** A topic id was given: answered by `confirm` once durable. */
  | {
      readonly kind: 'topicBound';
      readonly subdevice: string;
      readonly topicId: number;
      readonly topic: string;
      readonly token: number;
    }
  /** A topic id that made room for another one, and stands for nothing from now on. */
  | { readonly kind: 'topicReleased'; readonly subdevice: string; readonly topicId: number }
  /** The subdevice has acknowledged a delivery (QoS 1), or its bytes were written (QoS 0). */
  | { readonly kind: 'delivered'; readonly token: number }
  /** `refused`: the subdevice will never take this one. `lost`: it did not answer; the message is still owed. */
  | {
      readonly kind: 'undelivered';
      readonly token: number;
      readonly why: UndeliveredReason;
      /** Of `refused`: why, in words for people. */
      readonly because?: string;
    }
  /** Something of the user's ended here: it is in nobody's custody, and never will be. Answered by nothing. */
  | {
      readonly kind: 'discarded';
      /** `undefined`: whose it was cannot be known. A name from the line is none, unless it is configured. */
      readonly subdevice: string | undefined;
      readonly reason: DiscardReason;
      /** Its beginning (`sampleBytes`), or words: what was asked and what was answered. */
      readonly sample: Uint8Array | string;
      /** How many; 1 if absent. */
      readonly count?: number;
    }
  | { readonly kind: 'probed'; readonly token: number; readonly outcome: ProbeOutcome };

/** `failed`: the driver threw on it, which `flow/links.ts` says in its place. */
export type UndeliveredReason = 'refused' | 'too large' | 'failed' | 'lost';

export type WillChange =
  | ({ readonly part: 'topic'; readonly topic: string; readonly qos: Qos } & Retaining)
  | { readonly part: 'payload'; readonly payload: Uint8Array }
  | { readonly part: 'all'; readonly will: undefined };

export type DetachCause = 'asked' | 'keep alive ran out' | 'no answer' | 'replaced' | 'link closed' | 'dismissed';

export type DriverCommand =
  | { readonly kind: 'attached'; readonly subdevice: string; readonly answer: AttachAnswer }
  /** It is served no longer. If it is attached it is told so, and `detach` follows. */
  | { readonly kind: 'dismiss'; readonly subdevice: string }
  /** Custody is taken: tell the subdevice. */
  | { readonly kind: 'acknowledge'; readonly token: number }
  | { readonly kind: 'refuse'; readonly token: number; readonly why: RefuseReason }
  /** The change of the session is durable. */
  | { readonly kind: 'confirm'; readonly token: number }
  /** The end of its connection, which it asked for, is durable: its DISCONNECT may be answered. */
  | { readonly kind: 'released'; readonly subdevice: string }
  /** What waited has been delivered: it may sleep again. */
  | { readonly kind: 'rest'; readonly subdevice: string }
  /** One at a time per subdevice: the next only after `delivered`, `undelivered` or `detach`. */
  | {
      readonly kind: 'deliver';
      readonly subdevice: string;
      readonly token: number;
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly qos: Qos;
      readonly dup: boolean;
    }
  /** Ask it something without meaning, beside everything else. Answered by exactly one `probed`. */
  | { readonly kind: 'probe'; readonly subdevice: string; readonly token: number };

/** One message for a subdevice. */
export type DeliverCommand = Extract<DriverCommand, { kind: 'deliver' }>;

export type AttachAnswer =
  | { readonly accepted: true; readonly topicIds: ReadonlyMap<number, string> }
  | { readonly accepted: false; readonly why: RefuseReason };

export type RefuseReason = 'congestion' | 'not allowed' | 'invalid topic' | 'not supported' | 'too large';

export type LinkInput = ChannelInput | DriverCommand;
export type LinkAction = ChannelAction | DriverReport;

export interface LinkMachine extends Machine<LinkInput, LinkAction>, Restorable<object> {
  readonly counters: LinkCounters;
  readonly state: 'stopped' | 'opening' | 'open' | 'waiting to reopen';
  /** Client ids attached now. */
  attachedSubdevices(): readonly string[];
  /** Those of them that sleep → monotonic ms at which each counts as lost. */
  sleepers(): ReadonlyMap<string, number>;
  /** Monotonic ms of the last valid frame of a subdevice, whatever it said; `undefined`: none since this machine began. */
  lastReceivedAtMs(subdevice: string): number | undefined;
  /**
   * Subdevices that speak only when they are asked, and have not answered → monotonic ms of the first question in vain.
   * Empty where subdevices speak unasked.
   */
  unanswered(): ReadonlyMap<string, number>;
  /** Client ids that a `probe` would reach now; none where the driver knows no question without meaning. */
  probeable(): readonly string[];
}

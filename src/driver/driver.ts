/**
 * Contract between a link and the flows: the reports and the commands of every driver.
 *
 * A link is a Machine with a channel (`base/machine.ts`), plus these unions. Topics here are the subdevice's own names.
 * Tokens are numbers chosen by the driver (reports) or by the flow (deliveries); they have no other meaning.
 */
import type { DeviceNote } from '../base/device-note.ts';
import type { DiscardReason, ExcessSize } from '../base/discard.ts';
import type { LinkCounters } from '../base/link-counters.ts';
import type { ChannelAction, ChannelInput, Machine } from '../base/machine.ts';
import type { Message, Qos, Retaining } from '../base/message.ts';
import type { ProbeOutcome } from '../base/probe.ts';

export type DriverReport =
  /** A subdevice requests service. Answered by exactly one `attached`. */
  | {
      readonly kind: 'attach';
      readonly subdevice: string;
      readonly clean: boolean;
      /** Silence after which the subdevice counts as lost, ms. 0: no limit. */
      readonly aliveMs: number;
      /** `undefined`: no will. A clean session with `unchanged` has no will either. */
      readonly will: Message | 'unchanged' | undefined;
    }
  /**
   * The subdevice is gone. Cause `asked`: the subdevice sent a DISCONNECT, and the report is answered by one
   * `released`. The gateway detected every other cause. No `detach` follows a rejected attach. `aliveUntilMs`: end of
   * the keep alive or of the sleep of the subdevice, monotonic ms; `undefined` if it has neither.
   */
  | {
      readonly kind: 'detach';
      readonly subdevice: string;
      readonly cause: DetachCause;
      readonly aliveUntilMs: number | undefined;
    }
  /** The subdevice sleeps: no delivery until it wakes. It stays attached until `aliveMs` of silence. */
  | { readonly kind: 'slept'; readonly subdevice: string; readonly aliveMs: number }
  /**
   * The subdevice is awake and wants the waiting messages. Answered by one `rest`, or ended by `slept`, `attach` or
   * `detach`.
   */
  | { readonly kind: 'woke'; readonly subdevice: string }
  /** A change of the will. Answered by exactly one `confirm` or `refuse`. */
  | { readonly kind: 'will'; readonly subdevice: string; readonly change: WillChange; readonly token: number }
  /** A message published without a connection (QoS −1). The configuration determines its subdevice. */
  | ({
      readonly kind: 'unconnected';
      readonly subdevice: string;
      readonly topic: string;
      readonly payload: Uint8Array;
    } & Retaining)
  /**
   * An uplink. With QoS 1 it has a token and is answered by exactly one `acknowledge` or `refuse`. With QoS 0 it has no
   * token and no answer.
   */
  | ({
      readonly kind: 'uplink';
      readonly subdevice: string;
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly qos: Qos;
      readonly token: number | undefined;
    } & Retaining)
  /**
   * A subscription. Answered by exactly one `confirm` or `refuse`. `topicId`, if given, is stored with the
   * subscription.
   */
  | {
      readonly kind: 'subscribe';
      readonly subdevice: string;
      readonly filter: string;
      readonly qos: Qos;
      readonly topicId: number | undefined;
      readonly token: number;
    }
  | { readonly kind: 'unsubscribe'; readonly subdevice: string; readonly filter: string; readonly token: number }
  /** A topic id was assigned. Answered by `confirm` once it is durable. */
  | {
      readonly kind: 'topicBound';
      readonly subdevice: string;
      readonly topicId: number;
      readonly topic: string;
      readonly token: number;
    }
  /** A topic id was released for another topic and is invalid from now on. */
  | { readonly kind: 'topicReleased'; readonly subdevice: string; readonly topicId: number }
  /** The subdevice has acknowledged a delivery (QoS 1), or its bytes were written (QoS 0). */
  | { readonly kind: 'delivered'; readonly token: number }
  /**
   * A delivery failed. Reason `lost`: no answer came, and the message stays in custody. Every other reason ends the
   * custody of the message.
   */
  | {
      readonly kind: 'undelivered';
      readonly token: number;
      readonly why: UndeliveredReason;
      /** Reason of `refused`, `invalid` and `unanswered`, as text. */
      readonly because?: string;
      /** Present with `too large`: sizes of the message and of the limit. */
      readonly size?: ExcessSize;
    }
  /** A message or command of the user was discarded and will never be in custody. The report is not answered. */
  | {
      readonly kind: 'discarded';
      /**
       * Subdevice, if it is known: a name that came over the line counts only if it is configured. `undefined`:
       * unknown.
       */
      readonly subdevice: string | undefined;
      readonly reason: DiscardReason;
      /** Beginning of the bytes (`sampleBytes`), or a text: the request and the answer. */
      readonly sample: Uint8Array | string;
      /** Number of cases; 1 if absent. */
      readonly count?: number;
    }
  | { readonly kind: 'probed'; readonly token: number; readonly outcome: ProbeOutcome };

/**
 * Reason why a message was not delivered:
 * - `refused`: the subdevice rejected the message
 * - `invalid`: the driver rejected the message before anything was sent
 * - `unanswered`: the driver gave up after several attempts; the subdevice may have carried out a part of the message
 * - `empty`: the message has no content, as a message that clears a retained one
 * - `failed`: the driver threw on the message; `flow/links.ts` reports this in place of the driver
 */
export type UndeliveredReason = 'refused' | 'invalid' | 'unanswered' | 'empty' | 'too large' | 'failed' | 'lost';

export type WillChange =
  | ({ readonly part: 'topic'; readonly topic: string; readonly qos: Qos } & Retaining)
  | { readonly part: 'payload'; readonly payload: Uint8Array }
  | { readonly part: 'all'; readonly will: undefined };

export type DetachCause = 'asked' | 'keep alive ran out' | 'no answer' | 'replaced' | 'link closed' | 'dismissed';

export type DriverCommand =
  | { readonly kind: 'attached'; readonly subdevice: string; readonly answer: AttachAnswer }
  /** The subdevice is no longer served. An attached subdevice is informed, and `detach` follows. */
  | { readonly kind: 'dismiss'; readonly subdevice: string }
  /** The messages are in custody: acknowledge them to their subdevices, in this order. */
  | { readonly kind: 'acknowledge'; readonly uplinks: readonly SafeUplink[] }
  | { readonly kind: 'refuse'; readonly subdevice: string; readonly token: number; readonly why: RefuseReason }
  /** The change of the session is durable. */
  | { readonly kind: 'confirm'; readonly subdevice: string; readonly token: number }
  /** The end of the connection is durable, and its DISCONNECT may be answered. */
  | { readonly kind: 'released'; readonly subdevice: string }
  /** All waiting messages were delivered: the subdevice may sleep again. */
  | { readonly kind: 'rest'; readonly subdevice: string }
  /**
   * A message for the subdevice. Each subdevice has one `deliver` at a time: the next one follows only after
   * `delivered`, `undelivered` or `detach`.
   */
  | {
      readonly kind: 'deliver';
      readonly subdevice: string;
      readonly token: number;
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly qos: Qos;
      readonly dup: boolean;
      /** Number of the message, the same over restarts. Absent: it is not in custody. */
      readonly number?: number;
    }
  /** Tests the line to the subdevice, in parallel to everything else. Answered by exactly one `probed`. */
  | { readonly kind: 'probe'; readonly subdevice: string; readonly token: number };

/** Uplink in custody. */
export interface SafeUplink {
  readonly subdevice: string;
  /** Token of its report. */
  readonly token: number;
}

/** One message for a subdevice. */
export type DeliverCommand = Extract<DriverCommand, { kind: 'deliver' }>;

export type AttachAnswer =
  | { readonly accepted: true; readonly topicIds: ReadonlyMap<number, string> }
  | { readonly accepted: false; readonly why: RefuseReason };

export type RefuseReason = 'congestion' | 'not allowed' | 'invalid topic' | 'not supported' | 'too large';

export type LinkInput = ChannelInput | DriverCommand;
export type LinkAction = ChannelAction | DriverReport;

export interface LinkMachine extends Machine<LinkInput, LinkAction> {
  readonly counters: LinkCounters;
  /** True if each subdevice is polled, so that silence is noticed within its poll. */
  readonly isPolled: boolean;
  readonly state: 'stopped' | 'opening' | 'open' | 'waiting to reopen';
  /** Client ids attached now. */
  attachedSubdevices(): readonly string[];
  /** Sleeping client ids → monotonic ms at which each counts as lost. */
  sleepers(): ReadonlyMap<string, number>;
  /** Monotonic ms of the last valid frame of a subdevice. `undefined`: none since this machine was started. */
  lastReceivedAtMs(subdevice: string): number | undefined;
  /**
   * Subdevices that only answer requests and do not answer now → monotonic ms of the first unanswered request.
   * Empty if subdevices send on their own.
   */
  unanswered(): ReadonlyMap<string, number>;
  /** Facts learned about subdevices that outlive a restart, by subdevice. Empty: the driver learns none. */
  deviceNotes(): ReadonlyMap<string, DeviceNote>;
  /** Client ids that a `probe` would reach now. Empty if the protocol has no request for a test. */
  probeable(): readonly string[];
}

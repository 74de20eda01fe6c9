/** What a simulated subdevice is told and tells: its options, orders and reports beside the channel's own. */
import type { ChannelAction, ChannelInput } from '../../base/machine.ts';
import type { Message, Qos, Retaining } from '../../base/message.ts';
import type { FramingName } from '../../codec/framing.ts';

export interface SubdeviceOptions {
  readonly clientId: string;
  readonly framing: FramingName;
  readonly clean: boolean;
  /** Whole seconds in ms; 0 = none: then it never finds out by itself that nobody hears it. */
  readonly keepAliveMs: number;
  /** Pause before anything is sent again, and before the channel is opened again, ms. */
  readonly retryMs: number;
  /** QoS 1 publications unanswered at a time, 1 to 16. */
  readonly window: number;
  readonly packetBytesMax: number;
  readonly predefinedTopics: ReadonlyMap<number, string>;
  readonly will: Message | undefined;
}

export type SimulatedCommand =
  | ({
      readonly kind: 'publish';
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly qos: Qos;
      readonly reference: number;
    } & Retaining)
  | { readonly kind: 'subscribe'; readonly filter: string; readonly qos: Qos }
  | { readonly kind: 'unsubscribe'; readonly filter: string }
  /** Says good-bye and stays away until `connect`. */
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'connect' }
  /** Sleeps until `connect` or `disconnect`, and wakes every `durationMs` for what has waited. Only when connected. */
  | { readonly kind: 'sleep'; readonly durationMs: number }
  /** QoS −1: once, connected or not. By predefined id or short name, or not at all. */
  | ({ readonly kind: 'publishUnconnected'; readonly topic: string; readonly payload: Uint8Array } & Retaining);

export type SimulatedReport =
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected' }
  /** Its gateway knows that it sleeps. */
  | { readonly kind: 'slept' }
  /** A wake has brought everything that waited. */
  | { readonly kind: 'rested' }
  | { readonly kind: 'acknowledged'; readonly reference: number }
  /** The gateway will never take it: it is dropped. */
  | { readonly kind: 'rejected'; readonly reference: number }
  | { readonly kind: 'subscribed'; readonly filter: string }
  | { readonly kind: 'unsubscribed'; readonly filter: string }
  | {
      readonly kind: 'received';
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly qos: Qos;
      readonly dup: boolean;
    };

export type SubdeviceInput = ChannelInput | SimulatedCommand;
export type SubdeviceAction = ChannelAction | SimulatedReport;

/** Interface of a simulated subdevice: options, commands and reports, in addition to those of the channel. */
import type { ChannelAction, ChannelInput } from '../../base/machine.ts';
import type { Message, Qos, Retaining } from '../../base/message.ts';
import type { FramingName } from '../../codec/framing.ts';
import type { FirmwareAction, SubdeviceFirmwareOptions } from './subdevice-firmware.ts';

export interface SubdeviceOptions {
  readonly clientId: string;
  readonly framing: FramingName;
  readonly clean: boolean;
  /**
   * Keep alive in ms: a whole number of seconds. 0: no keep alive; the subdevice then never detects by itself that the
   * gateway is gone.
   */
  readonly keepAliveMs: number;
  /** Pause before a packet is sent again, and before the channel is opened again, ms. */
  readonly retryMs: number;
  /** Largest number of unanswered QoS 1 publications, 1 to 16. */
  readonly window: number;
  readonly packetBytesMax: number;
  readonly predefinedTopics: ReadonlyMap<number, string>;
  readonly will: Message | undefined;
  /** Absent: the subdevice reports no version and takes no firmware. */
  readonly firmware?: SubdeviceFirmwareOptions | undefined;
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
  /** Sends a DISCONNECT and stays away until `connect`. */
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'connect' }
  /** Sleeps until `connect` or `disconnect`, and wakes every `durationMs` for waiting messages. Only when connected. */
  | { readonly kind: 'sleep'; readonly durationMs: number }
  /**
   * Publishes with QoS −1: the message is sent once, with or without a connection. A topic without a predefined id or
   * short name is not sent.
   */
  | ({ readonly kind: 'publishUnconnected'; readonly topic: string; readonly payload: Uint8Array } & Retaining);

export type SimulatedReport =
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected' }
  /** The gateway has confirmed the sleep. */
  | { readonly kind: 'slept' }
  /** The subdevice has woken, has received all waiting messages, and sleeps again. */
  | { readonly kind: 'rested' }
  | { readonly kind: 'acknowledged'; readonly reference: number }
  /** The gateway rejected the publication permanently, and the subdevice drops the publication. */
  | { readonly kind: 'rejected'; readonly reference: number }
  | { readonly kind: 'subscribed'; readonly filter: string }
  | { readonly kind: 'unsubscribed'; readonly filter: string }
  /** A firmware image is installed. The subdevice has ended its connection, and connects with the new version. */
  | Extract<FirmwareAction, { kind: 'installed' }>
  | {
      readonly kind: 'received';
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly qos: Qos;
      readonly dup: boolean;
    };

export type SubdeviceInput = ChannelInput | SimulatedCommand;
export type SubdeviceAction = ChannelAction | SimulatedReport;

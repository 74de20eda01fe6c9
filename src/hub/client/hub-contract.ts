/** What the hub client hears and says. */
import type { BackoffLimits } from '../../base/backoff.ts';
import type { ChannelAction, ChannelInput } from '../../base/machine.ts';
import type { Message, Qos, Retaining } from '../../base/message.ts';
import type { Credentials } from './credentials.ts';

/** Orders are ignored unless the client is online: whoever gives them hears `offline` and gives them again later. */
export type HubInput =
  | ChannelInput
  /** `isSuspect`: the hub may close the connection on it. */
  | { readonly kind: 'publish'; readonly publish: HubPublish; readonly isSuspect?: boolean }
  /** `isAgain`: for a downlink that the hub has sent before, so that it may close the connection on it. */
  | { readonly kind: 'puback'; readonly packetId: number; readonly isAgain?: boolean; readonly isSuspect?: boolean }
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly filter: string; readonly isSuspect?: boolean }
  /** All that was unanswered at the last close was sent again, and the connection stands: it did not cause the close. */
  | { readonly kind: 'cleared' }
  /** Is the connection alive? Answered by silence, or by `offline`. */
  | { readonly kind: 'probe' }
  /** Close and come back after the back-off. */
  | { readonly kind: 'leave'; readonly reason: string };

export type Ended = 'by hub' | 'by silence' | 'otherwise';

/** RETAIN is absent unless the hub is to keep the message [MQTT-3.3.1-5]. */
export interface HubPublish extends Retaining {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  /** 1…60000 with QoS 1, `undefined` with QoS 0. */
  readonly packetId: number | undefined;
  readonly dup: boolean;
}

export type HubAction =
  | ChannelAction
  | { readonly kind: 'online'; readonly sessionPresent: boolean }
  /**
   * The connection, or the attempt, is over. `ended`: it was up, and the hub closed it or went silent; or anything else,
   * such as a close by this client because the hub broke the protocol. `stage`: how far it had come.
   */
  | {
      readonly kind: 'offline';
      readonly reason: string;
      readonly ended: Ended;
      readonly stage: 'no connection' | 'before CONNACK' | 'accepted';
    }
  /** The hub said no to CONNECT, with this return code. `offline` follows. */
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string; readonly remedy: string }
  /** Another gateway seems to use our identity: so many connections in a row were taken from us. */
  | { readonly kind: 'takenOver'; readonly times: number }
  /** CONNECT has left and no CONNACK has come for this long; the attempt goes on. At most once for each attempt. */
  | { readonly kind: 'noConnack'; readonly forMs: number }
  /** PINGREQ has left. */
  | { readonly kind: 'probed' }
  /** PINGRESP: the connection carries. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'acknowledged'; readonly packetId: number }
  | {
      readonly kind: 'message';
      readonly message: Message;
      readonly dup: boolean;
      /** The hub had it before we subscribed. */
      readonly retained: boolean;
      readonly packetId: number | undefined;
    }
  /** A message that is larger than `packetBytesMax`: of its payload nothing was kept. */
  | {
      readonly kind: 'oversize';
      readonly topic: string;
      readonly qos: Qos;
      readonly packetBytes: number;
      readonly dup: boolean;
      readonly packetId: number | undefined;
    }
  /** A valid message on which this client, or its reader, failed. The hub would send it again in each connection. */
  | {
      readonly kind: 'failed';
      readonly topic: string;
      readonly qos: Qos;
      readonly why: string;
      readonly dup: boolean;
      readonly packetId: number | undefined;
    }
  /** A message that MQTT 3.1.1 forbids. A message with the same problem has ended a connection before. */
  | {
      readonly kind: 'invalid';
      readonly topic: string;
      readonly qos: Qos;
      readonly problem: string;
      readonly dup: boolean;
      readonly packetId: number | undefined;
    }
  /** SUBACK. `answer`: what it says of the filter; QoS 1 was asked for. */
  | { readonly kind: 'subscribed'; readonly filter: string; readonly answer: 'granted' | 'granted QoS 0' | 'refused' }
  | { readonly kind: 'unsubscribed'; readonly filter: string }
  /** No SUBACK or UNSUBACK in the time for it; one that comes later counts. */
  | { readonly kind: 'unanswered'; readonly request: 'subscribe' | 'unsubscribe'; readonly filter: string };

export type HubState = 'stopped' | 'waiting' | 'dialing' | 'awaitingConnack' | 'online' | 'closing';

/** What CONNECT proves this gateway with; `device name`: TLS proves it, and CONNECT carries no password. */
export type SignsWith = 'nothing' | 'user name' | 'password' | 'device name' | 'device secret';

export interface HubClientOptions {
  /** Called for every CONNECT: a signature is never used twice. */
  readonly credentials: () => Credentials;
  readonly signsWith: SignsWith;
  readonly keepAliveS: number;
  /** From dialling to CONNACK. */
  readonly connectMsMax: number;
  /** For SUBACK, UNSUBACK and PINGRESP. */
  readonly answerMsMax: number;
  /** Monotonic ms before which nothing is sent after a start (`first-dial.ts`). */
  readonly firstDialAtMs: number;
  /** Pauses between the end of a connection or attempt and the next. */
  readonly reconnect: BackoffLimits;
  readonly packetBytesMax: number;
  readonly random: () => number;
}

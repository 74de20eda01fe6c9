/** Inputs and actions of the hub client. */
import type { BackoffLimits } from '../../base/backoff.ts';
import type { ChannelAction, ChannelInput } from '../../base/machine.ts';
import type { Message, Qos, Retaining } from '../../base/message.ts';
import type { Credentials } from './credentials.ts';
import type { OwnWill } from './own-will.ts';

/** Commands are ignored unless the client is online: the flows get `offline` and repeat them after `online`. */
export type HubInput =
  | ChannelInput
  /** Messages in their order, in one write. `isSuspect`: the hub may close the connection on this message, so it is alone. */
  | { readonly kind: 'publish'; readonly messages: readonly HubPublish[]; readonly isSuspect?: boolean }
  /** `isAgain`: the hub has sent the downlink before, so the hub may close the connection on this PUBACK. */
  | { readonly kind: 'puback'; readonly packetId: number; readonly isAgain?: boolean; readonly isSuspect?: boolean }
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly filter: string; readonly isSuspect?: boolean }
  /** All packets unanswered at the last close were sent again and confirmed, so none of them caused the close. */
  | { readonly kind: 'cleared' }
  /** Tests the connection with a PINGREQ. Answered by `alive` or by `offline`. */
  | { readonly kind: 'probe' }
  /**
   * Closes the connection, after a DISCONNECT if `disconnects`: then the hub discards the will [MQTT-3.14.4-3]. The client
   * connects again after the back-off.
   */
  | { readonly kind: 'leave'; readonly reason: string; readonly disconnects?: boolean }
  /** Closes the connection, after a DISCONNECT if there is no will, and connects again at once. It is no outage. */
  | { readonly kind: 'renew' };

/** `for renewal`: after the input `renew`. */
export type Ended = 'by hub' | 'by silence' | 'for renewal' | 'otherwise';

/** RETAIN is absent unless the hub must keep the message [MQTT-3.3.1-5]. */
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
   * The connection, or the attempt, has ended. `ended`: the hub closed an accepted connection or became silent;
   * `otherwise` covers the rest, such as a close by this client because the hub broke the protocol. `stage`: the stage
   * reached.
   */
  | {
      readonly kind: 'offline';
      readonly reason: string;
      readonly ended: Ended;
      readonly stage: 'no connection' | 'before CONNACK' | 'accepted';
    }
  /** The hub rejected CONNECT with this return code. `offline` follows. */
  | { readonly kind: 'refused'; readonly code: number; readonly reason: string; readonly remedy: string }
  /** Another gateway seems to use the same identity. `times`: number of connections in a row that it took over. */
  | { readonly kind: 'takenOver'; readonly times: number }
  /** CONNECT was sent and no CONNACK came for `forMs`. The attempt continues. At most once per attempt. */
  | { readonly kind: 'noConnack'; readonly forMs: number }
  /** A PINGREQ was sent. */
  | { readonly kind: 'probed' }
  /** A PINGRESP was received: the connection carries traffic. */
  | { readonly kind: 'alive' }
  /** PUBACKs in their order, as many as came in a row. */
  | { readonly kind: 'acknowledged'; readonly packetIds: readonly number[] }
  /** A message for the hub on which this client failed. It was not sent, and the other ones were. */
  | { readonly kind: 'unsendable'; readonly topic: string; readonly packetId: number | undefined; readonly why: string }
  | {
      readonly kind: 'message';
      readonly message: Message;
      readonly dup: boolean;
      /** The hub had the message before this gateway subscribed. */
      readonly retained: boolean;
      readonly packetId: number | undefined;
    }
  /** A message larger than `packetBytesMax`. Its payload was discarded. */
  | {
      readonly kind: 'oversize';
      readonly topic: string;
      readonly qos: Qos;
      readonly packetBytes: number;
      readonly dup: boolean;
      readonly packetId: number | undefined;
    }
  /** A valid message on which this client or its reader failed. The hub would send it again in each connection. */
  | {
      readonly kind: 'failed';
      readonly topic: string;
      readonly qos: Qos;
      readonly why: string;
      readonly dup: boolean;
      readonly packetId: number | undefined;
    }
  /** Message that MQTT 3.1.1 forbids. The first one with this problem closed a connection; this one does not. */
  | {
      readonly kind: 'invalid';
      readonly topic: string;
      readonly qos: Qos;
      readonly problem: string;
      readonly dup: boolean;
      readonly packetId: number | undefined;
    }
  /** SUBACK. `answer`: the granted QoS of the filter, or a rejection; QoS 1 was requested. */
  | { readonly kind: 'subscribed'; readonly filter: string; readonly answer: 'granted' | 'granted QoS 0' | 'refused' }
  /** SUBACK that MQTT 3.1.1 forbids. The first one closed a connection; this one does not. */
  | { readonly kind: 'subscribed'; readonly filter: string; readonly answer: 'invalid'; readonly problem: string }
  | { readonly kind: 'unsubscribed'; readonly filter: string }
  /** The SUBACK or UNSUBACK is overdue. A late one still counts. */
  | { readonly kind: 'unanswered'; readonly request: 'subscribe' | 'unsubscribe'; readonly filter: string };

export type HubState = 'stopped' | 'waiting' | 'dialing' | 'awaitingConnack' | 'online' | 'closing';

/**
 * Credentials of CONNECT. `password command`: a program prints the password while the connection is opened. `device
 * name`: TLS proves the identity, and CONNECT carries no password.
 */
export type SignsWith = 'nothing' | 'user name' | 'password' | 'password command' | 'device name' | 'device secret';

export interface HubClientOptions {
  /** Called for every CONNECT, because each CONNECT needs a new signature. */
  readonly credentials: () => Credentials;
  readonly signsWith: SignsWith;
  readonly will: OwnWill | undefined;
  readonly keepAliveS: number;
  /** Largest time from dialling to CONNACK, ms. The time of a program that prints the password is added. */
  readonly connectMsMax: number;
  /** Largest time to SUBACK, UNSUBACK and PINGRESP, ms. */
  readonly answerMsMax: number;
  /** Earliest time of the first connection after a start, monotonic ms (`reconnect-policy.ts`). */
  readonly firstDialAtMs: number;
  /** Pauses between the end of a connection or attempt and the next. */
  readonly reconnect: BackoffLimits;
  readonly packetBytesMax: number;
  readonly random: () => number;
}

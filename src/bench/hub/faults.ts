/**
 * Faults that the bench hub injects on command. Commands come from a test, from the application side over HTTP, or from
 * the command line; they take effect with the next input.
 */
import { z } from 'zod';

const HOUR_MS = 3_600_000;
const filters = z.array(z.string()).readonly();

const Faults = z.strictObject({
  /**
   * Reachability of the hub. `normal`: no fault. `refuses`: new connections are closed at once; `mute`: new connections
   * are accepted and never answered; `half-open`: every connection, old and new, stays open and carries nothing in
   * either direction. A silent connection stays silent.
   */
  reach: z.enum(['normal', 'refuses', 'mute', 'half-open']),
  /** Session present flag of CONNACK: the truth, or always 1, or always 0. */
  sessionPresentClaim: z.enum(['truth', 'always', 'never']),
  /**
   * Messages that the hub receives and does not acknowledge: all, or those whose topic matches one of these filters.
   */
  swallowsPubacks: z.union([z.boolean(), filters]),
  /** Delay of everything that the hub sends. */
  sendDelayMs: z.number().min(0).max(HOUR_MS),
  /**
   * Delivery of the answers of services (`$gateway` and the others). `stale`: the previous answer on the topic is sent
   * instead, if there is one.
   */
  answers: z.enum(['prompt', 'late', 'stale', 'missing']),
  /** Delay of `late` answers. */
  answerDelayMs: z.number().min(0).max(HOUR_MS),
  /** Filters. A PUBLISH on a topic that matches one of them ends the connection without an acknowledgement. */
  poison: filters,
  /**
   * Patterns. A SUBSCRIBE or UNSUBSCRIBE ends the connection if one of its filters equals a pattern or is matched by a
   * pattern.
   */
  poisonSubscribes: filters,
  poisonUnsubscribes: filters,
  /**
   * Filters. A PUBACK of a downlink ends the connection if the topic of the downlink matches one of them; the downlink
   * stays unacknowledged.
   */
  poisonPubacks: filters,
  /**
   * Filters. A SUBSCRIBE of one of them is answered with 0x80 (`refusesSubscribes`), with QoS 0 (`lowersSubscribes`),
   * or not at all (`swallowsSubacks`).
   */
  refusesSubscribes: filters,
  lowersSubscribes: filters,
  swallowsSubacks: filters,
  /** An UNSUBSCRIBE of one of these filters is not answered. */
  swallowsUnsubacks: filters,
  /**
   * Way in which the connection ends: the hub closes it; or sends bytes that are not MQTT and leaves the closing to the
   * client; or carries nothing more, so that the client must detect it.
   */
  poisonReaction: z.enum(['close', 'garbage', 'mute']),
});

export type HubFaults = Readonly<z.output<typeof Faults>>;

export const NO_FAULTS: HubFaults = {
  reach: 'normal',
  sessionPresentClaim: 'truth',
  swallowsPubacks: false,
  sendDelayMs: 0,
  answers: 'prompt',
  answerDelayMs: 0,
  poison: [],
  poisonSubscribes: [],
  poisonUnsubscribes: [],
  poisonPubacks: [],
  refusesSubscribes: [],
  lowersSubscribes: [],
  swallowsSubacks: [],
  swallowsUnsubacks: [],
  poisonReaction: 'close',
};

export const FaultCommand = z.discriminatedUnion('kind', [
  /** Changes the given faults and keeps the others. */
  z.strictObject({ kind: z.literal('set'), faults: Faults.exactPartial() }),
  /** Ends every connection without a packet. */
  z.strictObject({ kind: z.literal('dropConnections') }),
  /** Ends the connection of one client, as if another client had connected with its name. */
  z.strictObject({ kind: z.literal('kick'), clientId: z.string() }),
  /** Sends bytes that are not MQTT to one client. */
  z.strictObject({ kind: z.literal('sendGarbage'), clientId: z.string() }),
  /** Deletes the session and ends its connection. */
  z.strictObject({ kind: z.literal('forgetSession'), clientId: z.string() }),
]);

export type FaultCommand = z.output<typeof FaultCommand>;

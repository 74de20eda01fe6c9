/**
 * What may go wrong with a hub on demand. Orders come from a test, from the application side over HTTP, or from the
 * command line; the machine obeys them from the next input on.
 */
import { z } from 'zod';

const HOUR_MS = 3_600_000;
const filters = z.array(z.string()).readonly();

const Faults = z.strictObject({
  /**
   * `normal`; `refuses`: new connections are closed at once; `mute`: new connections are accepted and never answered;
   * `half-open`: every connection, old and new, stands and carries nothing either way. A connection that went silent
   * stays so.
   */
  reach: z.enum(['normal', 'refuses', 'mute', 'half-open']),
  /** What CONNACK says of the session: the truth, or always 1, or always 0. */
  sessionPresentClaim: z.enum(['truth', 'always', 'never']),
  /** Messages arrive and are not acknowledged: all, or those these filters match. */
  swallowsPubacks: z.union([z.boolean(), filters]),
  /** Everything the hub sends leaves so much later. */
  sendDelayMs: z.number().min(0).max(HOUR_MS),
  /** Answers of services (`$gateway` and the like): `stale` brings the previous one on that topic instead, if any. */
  answers: z.enum(['prompt', 'late', 'stale', 'missing']),
  /** How much later `late` ones come. */
  answerDelayMs: z.number().min(0).max(HOUR_MS),
  /** A PUBLISH on a topic these filters match ends the connection, unacknowledged. */
  poison: filters,
  /** A SUBSCRIBE, or an UNSUBSCRIBE, of one of these filters (as they stand, or matched) ends the connection. */
  poisonSubscribes: filters,
  poisonUnsubscribes: filters,
  /** A PUBACK of a downlink on a topic these filters match ends the connection; the downlink stays unacknowledged. */
  poisonPubacks: filters,
  /** A SUBSCRIBE of one of these filters is answered: with 0x80, with QoS 0, or not at all. */
  refusesSubscribes: filters,
  lowersSubscribes: filters,
  swallowsSubacks: filters,
  /** An UNSUBSCRIBE of one of these filters is not answered. */
  swallowsUnsubacks: filters,
  /**
   * How it ends: the hub closes; or sends what is no MQTT and leaves the closing to the client; or carries nothing more on
   * this connection, and leaves it to the client to notice.
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
  /** Changes what is named and leaves the rest. */
  z.strictObject({ kind: z.literal('set'), faults: Faults.exactPartial() }),
  /** Ends every connection without a word. */
  z.strictObject({ kind: z.literal('dropConnections') }),
  /** Ends the connection of one client, as if another one had come with its name. */
  z.strictObject({ kind: z.literal('kick'), clientId: z.string() }),
  /** Sends one client what is no MQTT. */
  z.strictObject({ kind: z.literal('sendGarbage'), clientId: z.string() }),
  /** The session is gone, and its connection with it. */
  z.strictObject({ kind: z.literal('forgetSession'), clientId: z.string() }),
]);

export type FaultCommand = z.output<typeof FaultCommand>;

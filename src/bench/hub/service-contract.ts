/**
 * What a service of the hub looks like from inside: `$gateway`, NTP, the shadow and the like, each on system topics.
 *
 * `requests.ts` asks them in turn before a PUBLISH reaches the application side. Invariant: pure, told the time.
 */
import type { Message } from '../../base/message.ts';

/** The client whose PUBLISH it is. */
export interface Requester {
  readonly clientId: string;
  /** Is this device the client itself, or a subdevice it may speak for? */
  readonly owns: (product: string, device: string) => boolean;
}

export interface BenchService {
  /** Is this PUBLISH its own? Then it is not handed to the application side. */
  takes(topic: string): boolean;
  /**
   * `undefined`: not permitted (no PUBACK). The answers go to the device's session, stored like any QoS 1 if it is away.
   * @param wallMs Unix ms
   */
  answer(request: Message, from: Requester, wallMs: number): readonly Message[] | undefined;
}

/**
 * Interface of a service of the hub (`$gateway`, NTP, the shadow and the like), each on system topics.
 *
 * `handle-publish.ts` asks the services in turn before a PUBLISH reaches the application side. Invariant: pure; the
 * time is an argument.
 */
import type { Message } from '../../base/message.ts';

/** Client that sent the PUBLISH. */
export interface Requester {
  readonly clientId: string;
  /** True if the device is the client itself, or a subdevice that the client may act for. */
  readonly owns: (product: string, device: string) => boolean;
}

export interface BenchService {
  /** True if the service handles this PUBLISH. Such a message is not passed to the application side. */
  takes(topic: string): boolean;
  /**
   * Handles a request. Returns the answers, which go to the device's session and are stored like any QoS 1 message
   * while the device is away. `undefined`: the request is not permitted and gets no PUBACK. @param wallMs Unix ms
   */
  answer(request: Message, from: Requester, wallMs: number): readonly Message[] | undefined;
}

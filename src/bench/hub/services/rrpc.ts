/**
 * Calls from the application side to a device: request on `$rrpc/rxd/{product}/{device}/{id}`, reply on
 * `$rrpc/txd/…/{id}`.
 *
 * A call is answered once, within its time limit, or not at all. Invariant: at most `CALLS_MAX` calls are kept.
 *
 * Source: the IoT hub's page "RRPC communication": QoS 0 and a time limit of 4 s. The hub's limits page has 10 s.
 */
import type { Message } from '../../../base/message.ts';
import { clientIdOf, type RegisteredDevice } from '../device-registry.ts';
import type { BenchService, Requester } from '../service-contract.ts';
import { addressee, keyOf } from './system-topic.ts';

const CALLS = '$rrpc/rxd/';
const REPLIES = '$rrpc/txd/';

export const CALL_MS_MAX = 4000;

/** Largest number of calls. Own choice; beyond this number the oldest calls are removed. */
const CALLS_MAX = 1000;

export type CallOutcome =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'replied'; readonly payload: Uint8Array }
  | { readonly kind: 'timed out' };

interface Call {
  readonly device: RegisteredDevice;
  readonly untilMs: number;
  reply: Uint8Array | undefined;
}

export class RrpcService implements BenchService {
  readonly #calls = new Map<string, Call>();
  #lastId = 0;

  takes(topic: string): boolean {
    return topic.startsWith('$rrpc/');
  }

  /** Handles a reply; no answer is sent. A late reply, or a reply without a call, is dropped. */
  answer({ topic, payload }: Message, from: Requester, wallMs: number): readonly Message[] | undefined {
    const to = topic.startsWith(REPLIES) ? addressee(topic, REPLIES, from) : undefined;
    const [id = '', ...deeper] = to?.rest ?? [];
    if (to === undefined || id === '' || deeper.length > 0) return undefined;
    const call = this.#calls.get(id);
    if (call?.reply !== undefined || call === undefined || wallMs > call.untilMs) return [];
    if (clientIdOf(call.device) === clientIdOf(to.device)) call.reply = payload;
    return [];
  }

  /** Starts a call. @returns the number of the call, and the messages for the device */
  call(
    device: RegisteredDevice,
    payload: Uint8Array,
    wallMs: number,
  ): { readonly id: string; readonly message: Message } {
    this.#lastId += 1;
    const id = String(this.#lastId);
    this.#calls.set(id, { device, untilMs: wallMs + CALL_MS_MAX, reply: undefined });
    for (const oldest of this.#calls.keys()) {
      if (this.#calls.size <= CALLS_MAX) break;
      this.#calls.delete(oldest);
    }
    return { id, message: { topic: `${CALLS}${keyOf(device)}/${id}`, payload, qos: 0 } };
  }

  outcome(id: string, wallMs: number): CallOutcome {
    const call = this.#calls.get(id);
    if (call?.reply !== undefined) return { kind: 'replied', payload: call.reply };
    return call === undefined || wallMs > call.untilMs ? { kind: 'timed out' } : { kind: 'waiting' };
  }
}

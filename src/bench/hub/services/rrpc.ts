/**
 * Calls from the application side to a device: out on `$rrpc/rxd/{product}/{device}/{id}`, back on `$rrpc/txd/…/{id}`.
 *
 * A call is answered once, within its time, or not at all. Invariant: at most `CALLS_MAX` are remembered.
 *
 * Source: "RRPC communication": QoS 0, 4 s; the limits page says 10 s (hub contract §4.7).
 */
import type { Message } from '../../../base/message.ts';
import { clientIdOf, type RegisteredDevice } from '../device-registry.ts';
import type { BenchService, Requester } from '../service-contract.ts';
import { addressee, keyOf } from './system-topic.ts';

const CALLS = '$rrpc/rxd/';
const REPLIES = '$rrpc/txd/';

export const CALL_MS_MAX = 4000;

/** Ours: then the oldest are forgotten. */
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

  /** A reply; nothing comes back. One too late, or to no call, is dropped. */
  answer({ topic, payload }: Message, from: Requester, wallMs: number): readonly Message[] | undefined {
    const to = topic.startsWith(REPLIES) ? addressee(topic, REPLIES, from) : undefined;
    const [id = '', ...deeper] = to?.rest ?? [];
    if (to === undefined || id === '' || deeper.length > 0) return undefined;
    const call = this.#calls.get(id);
    if (call?.reply !== undefined || call === undefined || wallMs > call.untilMs) return [];
    if (clientIdOf(call.device) === clientIdOf(to.device)) call.reply = payload;
    return [];
  }

  /** @returns the call's number, and what the device is to be sent */
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

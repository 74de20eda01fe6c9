/**
 * Sleep of a simulated subdevice. The subdevice announces the duration and receives nothing for that time. Then it
 * wakes, takes the waiting messages, and sleeps again after the gateway's PINGRESP. Source: MQTT-SN 1.2 §6.14.
 *
 *     dozing ─DISCONNECT─▶ asleep ─time─▶ awake ─PINGRESP─▶ asleep
 */
import type { Packet } from '../../codec/mqttsn-packets.ts';

type Phase = 'dozing' | 'asleep' | 'awake';

export class SubdeviceSleep {
  readonly #clientId: string;
  readonly #retryMs: number;
  /** Time between two wakes. */
  readonly durationMs: number;
  #phase: Phase = 'dozing';
  /** Time of the next wake, or of the next repetition of an unanswered packet. */
  #atMs: number;

  /** @param durationMs whole seconds between two wakes */
  constructor({ clientId, retryMs }: { readonly clientId: string; readonly retryMs: number }, durationMs: number) {
    this.#clientId = clientId;
    this.#retryMs = retryMs;
    this.durationMs = durationMs;
    this.#atMs = Number.NEGATIVE_INFINITY;
  }

  wakeAtMs(): number {
    return this.#atMs;
  }

  /** Handles the timer. @returns the packet to send now */
  wake(nowMs: number): Packet | undefined {
    if (nowMs < this.#atMs) return undefined;
    if (this.#phase === 'asleep') this.#phase = 'awake';
    this.#atMs = nowMs + this.#retryMs;
    return this.#phase === 'dozing'
      ? { kind: 'disconnect', durationS: Math.ceil(this.durationMs / 1000) }
      : { kind: 'pingreq', clientId: this.#clientId };
  }

  /**
   * Handles a packet. @returns `unheard`: the subdevice is asleep and receives nothing; `forgotten`: the gateway no
   * longer knows the subdevice
   */
  receive({ kind }: Packet, nowMs: number): 'unheard' | 'slept' | 'rested' | 'forgotten' | 'heard' {
    if (this.#phase === 'asleep') return 'unheard';
    const wasDozing = this.#phase === 'dozing';
    if (kind === 'disconnect' && !wasDozing) return 'forgotten';
    if (kind !== (wasDozing ? 'disconnect' : 'pingresp')) return 'heard';
    this.#phase = 'asleep';
    this.#atMs = nowMs + this.durationMs;
    return wasDozing ? 'slept' : 'rested';
  }
}

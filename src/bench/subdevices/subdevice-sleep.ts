/**
 * The sleep of a simulated subdevice: it says for how long, hears nothing until then, wakes, takes what has waited, and
 * sleeps again when its gateway says that this was all. Source: MQTT-SN 1.2 §6.14.
 *
 *     dozing ─DISCONNECT─▶ asleep ─time─▶ awake ─PINGRESP─▶ asleep
 */
import type { Packet } from '../../codec/mqttsn-packets.ts';

type Phase = 'dozing' | 'asleep' | 'awake';

export class SubdeviceSleep {
  readonly #clientId: string;
  readonly #retryMs: number;
  readonly #durationMs: number;
  #phase: Phase = 'dozing';
  /** When it wakes, or says again what was not answered. */
  #atMs: number;

  /** @param durationMs whole seconds; it wakes that often */
  constructor({ clientId, retryMs }: { readonly clientId: string; readonly retryMs: number }, durationMs: number) {
    this.#clientId = clientId;
    this.#retryMs = retryMs;
    this.#durationMs = durationMs;
    this.#atMs = Number.NEGATIVE_INFINITY;
  }

  wakeAtMs(): number {
    return this.#atMs;
  }

  /** @returns what is to be said now */
  wake(nowMs: number): Packet | undefined {
    if (nowMs < this.#atMs) return undefined;
    if (this.#phase === 'asleep') this.#phase = 'awake';
    this.#atMs = nowMs + this.#retryMs;
    return this.#phase === 'dozing'
      ? { kind: 'disconnect', durationS: Math.ceil(this.#durationMs / 1000) }
      : { kind: 'pingreq', clientId: this.#clientId };
  }

  /** @returns `unheard`: it is asleep; `forgotten`: its gateway does not know it any more */
  receive({ kind }: Packet, nowMs: number): 'unheard' | 'slept' | 'rested' | 'forgotten' | 'heard' {
    if (this.#phase === 'asleep') return 'unheard';
    const wasDozing = this.#phase === 'dozing';
    if (kind === 'disconnect' && !wasDozing) return 'forgotten';
    if (kind !== (wasDozing ? 'disconnect' : 'pingresp')) return 'heard';
    this.#phase = 'asleep';
    this.#atMs = nowMs + this.#durationMs;
    return wasDozing ? 'slept' : 'rested';
  }
}

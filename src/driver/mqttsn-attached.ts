/** A connection that stands: who it is, whether it listens, and how long it may be silent. */
import type { MqttsnClient } from './mqttsn-client.ts';

export interface Attached {
  readonly state: 'attached';
  readonly client: MqttsnClient;
  readonly mode: 'active' | 'asleep' | 'awake';
  /** Silence that it may keep, by its keep alive or the duration of its sleep, ms; 0 = any. */
  readonly aliveMs: number;
  readonly heardMs: number;
}

/** Silence that ends a connection, as a multiple of the keep alive [MQTT-3.1.2-24], or of the sleep. */
const ALIVE_TOLERANCE = 1.5;

/** @param durationS keep alive, or duration of a sleep; 0 = none */
export function toleranceMs(durationS: number): number {
  return durationS * 1000 * ALIVE_TOLERANCE;
}

/** `undefined`: it may be silent for ever. */
export function aliveUntilMs({ aliveMs, heardMs }: Attached): number | undefined {
  return aliveMs === 0 ? undefined : heardMs + aliveMs;
}

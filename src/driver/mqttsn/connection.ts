/**
 * Connection between one address and the gateway: none, a client that requests service, or an attached client with its
 * mode and the silence that it may keep.
 */
import type { ConnectPacket } from '../../codec/mqttsn-packets.ts';
import type { DetachCause } from '../driver.ts';
import type { MqttsnClient } from './client.ts';
import type { PendingConnect } from './will.ts';

export type NodeConnection = { readonly state: 'none' } | Attaching | Attached;

export interface Attaching {
  readonly state: 'attaching';
  readonly client: MqttsnClient;
  readonly connect: ConnectPacket;
  /** Newest event while the answer of the flow is awaited: a connect request, or the end. */
  readonly next: PendingConnect | DetachCause | undefined;
}

export interface Attached {
  readonly state: 'attached';
  readonly client: MqttsnClient;
  readonly mode: 'active' | 'asleep' | 'awake';
  /** Longest silence from the keep alive or the duration of the sleep, ms. 0: no limit. */
  readonly aliveMs: number;
  lastReceivedMs: number;
}

/** Silence that ends a connection, as a multiple of the keep alive [MQTT-3.1.2-24] or of the sleep. */
const ALIVE_TOLERANCE = 1.5;

/**
 * Valid client ids. MQTT-SN allows 1 to 23 characters (§5.3.1). Hubs accept 64 characters, and so does the gateway.
 * Other characters are rejected, because a client id may become part of a topic.
 */
const CLIENT_ID = /^[A-Za-z0-9_-]{1,64}$/;

export function isClientId(id: string): boolean {
  return CLIENT_ID.test(id);
}

/** @param durationS keep alive, or duration of a sleep; 0 = none */
export function toleranceMs(durationS: number): number {
  return durationS * 1000 * ALIVE_TOLERANCE;
}

/** Monotonic ms at which the silence of the client ends the connection. `undefined`: no limit. */
export function aliveUntilMs({ aliveMs, lastReceivedMs }: Attached): number | undefined {
  return aliveMs === 0 ? undefined : lastReceivedMs + aliveMs;
}

/** Next monotonic ms at which the connection needs a `wake`. `Infinity`: never. */
export function wakeAtMs(connection: NodeConnection): number {
  if (connection.state !== 'attached') return Number.POSITIVE_INFINITY;
  const deliversAtMs = connection.client.wakeAtMs() ?? Number.POSITIVE_INFINITY;
  return Math.min(aliveUntilMs(connection) ?? Number.POSITIVE_INFINITY, deliversAtMs);
}

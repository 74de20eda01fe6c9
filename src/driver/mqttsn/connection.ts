/**
 * What stands between one address and the gateway: nobody; a client that asks to be served; or one that is: who it is,
 * whether it listens, and how long it may be silent.
 */
import type { ConnectPacket } from '../../codec/mqttsn-packets.ts';
import type { DetachCause } from '../driver.ts';
import type { MqttsnClient } from './client.ts';
import type { PendingConnect } from './will.ts';

export type NodeConnection = { readonly state: 'nobody' } | Attaching | Attached;

export interface Attaching {
  readonly state: 'attaching';
  readonly client: MqttsnClient;
  readonly connect: ConnectPacket;
  /** What came while the flow was asked: the newest wish, or the end. */
  readonly next: PendingConnect | DetachCause | undefined;
}

export interface Attached {
  readonly state: 'attached';
  readonly client: MqttsnClient;
  readonly mode: 'active' | 'asleep' | 'awake';
  /** Silence that it may keep, by its keep alive or the duration of its sleep, ms; 0 = any. */
  readonly aliveMs: number;
  readonly lastReceivedMs: number;
}

/** The client by its id: its session is written down once, beside the connections. */
export type NodeConnectionSnapshot =
  | { readonly state: 'nobody' }
  | (Omit<Attaching, 'client'> & { readonly client: string })
  | (Omit<Attached, 'client'> & { readonly client: string });

/** Silence that ends a connection, as a multiple of the keep alive [MQTT-3.1.2-24], or of the sleep. */
const ALIVE_TOLERANCE = 1.5;

/**
 * MQTT-SN says 1 to 23 characters (§5.3.1); hubs take 64, and so do we. Whatever else stands in one could reach a
 * topic.
 */
const CLIENT_ID = /^[A-Za-z0-9_-]{1,64}$/;

export function isClientId(id: string): boolean {
  return CLIENT_ID.test(id);
}

/** @param durationS keep alive, or duration of a sleep; 0 = none */
export function toleranceMs(durationS: number): number {
  return durationS * 1000 * ALIVE_TOLERANCE;
}

/** `undefined`: it may be silent for ever. */
export function aliveUntilMs({ aliveMs, lastReceivedMs }: Attached): number | undefined {
  return aliveMs === 0 ? undefined : lastReceivedMs + aliveMs;
}

/** `Infinity`: never. */
export function wakeAtMs(connection: NodeConnection): number {
  if (connection.state !== 'attached') return Number.POSITIVE_INFINITY;
  const deliversAtMs = connection.client.wakeAtMs() ?? Number.POSITIVE_INFINITY;
  return Math.min(aliveUntilMs(connection) ?? Number.POSITIVE_INFINITY, deliversAtMs);
}

export function writeDown(connection: NodeConnection): NodeConnectionSnapshot {
  return connection.state === 'nobody' ? connection : { ...connection, client: connection.client.id };
}

/** @param clientOf the session of a client that is known */
export function takeBack(snapshot: NodeConnectionSnapshot, clientOf: (id: string) => MqttsnClient): NodeConnection {
  return snapshot.state === 'nobody' ? snapshot : { ...snapshot, client: clientOf(snapshot.client) };
}

/**
 * One TCP connection from the view of the bench hub: the packets received, the deadline for the next one, and its
 * session.
 *
 * Source: MQTT 3.1.1 §3.1.2.10 (keep alive).
 */
import type { Connect, MqttWill } from '../../codec/mqtt.ts';
import { MqttReader, PACKET_BYTES_MAX } from '../../codec/mqtt-wire.ts';
import type { HubSession } from './client-session.ts';
import type { HubFaults } from './faults.ts';
import { RateLimit } from './rate-limit.ts';

/** Longest wait for a CONNECT after the connection: a reasonable time (§3.1). Own choice; the hub documents no time. */
const CONNECT_WAIT_MS = 10_000;

const SECOND_MS = 1000;

export class ClientConnection {
  readonly number: number;
  /** Client id proved by TLS. */
  readonly proven: string | undefined;
  readonly reader = new MqttReader({ packetBytesMax: PACKET_BYTES_MAX });
  /** True if the connection is open and carries nothing in either direction. The hub never closes such a connection. */
  isSilent: boolean;
  #session: HubSession | undefined;
  #will: MqttWill | undefined;
  #keepAliveMs = 0;
  #lastReceivedAtMs: number;
  readonly uplinks: RateLimit;

  constructor(
    connection: Pick<ClientConnection, 'number' | 'isSilent' | 'proven'> & { readonly uplinksPerS: number },
    nowMs: number,
  ) {
    this.uplinks = new RateLimit(connection.uplinksPerS);
    this.number = connection.number;
    this.proven = connection.proven;
    this.isSilent = connection.isSilent;
    this.#lastReceivedAtMs = nowMs;
  }

  get session(): HubSession | undefined {
    return this.#session;
  }

  get will(): MqttWill | undefined {
    return this.#will;
  }

  serve(session: HubSession, connect: Connect): void {
    this.#session = session;
    this.#will = connect.will;
    this.#keepAliveMs = connect.keepAliveS * SECOND_MS;
  }

  /** Called when the session has moved to another connection. */
  release(): void {
    this.#session = undefined;
    this.#will = undefined;
  }

  hear(nowMs: number): void {
    this.#lastReceivedAtMs = nowMs;
  }

  /**
   * Time at which the hub closes the connection if no packet arrives: one and a half times the keep alive after the
   * last packet [MQTT-3.1.2-24]. `undefined`: no limit.
   */
  get deadlineMs(): number | undefined {
    if (this.#session === undefined) return this.isSilent ? undefined : this.#lastReceivedAtMs + CONNECT_WAIT_MS;
    return this.#keepAliveMs === 0 ? undefined : this.#lastReceivedAtMs + 1.5 * this.#keepAliveMs;
  }
}

/** Connection and time of a packet. */
export interface ConnectionOrigin {
  readonly connection: ClientConnection;
  readonly session: HubSession;
  readonly nowMs: number;
  readonly wallMs: number;
  readonly faults: HubFaults;
}

/**
 * Who is connected at one end of the wire: CONNECT, DISCONNECT, keep alive. One peer per link; a forwarder's nodes
 * would be one peer each. What a connected client says goes to `mqttsn-client.ts`.
 *
 *     nobody ─CONNECT─▶ attaching ─attached─▶ attached ─DISCONNECT, silence, link closed─▶ nobody
 *
 * Invariants: one `attach` is unanswered at a time, and a CONNECT meanwhile waits (the newest counts); every accepted
 * attach ends in one `detach`, or in a new attach of the same client id. Source: MQTT-SN 1.2 §6.2, §6.11, §6.12.
 */
import { type ConnectPacket, type Packet, RETURN_CODE } from '../codec/mqttsn.ts';
import type { AttachAnswer, DetachCause } from './driver.ts';
import type { MqttsnClient } from './mqttsn-client.ts';
import type { Outlet } from './mqttsn-outlet.ts';
import { returnCodeOf } from './mqttsn-requests.ts';

type Connection =
  | { readonly state: 'nobody' }
  | {
      readonly state: 'attaching';
      readonly client: MqttsnClient;
      readonly connect: ConnectPacket;
      /** What came while the flow was asked: the newest CONNECT, or the end. */
      readonly next: ConnectPacket | DetachCause | undefined;
    }
  | {
      readonly state: 'attached';
      readonly client: MqttsnClient;
      readonly keepAliveMs: number;
      readonly heardMs: number;
    };

/**
 * MQTT-SN says 1 to 23 characters (§5.3.1); hubs take 64, and so do we. Whatever else stands in one could reach a
 * topic.
 */
const CLIENT_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Silence that ends a connection, as a multiple of the keep alive [MQTT-3.1.2-24]. */
const KEEP_ALIVE_TOLERANCE = 1.5;

/** GWINFO's GwId: there is one gateway on a wire. */
const GATEWAY_ID = 1;

const FROM_GATEWAYS: ReadonlySet<Packet['kind']> = new Set([
  'advertise',
  'gwinfo',
  'connack',
  'willtopicreq',
  'willmsgreq',
  'suback',
  'unsuback',
  'willtopicresp',
  'willmsgresp',
]);

interface PeerSurroundings {
  readonly outlet: Outlet;
  /** The client of that id, new or known. */
  readonly clientOf: (id: string) => MqttsnClient;
  /** An unconnected peer is sent at most one DISCONNECT in this time, ms: a looped-back line would echo it for ever. */
  readonly disconnectPauseMs: number;
}

export class MqttsnPeer {
  readonly #outlet: Outlet;
  readonly #clientOf: (id: string) => MqttsnClient;
  readonly #disconnectPauseMs: number;
  #connection: Connection = { state: 'nobody' };
  #disconnectNotBeforeMs = 0;

  constructor({ outlet, clientOf, disconnectPauseMs }: PeerSurroundings) {
    this.#outlet = outlet;
    this.#clientOf = clientOf;
    this.#disconnectPauseMs = disconnectPauseMs;
  }

  get attachedClient(): MqttsnClient | undefined {
    return this.#connection.state === 'attached' ? this.#connection.client : undefined;
  }

  receive(packet: Packet, nowMs: number): void {
    if (packet.kind === 'connect') this.#connect(packet);
    else if (packet.kind === 'searchgw') this.#describeGateway();
    else if (this.#connection.state === 'attached') this.#receiveAttached(this.#connection, packet, nowMs);
    else if (this.#connection.state === 'attaching') this.#receiveAttaching(this.#connection, packet);
    else this.#receiveUnconnected(packet, nowMs);
  }

  attached(subdevice: string, answer: AttachAnswer, nowMs: number): void {
    const connection = this.#connection;
    if (connection.state !== 'attaching' || connection.client.id !== subdevice) return;
    const { client, connect, next } = connection;
    this.#connection = { state: 'nobody' };
    if (answer.accepted) {
      client.connect(connect.clean, answer.topicIds);
      this.#connection = { state: 'attached', client, keepAliveMs: connect.durationS * 1000, heardMs: nowMs };
    }
    if (typeof next === 'string') {
      if (answer.accepted) this.#detach(client, next);
    } else if (next !== undefined && !isRepeated(connect, next)) {
      this.#connect(next);
    } else {
      const returnCode = answer.accepted ? RETURN_CODE.accepted : returnCodeOf(answer.why);
      this.#outlet.send({ kind: 'connack', returnCode });
    }
  }

  dismiss(subdevice: string): void {
    if (this.attachedClient?.id !== subdevice) return;
    this.#detach(this.attachedClient, 'dismissed');
    this.#outlet.send({ kind: 'disconnect', durationS: undefined });
  }

  closed(): void {
    if (this.#connection.state === 'attached') this.#detach(this.#connection.client, 'link closed');
    if (this.#connection.state === 'attaching') this.#connection = { ...this.#connection, next: 'link closed' };
  }

  wake(nowMs: number): void {
    if (this.#connection.state !== 'attached') return;
    const { client } = this.#connection;
    if (nowMs >= (keepAliveEndMs(this.#connection) ?? Number.POSITIVE_INFINITY)) {
      this.#detach(client, 'keep alive ran out');
    } else if (client.wake(nowMs) === 'silent') {
      this.#detach(client, 'no answer');
    }
  }

  wakeAtMs(): number | undefined {
    if (this.#connection.state !== 'attached') return undefined;
    const wakes = [keepAliveEndMs(this.#connection), this.#connection.client.wakeAtMs()];
    const atMs = Math.min(...wakes.map((wake) => wake ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(atMs) ? atMs : undefined;
  }

  /**
   * Whoever is there and believes to be connected is to connect again, now and not at its next packet: after a restart of
   * the gateway what waits for an idle subdevice would wait for its keep alive.
   */
  callBack(nowMs: number): void {
    this.#disconnectNotBeforeMs = nowMs + this.#disconnectPauseMs;
    this.#outlet.send({ kind: 'disconnect', durationS: undefined });
  }

  #connect(packet: ConnectPacket): void {
    // The contract of the links has no place for a will yet: better refused than silently dropped.
    if (packet.will || !CLIENT_ID.test(packet.clientId)) {
      this.#outlet.send({ kind: 'connack', returnCode: RETURN_CODE.notSupported });
      return;
    }
    const connection = this.#connection;
    if (connection.state === 'attaching') {
      this.#connection = { ...connection, next: packet };
      return;
    }
    if (connection.state === 'attached') {
      if (connection.client.id === packet.clientId) connection.client.disconnect();
      else this.#detach(connection.client, 'replaced');
    }
    const { clientId: subdevice, clean, durationS } = packet;
    this.#connection = { state: 'attaching', client: this.#clientOf(subdevice), connect: packet, next: undefined };
    this.#outlet.report({ kind: 'attach', subdevice, clean, keepAliveMs: durationS * 1000 });
  }

  #receiveAttached(connection: Extract<Connection, { state: 'attached' }>, packet: Packet, nowMs: number): void {
    this.#connection = { ...connection, heardMs: nowMs };
    if (packet.kind === 'pingreq') {
      this.#outlet.send({ kind: 'pingresp' });
    } else if (packet.kind === 'disconnect') {
      // A duration asks to sleep (§6.14). Until that is kept for it, the client is as good as gone, and connects again.
      this.#detach(connection.client, 'asked');
      this.#outlet.send({ kind: 'disconnect', durationS: undefined });
    } else {
      connection.client.receive(packet, nowMs);
    }
  }

  #receiveAttaching(connection: Extract<Connection, { state: 'attaching' }>, packet: Packet): void {
    if (packet.kind === 'disconnect') {
      this.#connection = { ...connection, next: 'asked' };
      this.#outlet.send({ kind: 'disconnect', durationS: undefined });
    } else {
      this.#outlet.counters.unexpectedPackets += 1;
    }
  }

  #receiveUnconnected(packet: Packet, nowMs: number): void {
    this.#outlet.counters.unexpectedPackets += 1;
    const isForNobody = packet.kind === 'publish' && packet.qos === -1;
    if (isForNobody || FROM_GATEWAYS.has(packet.kind) || nowMs < this.#disconnectNotBeforeMs) return;
    this.callBack(nowMs);
  }

  #describeGateway(): void {
    this.#outlet.send({ kind: 'gwinfo', gatewayId: GATEWAY_ID, gatewayAddress: new Uint8Array(0) });
  }

  #detach(client: MqttsnClient, cause: DetachCause): void {
    this.#connection = { state: 'nobody' };
    client.disconnect();
    this.#outlet.report({ kind: 'detach', subdevice: client.id, cause });
  }
}

/** The client repeated its CONNECT while it waited for the CONNACK. */
function isRepeated(connect: ConnectPacket, next: ConnectPacket): boolean {
  return connect.clientId === next.clientId && connect.clean === next.clean && connect.durationS === next.durationS;
}

function keepAliveEndMs(connection: Extract<Connection, { state: 'attached' }>): number | undefined {
  if (connection.keepAliveMs === 0) return undefined;
  return connection.heardMs + connection.keepAliveMs * KEEP_ALIVE_TOLERANCE;
}

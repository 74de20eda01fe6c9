/**
 * All nodes on one link: the wire itself and the nodes behind forwarders. Also the sessions of their clients, which
 * outlive connections and move between nodes.
 *
 * Invariants: at most `NODES_MAX` nodes and as many connected clients. A client is attached at one node at a time. A
 * packet encapsulated twice is ignored. Source: MQTT-SN 1.2 §5.5, §6.1.
 */
import type { FramingName } from '../../codec/framing.ts';
import { decodeAnswerable } from '../../codec/mqttsn-decode.ts';
import { type Packet, RETURN_CODE } from '../../codec/mqttsn-packets.ts';
import type { DriverCommand } from '../driver.ts';
import { LastReceived } from '../last-received.ts';
import type { Advertiser } from './advertiser.ts';
import { type ClientLimits, MqttsnClient } from './client.ts';
import { aliveUntilMs } from './connection.ts';
import { type ClientOwner, MqttsnNode } from './node.ts';
import { type ActionBuffer, PacketSink } from './packet-sink.ts';

export interface NodesOptions extends ClientLimits {
  /** The only possible subdevice on the wire itself, which may publish without a connection. */
  readonly soleSubdevice: string | undefined;
  /** A client may consider itself connected, because one was when an earlier process ended. */
  readonly wasInUse: boolean;
  readonly framing: FramingName;
  /** Wireless node id in hexadecimal → subdevice there, which may publish without a connection. */
  readonly nodes: ReadonlyMap<string, string>;
}

/**
 * Largest number of nodes behind forwarders on one link. Nodes without a client are replaced, least recently received
 * first.
 */
const NODES_MAX = 256;
/**
 * Largest number of sessions kept per link to detect duplicates. Sessions of the least recently seen clients are
 * dropped first.
 */
const CLIENTS_MAX = 64;

export class MqttsnNodes implements ClientOwner {
  private readonly options: NodesOptions;
  private readonly buffer: ActionBuffer;
  private readonly advertiser: Advertiser;
  private readonly onWire: MqttsnNode;
  /** A client has been connected on the wire itself. */
  private isInUse: boolean;
  /** Node id in hexadecimal → node, least recently received first. */
  private readonly nodes = new Map<string, MqttsnNode>();
  /** Client id → client, least recently seen first. */
  private readonly clients = new Map<string, MqttsnClient>();
  private readonly lastReceived = new LastReceived();

  constructor(options: NodesOptions, buffer: ActionBuffer, advertiser: Advertiser) {
    this.options = options;
    this.buffer = buffer;
    this.advertiser = advertiser;
    this.isInUse = options.wasInUse;
    this.onWire = this.newNode(new PacketSink(buffer, undefined), options.soleSubdevice);
  }

  attachedSubdevices(): readonly string[] {
    return [...this.all()].flatMap(({ attachment }) => attachment?.client.id ?? []);
  }

  sleepers(): ReadonlyMap<string, number> {
    const sleeping = [...this.all()].flatMap(({ attachment }): [string, number][] => {
      const untilMs = attachment?.mode === 'asleep' ? aliveUntilMs(attachment) : undefined;
      return attachment === undefined || untilMs === undefined ? [] : [[attachment.client.id, untilMs]];
    });
    return new Map(sleeping);
  }

  lastReceivedAtMs(subdevice: string): number | undefined {
    return this.lastReceived.of(subdevice);
  }

  /** Clients that listen. A client in the middle of a wake awaits the PINGRESP of that wake, so it is left out. */
  probeable(): readonly string[] {
    return [...this.all()].flatMap(({ attachment }) => (attachment?.mode === 'active' ? attachment.client.id : []));
  }

  /** @returns false if the encapsulated bytes were not a packet */
  receive(packet: Packet, nowMs: number): boolean {
    if (packet.kind !== 'encapsulated') {
      if (packet.kind === 'searchgw')
        this.advertiser.answerSearch(new PacketSink(this.buffer, undefined), packet.radius);
      else this.onWire.receive(packet, nowMs);
      return true;
    }
    const carried = decodeAnswerable(packet.packet);
    if (!carried.ok || carried.value.kind === 'encapsulated' || packet.node.length === 0) return false;
    if (carried.value.kind === 'searchgw') {
      this.advertiser.answerSearch(new PacketSink(this.buffer, packet.node), carried.value.radius);
    } else {
      this.nodeAt(packet.node, carried.value)?.receive(carried.value, nowMs);
    }
    return true;
  }

  command(command: DriverCommand, nowMs: number): void {
    switch (command.kind) {
      case 'attached':
        this.nodeOf(command.subdevice)?.attached(command.answer, nowMs);
        this.isInUse ||= this.onWire.attachment !== undefined;
        break;
      case 'dismiss':
        this.nodeOf(command.subdevice)?.dismiss();
        break;
      case 'acknowledge':
        for (const { subdevice, token } of command.uplinks) this.clients.get(subdevice)?.acknowledge(token);
        break;
      case 'refuse':
        this.clients.get(command.subdevice)?.refuse(command.token, command.why, nowMs);
        break;
      case 'confirm':
        this.clients.get(command.subdevice)?.confirm(command.token, nowMs);
        break;
      case 'released':
        for (const peer of this.all()) peer.released(command.subdevice);
        break;
      case 'rest':
        this.nodeOf(command.subdevice)?.rest();
        break;
      case 'deliver': {
        const peer = this.nodeOf(command.subdevice);
        if (peer === undefined) this.buffer.act({ kind: 'undelivered', token: command.token, why: 'lost' });
        else peer.deliver(command, nowMs);
        break;
      }
      case 'probe':
        this.probe(command, nowMs);
        break;
    }
  }

  /**
   * Asks only a client on the wire itself to reconnect, because a forwarder has its own line to each of its nodes. Only
   * if a client was connected before: a new client would take the DISCONNECT for the answer to its first CONNECT.
   */
  opened(nowMs: number): void {
    if (this.isInUse) this.onWire.requestReconnect(nowMs);
    this.advertiser.opened(nowMs);
  }

  closed(): void {
    this.advertiser.closed();
    for (const peer of this.all()) peer.closed();
  }

  wake(nowMs: number): void {
    this.advertiser.wake(nowMs);
    for (const peer of this.all()) peer.wake(nowMs);
  }

  bytesArrived(nowMs: number): void {
    this.onWire.bytesArrived(nowMs);
    for (const peer of this.nodes.values()) peer.bytesArrived(nowMs);
  }

  wakeAtMs(): number | undefined {
    let atMs = Math.min(this.advertiser.wakeAtMs() ?? Number.POSITIVE_INFINITY, this.onWire.wakeAtMs());
    for (const peer of this.nodes.values()) atMs = Math.min(atMs, peer.wakeAtMs());
    return atMs === Number.POSITIVE_INFINITY ? undefined : atMs;
  }

  claimClient(id: string, node: MqttsnNode): MqttsnClient | undefined {
    const holder = this.nodeOf(id);
    if (holder !== undefined && holder !== node) {
      if (holder.attachment === undefined) return undefined; // the client is still attaching
      holder.releaseClient();
    }
    const client = this.clientOf(id);
    this.clients.delete(id);
    this.clients.set(id, client);
    for (const other of this.clients.keys()) {
      if (this.clients.size <= CLIENTS_MAX) break;
      if (other !== id && this.nodeOf(other) === undefined) this.clients.delete(other);
    }
    return client;
  }

  private probe({ subdevice, token }: Extract<DriverCommand, { kind: 'probe' }>, nowMs: number): void {
    const attachment = this.nodeOf(subdevice)?.attachment;
    if (attachment?.mode === 'active') return attachment.client.probe(token, nowMs);
    const why = attachment === undefined ? 'it is not connected' : 'it is asleep';
    this.buffer.act({ kind: 'probed', token, outcome: { kind: 'not asked', why } });
  }

  private *all(): Iterable<MqttsnNode> {
    yield this.onWire;
    yield* this.nodes.values();
  }

  private nodeOf(clientId: string): MqttsnNode | undefined {
    if (this.onWire.clientId === clientId) return this.onWire;
    for (const peer of this.nodes.values()) if (peer.clientId === clientId) return peer;
    return undefined;
  }

  /** @returns `undefined` if the largest number of nodes is connected */
  private nodeAt(node: Uint8Array, packet: Packet): MqttsnNode | undefined {
    const key = Buffer.from(node).toString('hex');
    const known = this.nodes.get(key);
    const sink = new PacketSink(this.buffer, node);
    if (known === undefined && this.nodes.size >= NODES_MAX && !this.forgetNode()) {
      this.buffer.counters.unexpectedPackets += 1;
      if (packet.kind === 'connect') sink.send({ kind: 'connack', returnCode: RETURN_CODE.congestion });
      return undefined;
    }
    const peer = known ?? this.newNode(sink, this.options.nodes.get(key));
    this.nodes.delete(key);
    this.nodes.set(key, peer);
    return peer;
  }

  private forgetNode(): boolean {
    for (const [key, { clientId }] of this.nodes) if (clientId === undefined) return this.nodes.delete(key);
    return false;
  }

  private newNode(sink: PacketSink, publisher: string | undefined): MqttsnNode {
    const { predefinedTopics, retryMs, framing } = this.options;
    return new MqttsnNode(this, {
      sink,
      publisher,
      lastReceived: this.lastReceived,
      predefinedTopics,
      isLineChecked: framing !== 'sn-raw',
      disconnectPauseMs: retryMs,
    });
  }

  /** Returns the session of a known client, or a new one. */
  private clientOf(id: string): MqttsnClient {
    const client = this.clients.get(id) ?? new MqttsnClient(id, new PacketSink(this.buffer, undefined), this.options);
    this.clients.set(id, client);
    return client;
  }
}

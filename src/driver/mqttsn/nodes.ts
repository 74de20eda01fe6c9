/**
 * Everybody on one link: whoever is on the wire itself, and the nodes behind a forwarder, each a peer; and the sessions of
 * their clients, which outlive connections and move from peer to peer.
 *
 * Invariants: at most `NODES_MAX` nodes and as many clients connected; a client is attached at one peer at a time; of a
 * packet within a packet within a packet nothing is believed. Source: MQTT-SN 1.2 §5.5, §6.1.
 */
import type { Restorable } from '../../base/snapshot.ts';
import type { FramingName } from '../../codec/framing.ts';
import { type Packet, RETURN_CODE } from '../../codec/mqttsn-packets.ts';
import { decodePacket } from '../../codec/mqttsn-decode.ts';
import type { DriverOrder } from '../driver.ts';
import type { Beacon, BeaconSnapshot } from './advertiser.ts';
import { type ClientLimits, type ClientSnapshot, MqttsnClient } from './client.ts';
import { aliveUntilMs } from './connection.ts';
import { Outlet, type Spool } from './packet-sink.ts';
import { MqttsnPeer, type PeerSnapshot } from './node.ts';

export interface PeersOptions extends ClientLimits {
  /** Who is on the wire itself, if only one can be: it may publish without a connection. */
  readonly soleSubdevice: string | undefined;
  /** A client may believe to be connected here, since one was when an earlier process ended. */
  readonly wasInUse: boolean;
  readonly framing: FramingName;
  /** Wireless node id in hexadecimal → who is there: it may publish without a connection. */
  readonly nodes: ReadonlyMap<string, string>;
}

/** Nodes behind forwarders on one link; those without a client that were not heard for longest give way. */
const NODES_MAX = 256;
/** Sessions remembered per link for the sake of duplicates; those of clients unseen longest are forgotten first. */
const CLIENTS_MAX = 64;

/** A session belongs to its client id and not to a peer, which names it: so both are written down by name. */
export interface PeersSnapshot {
  readonly beacon: BeaconSnapshot;
  readonly isInUse: boolean;
  readonly onWire: PeerSnapshot;
  readonly nodes: ReadonlyMap<string, PeerSnapshot>;
  readonly clients: ReadonlyMap<string, ClientSnapshot>;
}

export class Peers implements Restorable<PeersSnapshot> {
  readonly #options: PeersOptions;
  readonly #spool: Spool;
  readonly #beacon: Beacon;
  readonly #onWire: MqttsnPeer;
  /** A client has been connected on the wire itself. */
  #isInUse: boolean;
  /** By node id in hexadecimal, longest unheard first. */
  readonly #nodes = new Map<string, MqttsnPeer>();
  /** By client id, longest unseen first. */
  readonly #clients = new Map<string, MqttsnClient>();

  constructor(options: PeersOptions, spool: Spool, beacon: Beacon) {
    this.#options = options;
    this.#spool = spool;
    this.#beacon = beacon;
    this.#isInUse = options.wasInUse;
    this.#onWire = this.#newPeer(new Outlet(spool, undefined), options.soleSubdevice);
  }

  attachedSubdevices(): readonly string[] {
    return [...this.#all()].flatMap(({ attachment }) => attachment?.client.id ?? []);
  }

  sleepers(): ReadonlyMap<string, number> {
    const sleeping = [...this.#all()].flatMap(({ attachment }): [string, number][] => {
      const untilMs = attachment?.mode === 'asleep' ? aliveUntilMs(attachment) : undefined;
      return attachment === undefined || untilMs === undefined ? [] : [[attachment.client.id, untilMs]];
    });
    return new Map(sleeping);
  }

  /** Whoever listens: one that is in the middle of a wake awaits a PINGRESP of its own. */
  probeable(): readonly string[] {
    return [...this.#all()].flatMap(({ attachment }) => (attachment?.mode === 'active' ? attachment.client.id : []));
  }

  /** @returns false: within it was no packet */
  receive(packet: Packet, nowMs: number): boolean {
    if (packet.kind !== 'encapsulated') {
      if (packet.kind === 'searchgw') this.#beacon.answerSearch(new Outlet(this.#spool, undefined), packet.radius);
      else this.#onWire.receive(packet, nowMs);
      return true;
    }
    const carried = decodePacket(packet.packet);
    if (!carried.ok || carried.value.kind === 'encapsulated' || packet.node.length === 0) return false;
    if (carried.value.kind === 'searchgw') {
      this.#beacon.answerSearch(new Outlet(this.#spool, packet.node), carried.value.radius);
    } else {
      this.#peerAt(packet.node, carried.value)?.receive(carried.value, nowMs);
    }
    return true;
  }

  order(order: DriverOrder, nowMs: number): void {
    switch (order.kind) {
      case 'attached':
        this.#peerOf(order.subdevice)?.attached(order.answer, nowMs);
        this.#isInUse ||= this.#onWire.attachment !== undefined;
        break;
      case 'dismiss':
        this.#peerOf(order.subdevice)?.dismiss();
        break;
      case 'acknowledge':
        this.#find((client) => client.awaits(order.token))?.acknowledge(order.token);
        break;
      case 'refuse':
        this.#find((client) => client.refuse(order.token, order.why, nowMs));
        break;
      case 'confirm':
        this.#find((client) => client.confirm(order.token, nowMs));
        break;
      case 'released':
        for (const peer of this.#all()) peer.released(order.subdevice);
        break;
      case 'rest':
        this.#peerOf(order.subdevice)?.rest();
        break;
      case 'deliver': {
        const peer = this.#peerOf(order.subdevice);
        if (peer === undefined) this.#spool.act({ kind: 'undelivered', token: order.token, why: 'lost' });
        else peer.deliver(order, nowMs);
        break;
      }
      case 'probe':
        this.#probe(order, nowMs);
        break;
    }
  }

  /**
   * Only a client on the wire itself is called back, since a forwarder has its own line to each of its nodes; and only where
   * one was connected before, since a new one would read the DISCONNECT as the answer to its first CONNECT.
   */
  opened(nowMs: number): void {
    if (this.#isInUse) this.#onWire.callBack(nowMs);
    this.#beacon.opened(nowMs);
  }

  closed(): void {
    this.#beacon.closed();
    for (const peer of this.#all()) peer.closed();
  }

  wake(nowMs: number): void {
    this.#beacon.wake(nowMs);
    for (const peer of this.#all()) peer.wake(nowMs);
  }

  bytesArrived(nowMs: number): void {
    for (const peer of this.#all()) peer.bytesArrived(nowMs);
  }

  wakeAtMs(): number | undefined {
    let atMs = this.#beacon.wakeAtMs() ?? Number.POSITIVE_INFINITY;
    for (const peer of this.#all()) atMs = Math.min(atMs, peer.wakeAtMs());
    return Number.isFinite(atMs) ? atMs : undefined;
  }

  snapshot(): PeersSnapshot {
    return {
      beacon: this.#beacon.snapshot(),
      isInUse: this.#isInUse,
      onWire: this.#onWire.snapshot(),
      nodes: new Map([...this.#nodes].map(([key, peer]) => [key, peer.snapshot()])),
      clients: new Map([...this.#clients].map(([id, client]) => [id, client.snapshot()])),
    };
  }

  restore({ beacon, isInUse, onWire, nodes, clients }: PeersSnapshot): void {
    this.#beacon.restore(beacon);
    this.#isInUse = isInUse;
    for (const [id, client] of clients) this.#clientOf(id).restore(client);
    const clientOf = (id: string): MqttsnClient => this.#clientOf(id);
    this.#onWire.restore(onWire, clientOf);
    for (const [key, snapshot] of nodes) {
      const outlet = new Outlet(this.#spool, new Uint8Array(Buffer.from(key, 'hex')));
      const peer = this.#newPeer(outlet, this.#options.nodes.get(key));
      peer.restore(snapshot, clientOf);
      this.#nodes.set(key, peer);
    }
  }

  #probe({ subdevice, token }: Extract<DriverOrder, { kind: 'probe' }>, nowMs: number): void {
    const attachment = this.#peerOf(subdevice)?.attachment;
    if (attachment?.mode === 'active') return attachment.client.probe(token, nowMs);
    const why = attachment === undefined ? 'it is not connected' : 'it is asleep';
    this.#spool.act({ kind: 'probed', token, outcome: { kind: 'not asked', why } });
  }

  *#all(): Iterable<MqttsnPeer> {
    yield this.#onWire;
    yield* this.#nodes.values();
  }

  #peerOf(clientId: string): MqttsnPeer | undefined {
    if (this.#onWire.clientId === clientId) return this.#onWire;
    for (const peer of this.#nodes.values()) if (peer.clientId === clientId) return peer;
    return undefined;
  }

  /** @returns `undefined`: so many nodes are connected that there is no room for another */
  #peerAt(node: Uint8Array, packet: Packet): MqttsnPeer | undefined {
    const key = Buffer.from(node).toString('hex');
    const known = this.#nodes.get(key);
    const outlet = new Outlet(this.#spool, node);
    if (known === undefined && this.#nodes.size >= NODES_MAX && !this.#forgetNode()) {
      this.#spool.counters.unexpectedPackets += 1;
      if (packet.kind === 'connect') outlet.send({ kind: 'connack', returnCode: RETURN_CODE.congestion });
      return undefined;
    }
    const peer = known ?? this.#newPeer(outlet, this.#options.nodes.get(key));
    this.#nodes.delete(key);
    this.#nodes.set(key, peer);
    return peer;
  }

  #forgetNode(): boolean {
    for (const [key, { clientId }] of this.#nodes) if (clientId === undefined) return this.#nodes.delete(key);
    return false;
  }

  #newPeer(outlet: Outlet, publisher: string | undefined): MqttsnPeer {
    const { predefinedTopics, retryMs, framing } = this.#options;
    const peer: MqttsnPeer = new MqttsnPeer({
      ...{ outlet, publisher, predefinedTopics },
      isLineChecked: framing !== 'sn-raw',
      disconnectPauseMs: retryMs,
      claimClient: (id) => this.#claim(id, peer),
    });
    return peer;
  }

  #claim(id: string, peer: MqttsnPeer): MqttsnClient | undefined {
    const holder = this.#peerOf(id);
    if (holder !== undefined && holder !== peer) {
      if (holder.attachment === undefined) return undefined; // not yet
      holder.yieldClient();
    }
    const client = this.#clientOf(id);
    this.#clients.delete(id);
    this.#clients.set(id, client);
    for (const other of this.#clients.keys()) {
      if (this.#clients.size <= CLIENTS_MAX) break;
      if (other !== id && this.#peerOf(other) === undefined) this.#clients.delete(other);
    }
    return client;
  }

  /** Known, or new. */
  #clientOf(id: string): MqttsnClient {
    const client = this.#clients.get(id) ?? new MqttsnClient(id, new Outlet(this.#spool, undefined), this.#options);
    this.#clients.set(id, client);
    return client;
  }

  #find(isOwner: (client: MqttsnClient) => boolean): MqttsnClient | undefined {
    for (const client of this.#clients.values()) if (isOwner(client)) return client;
    return undefined;
  }
}

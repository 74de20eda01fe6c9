/**
 * Promises of the recorded gateway and their receivers, read from its serial lines and its connection to the hub: the
 * account of the crash tests. A message is named `<subdevice>/<number>`, a subscription `<subdevice> <filter>`.
 */
import { numberOf } from '../../src/bench/account.ts';
import type { MqttPacket } from '../../src/codec/mqtt.ts';
import { MqttReader } from '../../src/codec/mqtt-wire.ts';
import { FrameReader } from '../../src/codec/mqttsn-cobs.ts';
import { decodePacket } from '../../src/codec/mqttsn-decode.ts';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import type { StreamEvent } from './trace.ts';

const PACKET_BYTES_MAX = 64 * 1024;

export type Kept = 'uplinks' | 'downlinks' | 'subscriptions';
export type Names = Readonly<Record<Kept, Set<string>>>;

export function noNames(): Names {
  return { uplinks: new Set(), downlinks: new Set(), subscriptions: new Set() };
}

/** One serial line, over all processes of the gateway. */
interface Line {
  subdevice: string;
  /** Requests without an answer, by message identifier. */
  readonly asked: Map<string, string>;
}

export class Promises {
  /** Messages acknowledged by the gateway and by no later hop: only the gateway can have them. */
  readonly unacknowledged = noNames();
  /** Promises in this interval, between two operations on files, or earlier ones that had not ended. */
  required = noNames();
  /** All messages ever sent. */
  readonly sent = noNames();
  readonly #promised = noNames();
  readonly #handedOn = noNames();
  readonly #lines = new Map<number, Line>();
  /** State of this process, by stream and direction. */
  readonly #frames = new Map<string, FrameReader>();
  readonly #packets = new Map<string, MqttReader>();
  /** PUBLISH by its packet identifier, per connection and direction. */
  readonly #published = new Map<string, string>();

  /** Acknowledged uplinks, downlinks and subscriptions, each once, however often its acknowledgement was repeated. */
  get count(): Readonly<Record<Kept, number>> {
    const { uplinks, downlinks, subscriptions } = this.#promised;
    return { uplinks: uplinks.size, downlinks: downlinks.size, subscriptions: subscriptions.size };
  }

  start(): void {
    this.#frames.clear();
    this.#packets.clear();
    this.#published.clear();
  }

  /** An operation on the files changed the result of a power cut: later promises are compared with that. */
  beginInterval(): void {
    this.required = {
      uplinks: new Set(this.unacknowledged.uplinks),
      downlinks: new Set(this.unacknowledged.downlinks),
      subscriptions: new Set(this.unacknowledged.subscriptions),
    };
  }

  note(event: StreamEvent): void {
    const place = `${event.object} ${event.kind}`;
    switch (event.stream) {
      case 'tty':
        for (const bytes of reader(this.#frames, place, () => new FrameReader(PACKET_BYTES_MAX)).push(event.bytes)) {
          const packet = decodePacket(bytes);
          if (packet.ok) this.#passOnLine(this.#line(event.object), packet.value, event.kind);
        }
        return;
      case 'tcp': {
        const packets = reader(this.#packets, place, () => new MqttReader({ packetBytesMax: PACKET_BYTES_MAX }));
        for (const packet of packets.push(event.bytes)) {
          if (!packet.ok) throw new Error(`on the connection to the hub: ${packet.problem}`);
          this.#passAtHub(event.object, packet.value, event.kind);
        }
      }
    }
  }

  #line(object: number): Line {
    return reader(this.#lines, object, () => ({ subdevice: '?', asked: new Map() }));
  }

  #passOnLine(line: Line, packet: Packet, way: 'in' | 'out'): void {
    switch (packet.kind) {
      case 'connect':
        line.subdevice = packet.clientId;
        return;
      case 'publish': {
        const name = `${line.subdevice}/${numberOf(packet.payload)}`;
        line.asked.set(`publish ${way} ${packet.messageId}`, name);
        if (way === 'in') this.sent.uplinks.add(name);
        return;
      }
      case 'puback': {
        const name = line.asked.get(`publish ${way === 'out' ? 'in' : 'out'} ${packet.messageId}`);
        if (name === undefined || packet.returnCode !== 0) return;
        if (way === 'out') this.#promise('uplinks', name);
        else this.#handOn('downlinks', name);
        return;
      }
      case 'subscribe':
        if (packet.filter.type !== 'name') throw new Error('the crash tests subscribe by name');
        line.asked.set(`subscribe ${packet.messageId}`, `${line.subdevice} ${packet.filter.name}`);
        return;
      case 'suback': {
        const name = line.asked.get(`subscribe ${packet.messageId}`);
        if (name !== undefined && packet.returnCode === 0) this.#promise('subscriptions', name);
        return;
      }
      default:
        return;
    }
  }

  #passAtHub(connection: number, packet: MqttPacket, way: 'in' | 'out'): void {
    if (packet.kind === 'publish') {
      const name = `${packet.topic.split('/')[1]}/${numberOf(packet.payload)}`;
      this.#published.set(`${connection} ${way} ${packet.packetId}`, name);
      if (way === 'in') this.sent.downlinks.add(name);
    }
    if (packet.kind === 'puback') {
      const name = this.#published.get(`${connection} ${way === 'out' ? 'in' : 'out'} ${packet.packetId}`);
      if (name === undefined) throw new Error(`PUBACK of ${packet.packetId}, which was not sent on this connection`);
      if (way === 'out') this.#promise('downlinks', name);
      else this.#handOn('uplinks', name);
    }
  }

  #promise(kept: Kept, name: string): void {
    this.#promised[kept].add(name);
    if (this.#handedOn[kept].has(name)) return;
    this.unacknowledged[kept].add(name);
    this.required[kept].add(name);
  }

  /** The next hop has the message, even if the gateway fails. */
  #handOn(kept: Kept, name: string): void {
    this.#handedOn[kept].add(name);
    this.unacknowledged[kept].delete(name);
  }
}

function reader<Key, Reader>(readers: Map<Key, Reader>, key: Key, make: () => Reader): Reader {
  const found = readers.get(key) ?? make();
  readers.set(key, found);
  return found;
}

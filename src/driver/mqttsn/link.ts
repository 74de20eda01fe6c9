/**
 * The MQTT-SN link: a byte channel on one side, what subdevices want on the other. The gateway's half of MQTT-SN 1.2.
 *
 *     bytes ▶ PacketReader ▶ decodePacket ▶ Peers ▶ MqttsnPeer ▶ MqttsnClient ▶ reports
 *     orders ▶ MqttsnClient ▶ Outlet ▶ Spool ▶ frames
 *
 * Invariants: total on bytes from outside; never more than one frame, the peers and sessions of `mqttsn-peers.ts` and
 * their bounds in memory.
 */
import type { BackoffLimits } from '../../base/backoff.ts';
import type { LinkCounters } from '../../base/link-counters.ts';
import type { Restorable } from '../../base/snapshot.ts';
import { type FramingName, framingOf, type PacketReader } from '../../codec/framing.ts';
import { decodePacket } from '../../codec/mqttsn-decode.ts';
import type { LinkAction, LinkInput, LinkMachine } from '../driver.ts';
import { LinkOpening, type LinkOpeningSnapshot, type LinkState } from '../reopen.ts';
import { Beacon, type BeaconOptions } from './advertiser.ts';
import { Outlet, Spool, type SpoolSnapshot } from './packet-sink.ts';
import { Peers, type PeersOptions, type PeersSnapshot } from './nodes.ts';

export interface MqttsnLinkOptions extends PeersOptions, BeaconOptions {
  /** The link's, for people. */
  readonly name: string;
  readonly framing: FramingName;
  /** Octets of the largest packet either way, with what a forwarder puts around it; 1024 by default, at most 4096. */
  readonly packetBytesMax: number;
  /** Pauses between openings of the channel; 500 ms to 30 s by default. */
  readonly reopen: BackoffLimits;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export function createMqttsnLink(options: MqttsnLinkOptions): LinkMachine {
  return new MqttsnLink(options);
}

interface MqttsnLinkSnapshot {
  readonly opening: LinkOpeningSnapshot;
  /** Of the reader of this framing. */
  readonly reader: object;
  readonly spool: SpoolSnapshot;
  readonly peers: PeersSnapshot;
  readonly bytesIn: number;
  readonly framesIn: number;
  readonly malformedPackets: number;
}

class MqttsnLink implements LinkMachine, Restorable<MqttsnLinkSnapshot> {
  readonly #opening: LinkOpening;
  readonly #reader: PacketReader;
  readonly #spool: Spool;
  readonly #peers: Peers;
  #bytesIn = 0;
  /** Of which a packet could be made. */
  #framesIn = 0;
  #malformedPackets = 0;

  constructor(options: MqttsnLinkOptions) {
    const framing = framingOf(options.framing);
    this.#opening = new LinkOpening(options.reopen, options.random);
    this.#spool = new Spool(framing, options.packetBytesMax);
    this.#reader = framing.newReader(options.packetBytesMax, (...broken) => this.#spool.discard(...broken));
    this.#peers = new Peers(options, this.#spool, new Beacon(options, new Outlet(this.#spool, undefined)));
  }

  get state(): LinkState {
    return this.#opening.state;
  }

  get counters(): LinkCounters {
    return {
      ...this.#spool.counters,
      openings: this.#opening.openings,
      bytesIn: this.#bytesIn,
      framesIn: this.#framesIn,
      crcErrors: this.#reader.crcErrors,
      oversizeFrames: this.#reader.oversizeFrames,
      malformedPackets: this.#malformedPackets,
    };
  }

  attachedSubdevices(): readonly string[] {
    return this.#peers.attachedSubdevices();
  }

  sleepers(): ReadonlyMap<string, number> {
    return this.#peers.sleepers();
  }

  probeable(): readonly string[] {
    return this.#peers.probeable();
  }

  wakeAtMs(): number | undefined {
    const wakes = [this.#opening.wakeAtMs(), this.#peers.wakeAtMs(), this.#reader.wakeAtMs()];
    const atMs = Math.min(...wakes.map((wake) => wake ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(atMs) ? atMs : undefined;
  }

  handle(input: LinkInput, nowMs: number): LinkAction[] {
    switch (input.kind) {
      case 'start':
        this.#spool.act(...this.#opening.start());
        break;
      case 'stop':
        this.#spool.act(...this.#opening.stop());
        break;
      case 'wake':
        this.#spool.act(...this.#opening.wake(nowMs));
        if (nowMs >= (this.#reader.wakeAtMs() ?? Number.POSITIVE_INFINITY)) this.#read(new Uint8Array(0), nowMs);
        this.#peers.wake(nowMs);
        break;
      case 'opened':
        this.#reader.reset();
        this.#opening.opened(nowMs);
        this.#peers.opened(nowMs);
        break;
      case 'bytes':
        this.#receive(input.bytes, nowMs);
        break;
      case 'closed':
        this.#reader.reset();
        this.#opening.closed(nowMs);
        this.#peers.closed();
        break;
      default:
        this.#peers.order(input, nowMs);
    }
    return this.#spool.take();
  }

  snapshot(): MqttsnLinkSnapshot {
    return {
      opening: this.#opening.snapshot(),
      reader: this.#reader.snapshot(),
      spool: this.#spool.snapshot(),
      peers: this.#peers.snapshot(),
      bytesIn: this.#bytesIn,
      framesIn: this.#framesIn,
      malformedPackets: this.#malformedPackets,
    };
  }

  restore({ opening, reader, spool, peers, bytesIn, framesIn, malformedPackets }: MqttsnLinkSnapshot): void {
    this.#opening.restore(opening);
    this.#reader.restore(reader);
    this.#spool.restore(spool);
    this.#peers.restore(peers);
    this.#bytesIn = bytesIn;
    this.#framesIn = framesIn;
    this.#malformedPackets = malformedPackets;
  }

  #receive(bytes: Uint8Array, nowMs: number): void {
    if (this.#opening.state !== 'open') return;
    this.#bytesIn += bytes.length;
    this.#peers.bytesArrived(nowMs);
    this.#read(bytes, nowMs);
  }

  #read(bytes: Uint8Array, nowMs: number): void {
    for (const frame of this.#reader.push(bytes, nowMs)) {
      const packet = decodePacket(frame);
      if (packet.ok && this.#peers.receive(packet.value, nowMs)) this.#framesIn += 1;
      else {
        this.#malformedPackets += 1;
        this.#spool.discard('malformed packet', frame);
      }
    }
  }
}

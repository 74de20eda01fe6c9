/**
 * MQTT-SN link: a byte channel on one side, reports and commands on the other. The gateway's half of MQTT-SN 1.2.
 *
 *     bytes ▶ PacketReader ▶ decodeAnswerable ▶ MqttsnNodes ▶ MqttsnNode ▶ MqttsnClient ▶ reports
 *     commands ▶ MqttsnClient ▶ PacketSink ▶ ActionBuffer ▶ frames
 *
 * Invariants: total on bytes from outside. Memory is limited to one frame plus the nodes and sessions of `nodes.ts`,
 * which have limits of their own.
 */
import type { BackoffLimits } from '../../base/backoff.ts';
import type { DeviceNote } from '../../base/device-note.ts';
import type { LinkCounters } from '../../base/link-counters.ts';
import { sooner } from '../../base/sooner.ts';
import { type FramingName, framingOf, type PacketReader } from '../../codec/framing.ts';
import { decodeAnswerable } from '../../codec/mqttsn-decode.ts';
import type { LinkAction, LinkInput, LinkMachine } from '../driver.ts';
import { LinkOpening, type LinkState } from '../reopen.ts';
import { Advertiser, type AdvertiserOptions } from './advertiser.ts';
import { MqttsnNodes, type NodesOptions } from './nodes.ts';
import { ActionBuffer, PacketSink } from './packet-sink.ts';

export interface MqttsnLinkOptions extends NodesOptions, AdvertiserOptions {
  /** Name of the link, for display. */
  readonly name: string;
  readonly framing: FramingName;
  /** Octets of the largest packet in either direction, with a forwarder's header; 1024 by default, at most 4096. */
  readonly packetBytesMax: number;
  /** Pauses between openings of the channel; 500 ms to 30 s by default. */
  readonly reopen: BackoffLimits;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export function createMqttsnLink(options: MqttsnLinkOptions): LinkMachine {
  return new MqttsnLink(options);
}

class MqttsnLink implements LinkMachine {
  private readonly opening: LinkOpening;
  private readonly reader: PacketReader;
  private readonly buffer: ActionBuffer;
  private readonly nodes: MqttsnNodes;
  private bytesIn = 0;
  /** Frames that contained a valid packet. */
  private framesIn = 0;
  private malformedPackets = 0;

  constructor(options: MqttsnLinkOptions) {
    const framing = framingOf(options.framing);
    this.opening = new LinkOpening(options.reopen, options.random);
    this.buffer = new ActionBuffer(framing, options.packetBytesMax);
    this.reader = framing.newReader(options.packetBytesMax, (...broken) => this.buffer.discard(...broken));
    this.nodes = new MqttsnNodes(options, this.buffer, new Advertiser(options, new PacketSink(this.buffer, undefined)));
  }

  get isPolled(): boolean {
    return false;
  }

  get state(): LinkState {
    return this.opening.state;
  }

  get counters(): LinkCounters {
    return {
      ...this.buffer.counters,
      openings: this.opening.openings,
      bytesIn: this.bytesIn,
      framesIn: this.framesIn,
      crcErrors: this.reader.crcErrors,
      oversizeFrames: this.reader.oversizeFrames,
      malformedPackets: this.malformedPackets,
      echoes: 0,
    };
  }

  attachedSubdevices(): readonly string[] {
    return this.nodes.attachedSubdevices();
  }

  sleepers(): ReadonlyMap<string, number> {
    return this.nodes.sleepers();
  }

  lastReceivedAtMs(subdevice: string): number | undefined {
    return this.nodes.lastReceivedAtMs(subdevice);
  }

  unanswered(): ReadonlyMap<string, number> {
    return new Map();
  }

  deviceNotes(): ReadonlyMap<string, DeviceNote> {
    return new Map();
  }

  probeable(): readonly string[] {
    return this.nodes.probeable();
  }

  wakeAtMs(): number | undefined {
    return sooner(sooner(this.opening.wakeAtMs(), this.reader.wakeAtMs()), this.nodes.wakeAtMs());
  }

  handle(input: LinkInput, nowMs: number): LinkAction[] {
    switch (input.kind) {
      case 'start':
        this.buffer.act(...this.opening.start());
        break;
      case 'stop':
        this.buffer.act(...this.opening.stop());
        break;
      case 'wake':
        this.buffer.act(...this.opening.wake(nowMs));
        if (nowMs >= (this.reader.wakeAtMs() ?? Number.POSITIVE_INFINITY)) this.read(new Uint8Array(0), nowMs);
        this.nodes.wake(nowMs);
        break;
      case 'opened':
        this.reader.reset();
        this.opening.opened(nowMs);
        this.nodes.opened(nowMs);
        break;
      case 'bytes':
        this.receive(input.bytes, nowMs);
        break;
      case 'closed':
        this.reader.reset();
        this.opening.closed(nowMs);
        this.nodes.closed();
        break;
      case 'speedSet':
        break;
      default:
        this.nodes.command(input, nowMs);
    }
    return this.buffer.take();
  }

  private receive(bytes: Uint8Array, nowMs: number): void {
    if (this.opening.state !== 'open') return;
    this.bytesIn += bytes.length;
    this.nodes.bytesArrived(nowMs);
    this.read(bytes, nowMs);
  }

  private read(bytes: Uint8Array, nowMs: number): void {
    for (const frame of this.reader.push(bytes, nowMs)) {
      const packet = decodeAnswerable(frame);
      if (packet.ok && this.nodes.receive(packet.value, nowMs)) this.framesIn += 1;
      else {
        this.malformedPackets += 1;
        this.buffer.discard('malformed packet', frame);
      }
    }
  }
}

/**
 * Actions of one input in their order, and counters, for the parts of an MQTT-SN link. Each link has one
 * `ActionBuffer`, which is emptied after every input. The buffer also draws the tokens, so no token occurs twice on a
 * link. Each address has one `PacketSink`.
 */
import { type DiscardReason, type ExcessSize, sampleBytes } from '../../base/discard.ts';
import type { ChannelAction } from '../../base/machine.ts';
import type { Framing } from '../../codec/framing.ts';
import { encodePacket, encodeWithin, LENGTH_MAX, packetBytes } from '../../codec/mqttsn-encode.ts';
import type { Packet } from '../../codec/mqttsn-packets.ts';
import type { DriverReport, LinkAction } from '../driver.ts';
import { PACKET_BYTES_KEY } from './link-keys.ts';

export class ActionBuffer {
  private readonly frame: Framing['encode'];
  private readonly packetBytesMax: number;
  readonly counters = { bytesOut: 0, framesOut: 0, unexpectedPackets: 0, refusedUplinks: 0, duplicates: 0, retries: 0 };
  /** Empty between inputs. */
  private actions: LinkAction[] = [];
  /** Frames after the last of `actions`. They become one `write`. */
  private frames: Uint8Array[] = [];
  private lastToken = 0;

  /** @param packetBytesMax octets of the largest packet that may be sent, with a forwarder's header */
  constructor(framing: Pick<Framing, 'encode'>, packetBytesMax: number) {
    this.frame = framing.encode;
    this.packetBytesMax = packetBytesMax;
  }

  /** @param more octets of a forwarder's header */
  fits(packet: Packet, more = 0): boolean {
    return this.excess(packet, more) === undefined;
  }

  /** @returns sizes of a packet that is larger than the link allows */
  excess(packet: Packet, more = 0): ExcessSize | undefined {
    const bytes = (packetBytes(packet) ?? LENGTH_MAX + 1) + more;
    return bytes <= this.packetBytesMax ? undefined : { bytes, bytesMax: this.packetBytesMax, key: PACKET_BYTES_KEY };
  }

  /** @returns false, and nothing is sent, if the packet is larger than the link allows */
  send(packet: Packet): boolean {
    const bytes = encodeWithin(packet, this.packetBytesMax);
    if (bytes === undefined) return false;
    const frame = this.frame(bytes);
    this.counters.framesOut += 1;
    this.counters.bytesOut += frame.length;
    this.frames.push(frame);
    return true;
  }

  act(...actions: readonly (ChannelAction | DriverReport)[]): void {
    this.writeFrames();
    this.actions.push(...actions);
  }

  /** @param subdevice subdevice, if it is known to belong to this gateway */
  discard(reason: DiscardReason, sample: Uint8Array | string, subdevice?: string): void {
    const kept = typeof sample === 'string' ? sample : sampleBytes(sample);
    this.act({ kind: 'discarded', subdevice, reason, sample: kept, count: 1 });
  }

  drawToken(): number {
    this.lastToken += 1;
    return this.lastToken;
  }

  /** Returns all actions since the last call. */
  take(): LinkAction[] {
    this.writeFrames();
    const actions = this.actions;
    this.actions = [];
    return actions;
  }

  private writeFrames(): void {
    const { frames } = this;
    if (frames.length === 0) return;
    this.actions.push({ kind: 'write', bytes: joined(frames) });
    this.frames = [];
  }
}

export class PacketSink {
  private readonly buffer: ActionBuffer;
  /** Node behind a forwarder that receives the packets. `undefined`: the wire itself. */
  node: Uint8Array | undefined;

  constructor(buffer: ActionBuffer, node: Uint8Array | undefined) {
    this.buffer = buffer;
    this.node = node;
  }

  get counters(): ActionBuffer['counters'] {
    return this.buffer.counters;
  }

  /** True if `send` would send the packet. */
  fits(packet: Packet): boolean {
    return this.excess(packet) === undefined;
  }

  /** @returns sizes of a packet that `send` would not send */
  excess(packet: Packet): ExcessSize | undefined {
    const { node } = this;
    return this.buffer.excess(packet, node === undefined ? 0 : headerBytes(node));
  }

  /**
   * @param radius hops of a broadcast behind a forwarder; ignored for a single receiver (MQTT-SN 1.2 §5.5)
   * @returns false, and nothing is sent, if the packet is larger than the link allows
   */
  send(packet: Packet, radius = 0): boolean {
    const { node } = this;
    if (node === undefined) return this.buffer.send(packet);
    if (!this.fits(packet)) return false;
    return this.buffer.send({ kind: 'encapsulated', radius, node, packet: encodePacket(packet) });
  }

  report(report: DriverReport): void {
    this.buffer.act(report);
  }

  discard(...discarded: Parameters<ActionBuffer['discard']>): void {
    this.buffer.discard(...discarded);
  }

  drawToken(): number {
    return this.buffer.drawToken();
  }
}

function joined(frames: readonly Uint8Array[]): Uint8Array {
  const [first] = frames;
  if (frames.length === 1 && first !== undefined) return first;
  const bytes = new Uint8Array(frames.reduce((length, frame) => length + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    bytes.set(frame, at);
    at += frame.length;
  }
  return bytes;
}

/** Octets that a forwarder adds in front of a packet for `node`. */
function headerBytes(node: Uint8Array): number {
  return packetBytes({ kind: 'encapsulated', radius: 0, node, packet: new Uint8Array(0) }) ?? Number.POSITIVE_INFINITY;
}

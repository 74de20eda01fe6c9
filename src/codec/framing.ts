/** Framings of packets on a line, by their names in the configuration. Each framing has an encoder and a reader. */
import type { OnBroken } from './broken-frame.ts';
import { encodeFrame, FrameReader } from './mqttsn-cobs.ts';
import { RawReader } from './mqttsn-raw.ts';

export type FramingName = 'sn-cobs' | 'sn-raw';

/**
 * Reader that takes bytes in pieces of any size and returns packets. The reader holds at most one packet. Its counters
 * only grow.
 */
export interface PacketReader {
  /** Number of damaged frames. For bare packets: number of stretches of bytes that were not a packet. */
  readonly crcErrors: number;
  readonly oversizeFrames: number;
  readonly heldBytes: number;
  readonly heldBytesMax: number;
  /** @param nowMs monotonic. @returns the packets in the order of their arrival, in memory that no other call uses */
  push(bytes: Uint8Array, nowMs: number): Uint8Array[];
  /**
   * Monotonic ms at which an unfinished packet counts as incomplete. `push` must be called at that time, without bytes.
   */
  wakeAtMs(): number | undefined;
  /** Drops the unfinished packet. Called when the line was reopened. */
  reset(): void;
}

export interface Framing {
  readonly encode: (packet: Uint8Array) => Uint8Array;
  /** @param packetBytesMax largest packet passed on */
  readonly newReader: (packetBytesMax: number, onBroken?: OnBroken) => PacketReader;
}

const FRAMINGS: Readonly<Record<FramingName, Framing>> = {
  'sn-cobs': { encode: encodeFrame, newReader: (...limits) => new FrameReader(...limits) },
  'sn-raw': { encode: (packet) => packet, newReader: (...limits) => new RawReader(...limits) },
};

export function framingOf(name: FramingName): Framing {
  return FRAMINGS[name];
}

/** How packets are delimited on a line, by the name the configuration gives it: what writes a frame, and what reads them. */
import type { Restorable } from '../base/snapshot.ts';
import type { OnBroken } from './broken-frame.ts';
import { encodeFrame, FrameReader } from './mqttsn-cobs.ts';
import { RawReader } from './mqttsn-raw.ts';

export type FramingName = 'sn-cobs' | 'sn-raw';

/** Takes bytes as they come and gives packets; holds at most one, whatever arrives. All counters only grow. */
export interface PacketReader extends Restorable<object> {
  /** Frames that did not hold; where there are no frames, stretches of bytes that were no packet. */
  readonly crcErrors: number;
  readonly oversizeFrames: number;
  readonly heldBytes: number;
  readonly heldBytesMax: number;
  /** @param nowMs monotonic. @returns the packets, each in its own memory, in the order of their arrival */
  push(bytes: Uint8Array, nowMs: number): Uint8Array[];
  /** When an unfinished packet counts as cut off, and `push` is to be called without bytes; monotonic ms. */
  wakeAtMs(): number | undefined;
  /** Forgets what has not ended: the line was opened anew. */
  reset(): void;
}

export interface Framing {
  readonly encode: (packet: Uint8Array) => Uint8Array;
  /** @param packetBytesMax largest packet passed on */
  readonly newReader: (packetBytesMax: number, onBroken?: OnBroken) => PacketReader;
}

const FRAMINGS: Readonly<Record<FramingName, Framing>> = {
  'sn-cobs': { encode: encodeFrame, newReader: (...terms) => new FrameReader(...terms) },
  'sn-raw': { encode: (packet) => packet, newReader: (...terms) => new RawReader(...terms) },
};

export function framingOf(name: FramingName): Framing {
  return FRAMINGS[name];
}

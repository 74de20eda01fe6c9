/** Frame of a recorded channel, and the reader that finds frames. */

export interface Frame {
  /** Bytes of the packet without the delimiters of the line; or raw bytes that are not a packet. */
  readonly bytes: Uint8Array;
  /** `undefined`: these bytes are not a packet, and `problem` gives the reason. */
  readonly packet: Readonly<{ kind: string }> | undefined;
  readonly problem: string | undefined;
}

/** Reader of the frames of one direction of one channel, from the opening of the channel on. */
export interface FrameSource {
  read(bytes: Uint8Array): Frame[];
}

/** Largest packet of any link, in bytes. Used if the options of a recording contain no valid limit. */
const PACKET_BYTES_MAX = 4096;

/** Largest packet of the channel, bytes. @param options from the header of a recording, unchecked */
export function limitIn(options: object): number {
  const limit = 'packetBytesMax' in options ? Number(options.packetBytesMax) : Number.NaN;
  return Number.isSafeInteger(limit) && limit > 0 ? limit : PACKET_BYTES_MAX;
}

/** Returns a frame for bytes that are not a packet, with the reason. */
export function unread(bytes: Uint8Array, problem: string): Frame {
  return { bytes: new Uint8Array(bytes), packet: undefined, problem };
}

/** Frame of a recorded channel, and the reader that finds frames. */

export interface Frame {
  /** Bytes of the packet without its delimiters on the line; or raw bytes without a packet. */
  readonly bytes: Uint8Array;
  /** `undefined`: these bytes are not a packet, and `problem` gives the reason. */
  readonly packet: Readonly<{ kind: string }> | undefined;
  readonly problem: string | undefined;
}

/** Source for one direction of one channel, starting at its opening. */
export interface FrameSource {
  read(bytes: Uint8Array): Frame[];
}

/** Largest packet of any link, for options without a limit. */
const PACKET_BYTES_MAX = 4096;

/** Largest packet of the channel, bytes. @param options from the header of a recording, unchecked */
export function limitIn(options: object): number {
  const limit = 'packetBytesMax' in options ? Number(options.packetBytesMax) : Number.NaN;
  return Number.isSafeInteger(limit) && limit > 0 ? limit : PACKET_BYTES_MAX;
}

/** Bytes without a packet, with the reason. */
export function unread(bytes: Uint8Array, problem: string): Frame {
  return { bytes: new Uint8Array(bytes), packet: undefined, problem };
}

/** A frame of a recorded channel, and the reader that finds frames. */

export interface Frame {
  /** Of the packet, without what delimits it on the line; or raw bytes that hold none. */
  readonly bytes: Uint8Array;
  /** `undefined`: these bytes are no packet, and `problem` says why. */
  readonly packet: Readonly<{ kind: string }> | undefined;
  readonly problem: string | undefined;
}

/** One direction of one channel, from its opening on. */
export interface FrameSource {
  read(bytes: Uint8Array): Frame[];
}

/** Largest packet of any link, for options that do not say. */
const PACKET_BYTES_MAX = 4096;

/** Largest packet of the channel, bytes. @param options from the header of a recording, unchecked */
export function limitIn(options: object): number {
  const limit = 'packetBytesMax' in options ? Number(options.packetBytesMax) : Number.NaN;
  return Number.isSafeInteger(limit) && limit > 0 ? limit : PACKET_BYTES_MAX;
}

/** Bytes that hold no packet, with the reason. */
export function unread(bytes: Uint8Array, problem: string): Frame {
  return { bytes: new Uint8Array(bytes), packet: undefined, problem };
}

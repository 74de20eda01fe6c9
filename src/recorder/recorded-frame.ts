/** Frame of a recorded channel, and the source that finds frames. Type declarations only. */

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

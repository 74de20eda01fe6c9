/** A frame of a recorded channel, and who finds them. Shapes only. */

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

/** Direction of an RS-485 transceiver by the RTS line of its port. */
export interface Rs485Mode {
  /** Level of RTS while the port sends: `rts-on-send` is 1, and 0 after it; `rts-after-send` is the opposite. */
  readonly rts: 'rts-on-send' | 'rts-after-send';
  /** Time between the change of RTS and the first bit, ms. */
  readonly beforeMs: number;
  /** Time between the last bit and the change of RTS, ms. */
  readonly afterMs: number;
}

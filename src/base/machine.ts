/**
 * The one abstraction: a protocol with the I/O taken out.
 *
 * Bytes, packets and orders go in as `Input`; what is to be done comes out as `Action`. A machine knows no socket, no
 * timer and no file, so the simulator runs it on a virtual clock and `runtime/pump.ts` runs it on a real channel.
 */
export interface Machine<Input, Action> {
  /**
   * Takes one input and says what is to be done, in order. Synchronous and total: never throws on bytes from outside.
   * @param nowMs monotonic milliseconds, never less than in an earlier call
   */
  handle(input: Input, nowMs: number): Action[];

  /** Monotonic ms of the next timer; the runner then sends `{ kind: 'wake' }`. `undefined`: no timer is set. */
  wakeAtMs(): number | undefined;
}

/** What every machine on a byte channel hears about the channel. */
export type ChannelInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'wake' }
  | { readonly kind: 'opened' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'closed'; readonly reason: string };

/** What every machine on a byte channel may ask of it. `close` is answered by `closed`, as is a failed `open`. */
export type ChannelAction =
  | { readonly kind: 'open' }
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  | { readonly kind: 'close'; readonly reason: string };

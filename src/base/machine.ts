/**
 * Interface of protocol code without I/O.
 *
 * Bytes, packets and commands go in as `Input`; actions come out as `Action`. A machine has no socket, no timer and no
 * file, so the simulator runs it on a virtual clock and `runtime/pump.ts` runs it on a real channel.
 */
export interface Machine<Input, Action> {
  /**
   * Takes one input and returns the actions in order. Synchronous and total: never throws on bytes from outside.
   * @param nowMs monotonic milliseconds, never less than in an earlier call
   */
  handle(input: Input, nowMs: number): Action[];

  /** Monotonic ms of the next timer. At that time the runner sends `{ kind: 'wake' }`. `undefined`: no timer is set. */
  wakeAtMs(): number | undefined;
}

/** Inputs about the channel, for every machine on a byte channel. */
export type ChannelInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'wake' }
  | { readonly kind: 'opened' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** The port has the speed of the last `setSpeed`. Bytes of earlier inputs were received at the speed before. */
  | { readonly kind: 'speedSet'; readonly baudRate: number }
  | { readonly kind: 'closed'; readonly reason: string };

/**
 * Requests to the channel, from every machine on a byte channel. `closed` follows `close` and a failed `open`. `speedSet`
 * follows `setSpeed`, or `closed` if the channel cannot change its speed.
 */
export type ChannelAction =
  | { readonly kind: 'open' }
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  /** Changes the speed of an open serial port after all bytes written before have left it. Bits per second. */
  | { readonly kind: 'setSpeed'; readonly baudRate: number }
  | { readonly kind: 'close'; readonly reason: string };

const CHANNEL_ACTIONS: ReadonlySet<string> = new Set<ChannelAction['kind']>(['open', 'write', 'setSpeed', 'close']);

export function isChannelAction(action: { readonly kind: string }): action is ChannelAction {
  return CHANNEL_ACTIONS.has(action.kind);
}

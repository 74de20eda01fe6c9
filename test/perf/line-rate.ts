/**
 * Serial line of a certain speed made of a PTY, which has none: each octet takes its time, in both directions, and
 * comes after the previous one. Timers have a resolution of one millisecond, so the last part is a busy wait: this
 * process needs a core.
 */
import type { ChannelListener, Clock, OpenChannel } from '../../src/ports.ts';

/** Start bit, eight data bits, stop bit. */
const BITS_PER_OCTET = 10;
/** Limit below which a wait is a busy wait. */
const SPIN_MS = 2;

export function limitedTo(baudRate: number, clock: Clock): (open: OpenChannel) => OpenChannel {
  const msPerOctet = (BITS_PER_OCTET * 1000) / baudRate;
  return (open) => (listener: ChannelListener) => {
    const [incoming, outgoing] = [new Wire(msPerOctet, clock), new Wire(msPerOctet, clock)];
    const channel = open({
      opened: () => listener.opened(),
      bytes: (bytes) => {
        const kept = bytes.slice(); // The memory of the reader is reused.
        incoming.carry(kept.length, () => listener.bytes(kept));
      },
      closed: (reason) => listener.closed(reason),
    });
    return {
      write: (bytes) => outgoing.carry(bytes.length, () => channel.write(bytes)),
      get queuedBytes() {
        return channel.queuedBytes;
      },
      close: (reason) => channel.close(reason),
    };
  };
}

/** One direction. */
class Wire {
  readonly #msPerOctet: number;
  readonly #clock: Clock;
  #freeAtMs = 0;

  constructor(msPerOctet: number, clock: Clock) {
    this.#msPerOctet = msPerOctet;
    this.#clock = clock;
  }

  carry(octets: number, arrive: () => void): void {
    const now = performance.now();
    this.#freeAtMs = Math.max(now, this.#freeAtMs) + octets * this.#msPerOctet;
    this.#at(this.#freeAtMs, arrive);
  }

  #at(atMs: number, arrive: () => void): void {
    const waitMs = atMs - performance.now();
    if (waitMs <= 0) arrive();
    else if (waitMs <= SPIN_MS) setImmediate(() => this.#at(atMs, arrive));
    else this.#clock.wakeAt(this.#clock.nowMs() + waitMs - SPIN_MS, () => this.#at(atMs, arrive));
  }
}

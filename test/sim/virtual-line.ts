/**
 * A serial line: 115200 baud, two ends that open and close by themselves, a cable that may be pulled, noise that flips,
 * drops and inserts bytes, and a subdevice that may stop reading for a while. With one pair of wires for both ways, what
 * crosses on it is spoilt.
 */
import type { Random } from '../../src/base/random.ts';
import type { Channel, ChannelListener, OpenChannel } from '../../src/ports.ts';
import type { VirtualTime } from './virtual-time.ts';

/** 115200 baud, 8N1. */
export const BYTES_PER_MS = 11.52;
const OPEN_MS = 2;

/** On the wire. */
interface InFlight {
  readonly untilMs: number;
  isHit: boolean;
}

interface End {
  /** What is on the way to this end. */
  flight: InFlight | undefined;
  listener: ChannelListener | undefined;
  /** Until when bytes towards this end are on the wire. */
  busyUntilMs: number;
  stalledUntilMs: number;
}

export class VirtualLine {
  readonly #time: VirtualTime;
  readonly #random: Random;
  #damage = 0;
  #isPlugged = true;
  readonly #gateway: End = newEnd();
  readonly #subdevice: End = newEnd();

  readonly #isHalfDuplex: boolean;
  /** World time until which it last lost, spoilt or kept back something, or at which it was pulled. */
  disturbedAtMs = Number.NEGATIVE_INFINITY;

  constructor(time: VirtualTime, random: Random, isHalfDuplex = false) {
    this.#time = time;
    this.#random = random;
    this.#isHalfDuplex = isHalfDuplex;
  }

  readonly gatewayEnd: OpenChannel = (listener) => this.#open(this.#gateway, this.#subdevice, listener);
  readonly subdeviceEnd: OpenChannel = (listener) => this.#open(this.#subdevice, this.#gateway, listener);

  unplug(): void {
    this.#isPlugged = false;
    this.#hurt(this.#time.nowMs);
    for (const end of [this.#gateway, this.#subdevice]) this.#close(end, 'unplugged');
  }

  plug(): void {
    this.#isPlugged = true;
  }

  /** @param damage chance per chunk that a bit flips, a byte is lost, or a byte too many arrives */
  disturb(damage: number): void {
    this.#damage = damage;
  }

  /** The gateway's machine has lost its power: its end is gone without a word. */
  dropGateway(): void {
    this.#gateway.listener = undefined;
  }

  /** The subdevice reads nothing for so long; what it is sent waits. */
  stall(ms: number): void {
    this.#subdevice.stalledUntilMs = this.#time.nowMs + ms;
    this.#hurt(this.#subdevice.stalledUntilMs);
  }

  #open(mine: End, other: End, listener: ChannelListener): Channel {
    this.#time.after(OPEN_MS, () => {
      if (!this.#isPlugged) return listener.closed('no such device');
      mine.listener = listener;
      mine.busyUntilMs = this.#time.nowMs;
      listener.opened();
    });
    const isMine = (): boolean => mine.listener === listener;
    return {
      write: (bytes) => {
        if (isMine()) this.#carry(mine, other, bytes.slice());
      },
      get queuedBytes() {
        return 0;
      },
      close: (reason) => {
        if (isMine()) this.#close(mine, reason);
      },
    };
  }

  #close(end: End, reason: string): void {
    const { listener } = end;
    if (listener === undefined) return;
    end.listener = undefined;
    this.#time.after(0, () => listener.closed(reason));
  }

  #hurt(untilMs: number): void {
    this.disturbedAtMs = Math.max(this.disturbedAtMs, untilMs);
  }

  #carry(from: End, to: End, bytes: Uint8Array): void {
    const startMs = Math.max(this.#time.nowMs, to.busyUntilMs, to.stalledUntilMs);
    to.busyUntilMs = startMs + bytes.length / BYTES_PER_MS;
    const flight: InFlight = { untilMs: to.busyUntilMs, isHit: false };
    to.flight = flight;
    if (this.#isHalfDuplex && from.flight !== undefined && from.flight.untilMs > startMs) {
      flight.isHit = true;
      from.flight.isHit = true;
    }
    const { listener } = to;
    this.#time.at(to.busyUntilMs, () => {
      // what was sent to an end that is closed, or opened anew since, is lost
      if (listener === undefined || to.listener !== listener) this.#hurt(this.#time.nowMs);
      else listener.bytes(this.#spoil(bytes, flight.isHit ? 1 : this.#damage));
    });
  }

  #spoil(bytes: Uint8Array, damage: number): Uint8Array {
    if (bytes.length === 0 || this.#random() >= damage) return bytes;
    this.#hurt(this.#time.nowMs);
    const at = Math.floor(this.#random() * bytes.length);
    const kind = this.#random();
    if (kind < 0.4) {
      bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(this.#random() * 8));
      return bytes;
    }
    if (kind < 0.7) return new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + 1)]);
    return new Uint8Array([...bytes.subarray(0, at), Math.floor(this.#random() * 256), ...bytes.subarray(at)]);
  }
}

function newEnd(): End {
  return { flight: undefined, listener: undefined, busyUntilMs: 0, stalledUntilMs: 0 };
}

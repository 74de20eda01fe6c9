/**
 * Virtual serial line: 115200 baud, two ends that open and close separately, a cable that may be pulled, noise that inverts
 * bits and drops and inserts bytes, and a subdevice that may stop reading for some time. With one pair of wires for both
 * directions, simultaneous bytes are corrupted.
 */
import type { Random } from '../../src/base/random.ts';
import type { Channel, ChannelListener, OpenChannel } from '../../src/ports.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Time of one byte at 115200 baud, 8N1. */
export const BYTES_PER_MS = 11.52;
const OPEN_MS = 2;

/** Delay of the line. */
interface InFlight {
  readonly untilMs: number;
  isHit: boolean;
}

interface End {
  /** Bytes on the way to this end. */
  flight: InFlight | undefined;
  listener: ChannelListener | undefined;
  /** World time until which bytes to this end are on the line. */
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
  /** Speed of the line. */
  bytesPerMs: number;
  /** World time until which the line last lost, corrupted or delayed bytes, or at which it was pulled. */
  disturbedAtMs = Number.NEGATIVE_INFINITY;

  /** @param bytesPerMs speed of the line */
  constructor(time: VirtualTime, random: Random, { isHalfDuplex = false, bytesPerMs = BYTES_PER_MS } = {}) {
    this.bytesPerMs = bytesPerMs;
    this.#time = time;
    this.#random = random;
    this.#isHalfDuplex = isHalfDuplex;
  }

  readonly gatewayEnd: OpenChannel = (listener) => this.#open(this.#gateway, this.#subdevice, listener);
  readonly subdeviceEnd: OpenChannel = (listener) => this.#open(this.#subdevice, this.#gateway, listener);

  /** World time at which all bytes of the gateway have left. */
  get writtenAtMs(): number {
    return Math.max(this.#time.nowMs, this.#subdevice.busyUntilMs);
  }

  unplug(): void {
    this.#isPlugged = false;
    this.#hurt(this.#time.nowMs);
    for (const end of [this.#gateway, this.#subdevice]) this.#close(end, 'unplugged');
  }

  plug(): void {
    this.#isPlugged = true;
  }

  /** @param damage probability for each chunk that a bit is inverted, a byte is lost or a byte is inserted */
  disturb(damage: number): void {
    this.#damage = damage;
  }

  /** Removes the gateway's end after a power cut. */
  dropGateway(): void {
    this.#gateway.listener = undefined;
  }

  /** Stops the subdevice from reading for some time; bytes to it wait. */
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
    to.busyUntilMs = startMs + bytes.length / this.bytesPerMs;
    const flight: InFlight = { untilMs: to.busyUntilMs, isHit: false };
    to.flight = flight;
    if (this.#isHalfDuplex && from.flight !== undefined && from.flight.untilMs > startMs) {
      flight.isHit = true;
      from.flight.isHit = true;
    }
    const { listener } = to;
    this.#time.at(to.busyUntilMs, () => {
      // bytes to an end that was closed or opened again meanwhile are lost
      if (listener === undefined || to.listener !== listener) this.#hurt(this.#time.nowMs);
      else listener.bytes(this.#spoil(bytes, flight.isHit ? 1 : this.#damage));
    });
  }

  #spoil(bytes: Uint8Array, damage: number): Uint8Array {
    if (bytes.length === 0 || this.#random() >= damage) return bytes;
    this.#hurt(this.#time.nowMs);
    return spoiled(bytes, this.#random);
  }
}

/** Inverts a bit of some bytes, or drops or inserts a byte. */
export function spoiled(bytes: Uint8Array, random: Random): Uint8Array {
  const at = Math.floor(random() * bytes.length);
  const kind = random();
  if (kind < 0.4) {
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    return bytes;
  }
  if (kind < 0.7) return new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + 1)]);
  return new Uint8Array([...bytes.subarray(0, at), Math.floor(random() * 256), ...bytes.subarray(at)]);
}

function newEnd(): End {
  return { flight: undefined, listener: undefined, busyUntilMs: 0, stalledUntilMs: 0 };
}

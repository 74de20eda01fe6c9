/**
 * A serial line: 115200 baud, two ends that open and close by themselves, a cable that may be pulled, noise that flips,
 * drops and inserts bytes, and a subdevice that may stop reading for a while.
 */
import type { Random } from '../../src/base/random.ts';
import type { Channel, ChannelListener, OpenChannel } from '../../src/ports.ts';
import type { VirtualTime } from './virtual-time.ts';

/** 115200 baud, 8N1. */
const BYTES_PER_MS = 11.52;
const OPEN_MS = 2;

interface End {
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
  readonly #gateway: End = { listener: undefined, busyUntilMs: 0, stalledUntilMs: 0 };
  readonly #subdevice: End = { listener: undefined, busyUntilMs: 0, stalledUntilMs: 0 };

  constructor(time: VirtualTime, random: Random) {
    this.#time = time;
    this.#random = random;
  }

  readonly gatewayEnd: OpenChannel = (listener) => this.#open(this.#gateway, this.#subdevice, listener);
  readonly subdeviceEnd: OpenChannel = (listener) => this.#open(this.#subdevice, this.#gateway, listener);

  unplug(): void {
    this.#isPlugged = false;
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
        if (isMine()) this.#carry(other, bytes.slice());
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

  #carry(to: End, bytes: Uint8Array): void {
    const startMs = Math.max(this.#time.nowMs, to.busyUntilMs, to.stalledUntilMs);
    to.busyUntilMs = startMs + bytes.length / BYTES_PER_MS;
    const { listener } = to;
    this.#time.at(to.busyUntilMs, () => {
      // what was sent to an end that is closed, or opened anew since, is lost
      if (listener !== undefined && to.listener === listener) listener.bytes(this.#spoil(bytes));
    });
  }

  #spoil(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0 || this.#random() >= this.#damage) return bytes;
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

/**
 * Virtual line with devices that speak only when asked: meters by IEC 62056-21, or devices with requests of their own. Each
 * device receives every request. Noise damages a message once at most, since the checks of meters find one damage only.
 */
import type { ChannelAction, ChannelInput, Machine } from '../../src/base/machine.ts';
import type { Random } from '../../src/base/random.ts';
import type { Channel, OpenChannel } from '../../src/ports.ts';
import { spoiled, VirtualLine } from './virtual-line.ts';
import type { VirtualTime } from './virtual-time.ts';

interface PolledDevice {
  receive(bytes: Uint8Array): void;
  /** Time for which answers are late. */
  slowDown(ms: number): void;
}

export type PolledMachine = Machine<ChannelInput, ChannelAction>;

interface PolledLineOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  /** Speed of the port when it opens. */
  readonly baudRate: number;
}

const BITS_PER_BYTE = 10;
const REOPEN_MS = 500;
/** A device sends its answer in pieces of this size. */
const PIECE_BYTES = 8;

export class PolledLine {
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #line: VirtualLine;
  readonly #baudRate: number;
  readonly #devices: PolledDevice[] = [];
  #channel: Channel | undefined;
  #damage = 0;
  /** Speed of the gateway's port. */
  portSpeed: number;

  constructor({ time, random, baudRate }: PolledLineOptions) {
    this.#time = time;
    this.#random = random;
    this.#baudRate = baudRate;
    this.portSpeed = baudRate;
    this.#line = new VirtualLine(time, random, { bytesPerMs: baudRate / BITS_PER_BYTE / 1000 });
    this.#open();
  }

  readonly gatewayEnd: OpenChannel = (listener) => {
    let isOpen = false;
    const channel = this.#line.gatewayEnd({
      ...listener,
      opened: () => {
        isOpen = true;
        this.#setSpeed(this.#baudRate);
        listener.opened();
      },
      closed: (reason) => {
        isOpen = false;
        listener.closed(reason);
      },
    });
    return {
      write: (bytes) => channel.write(this.#damaged(bytes)),
      queuedBytes: 0,
      setSpeed: (baudRate) => {
        this.#time.at(this.#line.writtenAtMs, () => {
          if (!isOpen) return;
          this.#setSpeed(baudRate);
          listener.speedSet?.(baudRate);
        });
      },
      close: (reason) => channel.close(reason),
    };
  };

  get disturbedAtMs(): number {
    return this.#line.disturbedAtMs;
  }

  join(device: PolledDevice): void {
    this.#devices.push(device);
  }

  send(bytes: Uint8Array): void {
    const sent = this.#damaged(bytes);
    for (let at = 0; at < sent.length; at += PIECE_BYTES) this.#channel?.write(sent.slice(at, at + PIECE_BYTES));
  }

  unplug(): void {
    this.#line.unplug();
  }

  plug(): void {
    this.#line.plug();
  }

  disturb(damage: number): void {
    this.#damage = damage;
  }

  dropGateway(): void {
    this.#line.dropGateway();
  }

  stall(ms: number): void {
    for (const device of this.#devices) device.slowDown(ms);
  }

  #setSpeed(baudRate: number): void {
    this.portSpeed = baudRate;
    this.#line.bytesPerMs = baudRate / BITS_PER_BYTE / 1000;
  }

  #damaged(bytes: Uint8Array): Uint8Array {
    if (this.#random() >= this.#damage) return bytes;
    const damaged = spoiled(bytes.slice(), this.#random);
    // an inserted NUL does not change the XOR of a data block, so no reader could see it
    return xorOf(damaged) === xorOf(bytes) ? bytes : damaged;
  }

  #open(): void {
    this.#channel = this.#line.subdeviceEnd({
      opened: () => undefined,
      bytes: (bytes) => {
        for (const device of this.#devices) device.receive(bytes);
      },
      closed: () => this.#time.after(REOPEN_MS, () => this.#open()),
    });
  }
}

/** XOR of the lower seven bits. */
function xorOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, octet) => sum ^ (octet & 0x7f), 0);
}

/** Virtual two-wire line with several Modbus units. One may send at a time, and each receives every request. */
import type { Random } from '../../src/base/random.ts';
import type { Channel, OpenChannel } from '../../src/ports.ts';
import { ModbusTap } from './modbus-tap.ts';
import { VirtualLine } from './virtual-line.ts';
import type { VirtualTime } from './virtual-time.ts';

interface BusUnit {
  receive(bytes: Uint8Array): void;
  /** Time for which answers are late. */
  slowDown(ms: number): void;
}

const REOPEN_MS = 500;

export class ModbusBus {
  readonly #time: VirtualTime;
  readonly #line: VirtualLine;
  readonly #tap: ModbusTap;
  readonly #units: BusUnit[] = [];
  #channel: Channel | undefined;
  #disturbedAtMs = 0;

  constructor(time: VirtualTime, random: Random, complain: (what: string) => void) {
    this.#time = time;
    this.#line = new VirtualLine(time, random, true);
    this.#tap = new ModbusTap(complain);
    this.#open();
  }

  readonly gatewayEnd: OpenChannel = (listener) => {
    const channel = this.#line.gatewayEnd({
      ...listener,
      opened: () => {
        this.#tap.opened();
        this.#disturbedAtMs = this.#time.nowMs;
        listener.opened();
      },
      bytes: (bytes) => {
        this.#tap.heard(bytes, this.#time.nowMs);
        listener.bytes(bytes);
      },
    });
    return {
      write: (bytes) => {
        this.#tap.asked(bytes, this.#time.nowMs);
        channel.write(bytes);
      },
      queuedBytes: 0,
      close: (reason) => channel.close(reason),
    };
  };

  /** World time until which the line was last disturbed or its master was new. */
  get disturbedAtMs(): number {
    return Math.max(this.#line.disturbedAtMs, this.#disturbedAtMs);
  }

  join(unit: BusUnit): void {
    this.#units.push(unit);
  }

  send(bytes: Uint8Array): void {
    this.#channel?.write(bytes);
  }

  unplug(): void {
    this.#line.unplug();
  }

  plug(): void {
    this.#line.plug();
    this.#disturbedAtMs = this.#time.nowMs;
  }

  disturb(damage: number): void {
    this.#line.disturb(damage);
  }

  dropGateway(): void {
    this.#line.dropGateway();
    this.#disturbedAtMs = this.#time.nowMs;
  }

  /** Makes one of the units slow, as a slow reader on other lines. */
  stall(ms: number): void {
    this.#disturbedAtMs = this.#time.nowMs + ms;
    for (const unit of this.#units) unit.slowDown(ms);
  }

  #open(): void {
    this.#channel = this.#line.subdeviceEnd({
      opened: () => undefined,
      bytes: (bytes) => {
        for (const unit of this.#units) unit.receive(bytes);
      },
      closed: () => this.#time.after(REOPEN_MS, () => this.#open()),
    });
  }
}

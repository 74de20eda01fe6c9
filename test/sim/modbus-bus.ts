/** A virtual line of two wires with several Modbus units on it: one may speak at a time, and each hears every request. */
import type { Random } from '../../src/base/random.ts';
import type { Channel, OpenChannel } from '../../src/ports.ts';
import { ModbusTap } from './modbus-tap.ts';
import { VirtualLine } from './virtual-line.ts';
import type { VirtualTime } from './virtual-time.ts';

interface BusUnit {
  hear(bytes: Uint8Array): void;
  /** Answers come late for so long. */
  dawdle(ms: number): void;
}

const REOPEN_MS = 500;

export class ModbusBus {
  readonly #time: VirtualTime;
  readonly #line: VirtualLine;
  readonly #tap: ModbusTap;
  readonly #units: BusUnit[] = [];
  #channel: Channel | undefined;
  #hurtAtMs = 0;

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
        this.#hurtAtMs = this.#time.nowMs;
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

  /** World time until which something was last wrong with the line, or its master was new to it. */
  get disturbedAtMs(): number {
    return Math.max(this.#line.disturbedAtMs, this.#hurtAtMs);
  }

  join(unit: BusUnit): void {
    this.#units.push(unit);
  }

  say(bytes: Uint8Array): void {
    this.#channel?.write(bytes);
  }

  unplug(): void {
    this.#line.unplug();
  }

  plug(): void {
    this.#line.plug();
    this.#hurtAtMs = this.#time.nowMs;
  }

  disturb(damage: number): void {
    this.#line.disturb(damage);
  }

  dropGateway(): void {
    this.#line.dropGateway();
    this.#hurtAtMs = this.#time.nowMs;
  }

  /** What a slow reader is elsewhere: one of the units takes its time. */
  stall(ms: number): void {
    this.#hurtAtMs = this.#time.nowMs + ms;
    for (const unit of this.#units) unit.dawdle(ms);
  }

  #open(): void {
    this.#channel = this.#line.subdeviceEnd({
      opened: () => undefined,
      bytes: (bytes) => {
        for (const unit of this.#units) unit.hear(bytes);
      },
      closed: () => this.#time.after(REOPEN_MS, () => this.#open()),
    });
  }
}

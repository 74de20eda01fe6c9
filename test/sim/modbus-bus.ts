/** Virtual two-wire line with several Modbus units. One may send at a time, and each receives every request. */
import type { Random } from '../../src/base/random.ts';
import type { Channel, OpenChannel } from '../../src/ports.ts';
import { ANSWER_MS_MAX } from './line-protocols.ts';
import { ModbusTap } from './modbus-tap.ts';
import type { BusUnit, UnitBus } from './sim-unit.ts';
import { BYTES_PER_MS, VirtualLine } from './virtual-line.ts';
import type { VirtualTime } from './virtual-time.ts';

interface ModbusBusOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly complain: (what: string) => void;
  /** The adapter of the gateway receives what it sends. */
  readonly isEchoed: boolean;
}

const REOPEN_MS = 500;

export class ModbusBus implements UnitBus {
  readonly framing = 'rtu';
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #isEchoed: boolean;
  /** Probability that an echo is damaged. */
  #damage = 0;
  readonly #line: VirtualLine;
  readonly #tap: ModbusTap;
  readonly #units: BusUnit[] = [];
  #channel: Channel | undefined;
  #disturbedAtMs = 0;

  constructor({ time, random, complain, isEchoed }: ModbusBusOptions) {
    this.#time = time;
    this.#random = random;
    this.#isEchoed = isEchoed;
    this.#line = new VirtualLine(time, random, { isHalfDuplex: true });
    this.#tap = new ModbusTap(complain);
    this.#open();
  }

  readonly gatewayEnd: OpenChannel = (listener) => {
    let isOpen = false;
    const channel = this.#line.gatewayEnd({
      ...listener,
      opened: () => {
        this.#tap.opened();
        this.#disturbedAtMs = this.#time.nowMs;
        isOpen = true;
        listener.opened();
      },
      closed: (reason) => {
        isOpen = false;
        listener.closed(reason);
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
        if (!this.#isEchoed) return;
        const echo = this.#echoOf(bytes);
        this.#time.after(bytes.length / BYTES_PER_MS, () => {
          if (isOpen) listener.bytes(echo);
        });
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
    this.#damage = damage;
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

  #echoOf(bytes: Uint8Array): Uint8Array {
    const echo = bytes.slice();
    if (this.#random() >= this.#damage) return echo;
    const at = Math.floor(this.#random() * echo.length);
    echo[at] = (echo[at] ?? 0) ^ 1;
    // the answer behind a damaged echo is not accepted, so the request is repeated
    this.#disturbedAtMs = this.#time.nowMs + ANSWER_MS_MAX;
    return echo;
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

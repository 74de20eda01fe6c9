/**
 * Which line is plugged in where: one line per subdevice, one port of the gateway for each, and cables that move. Or one
 * line for all of them, with a forwarder at its end.
 */
import { Forwarder } from '../../src/bench/forwarder.ts';
import type { OpenChannel } from '../../src/ports.ts';
import { diceOf, type Scenario } from './scenario.ts';
import { VirtualLine } from './virtual-line.ts';
import type { VirtualTime } from './virtual-time.ts';

export class Cabling {
  readonly #time: VirtualTime;
  readonly #seed: number;
  readonly #lines: VirtualLine[];
  /** Port of the gateway → line that is plugged in there. */
  readonly #ports: number[];
  readonly #forwarder: Forwarder | undefined;

  constructor({ seed, subdevices, isForwarded = false }: Scenario, time: VirtualTime) {
    this.#time = time;
    this.#seed = seed;
    const lines = isForwarded ? subdevices.slice(0, 1) : subdevices;
    this.#lines = lines.map((_, index) => this.#newLine(index));
    this.#ports = lines.map((_, index) => index);
    if (isForwarded) this.#forwarder = new Forwarder((listener) => this.#line(0).subdeviceEnd(listener));
  }

  /** What is behind it may be another line each time it is opened. */
  gatewayEnd(port: number): OpenChannel {
    return (listener) => this.#line(this.#ports[port] ?? 0).gatewayEnd(listener);
  }

  subdeviceEnd(index: number): OpenChannel {
    if (this.#forwarder !== undefined) return this.#forwarder.channelOf(Uint8Array.of(0x0f, index));
    return (listener) => this.#line(index).subdeviceEnd(listener);
  }

  /** @param dice in [0, 1) */
  lineAt(dice: number): VirtualLine {
    return this.#line(Math.floor(dice * this.#lines.length));
  }

  pullTwo(dice: number): void {
    for (const port of this.#two(dice)) this.#line(this.#ports[port] ?? 0).unplug();
  }

  /** Each comes back at the other's port, as a device that nobody has seen before. */
  swapTwo(dice: number): void {
    const [first, second] = this.#two(dice);
    for (const port of [first, second]) {
      const index = this.#ports[port] ?? 0;
      this.#line(index).unplug();
      this.#lines[index] = this.#newLine(index);
    }
    const moved = this.#ports[first] ?? 0;
    this.#ports[first] = this.#ports[second] ?? 0;
    this.#ports[second] = moved;
  }

  /** The gateway's machine has lost its power. */
  dropGateway(): void {
    for (const line of this.#lines) line.dropGateway();
  }

  heal(): void {
    for (const line of this.#lines) {
      line.disturb(0);
      line.plug();
    }
  }

  #newLine(index: number): VirtualLine {
    return new VirtualLine(this.#time, diceOf(this.#seed, `line ${index} from ${this.#time.nowMs}`));
  }

  #line(index: number): VirtualLine {
    return this.#lines[index] as VirtualLine;
  }

  #two(dice: number): readonly [number, number] {
    const first = Math.floor(dice * this.#ports.length);
    return [first, (first + 1) % this.#ports.length];
  }
}

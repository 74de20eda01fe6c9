/**
 * Which line is plugged in where: one line per subdevice, one port of the gateway for each, and cables that move. Or one
 * line for all of them, with a forwarder at its end; and one for all Modbus units. What speaks no MQTT-SN stays where it is:
 * the gateway knows it by its port.
 */

import type { Random } from '../../src/base/random.ts';
import { Forwarder } from '../../src/bench/subdevices/forwarder.ts';
import type { OpenChannel } from '../../src/ports.ts';
import { linksOf } from './line-protocols.ts';
import { ModbusBus } from './modbus-bus.ts';
import { diceOf, type Scenario } from './scenario.ts';
import { VirtualLine } from './virtual-line.ts';
import type { VirtualTime } from './virtual-time.ts';

type Wire = VirtualLine | ModbusBus;

export class Cabling {
  readonly #time: VirtualTime;
  readonly #seed: number;
  readonly #lines: Wire[];
  /** Port of the gateway → line that is plugged in there. */
  readonly #ports: number[];
  /** Ports whose cables may be swapped. */
  readonly #movable: readonly number[];
  /** Subdevice → line. */
  readonly #lineOf: readonly number[];
  readonly #forwarder: Forwarder | undefined;

  constructor(scenario: Scenario, time: VirtualTime, complain: (what: string) => void) {
    this.#time = time;
    this.#seed = scenario.seed;
    const links = linksOf(scenario);
    this.#lines = links.map(({ driver }, index) => {
      return driver === 'modbus' ? new ModbusBus(time, this.#diceOf(index), complain) : this.#newLine(index);
    });
    this.#ports = links.map((_, index) => index);
    this.#movable = this.#ports.filter((port) => links[port]?.driver === 'mqttsn');
    this.#lineOf = scenario.subdevices.map((plan) => links.findIndex(({ subdevices }) => subdevices.includes(plan)));
    const [first] = this.#movable;
    if (scenario.isForwarded && first !== undefined)
      this.#forwarder = new Forwarder((listener) => this.#plain(first).subdeviceEnd(listener));
  }

  /** What is behind it may be another line each time it is opened. */
  gatewayEnd(port: number): OpenChannel {
    return (listener) => this.#line(this.#ports[port] ?? 0).gatewayEnd(listener);
  }

  /** Of a subdevice that speaks MQTT-SN. */
  subdeviceEnd(index: number): OpenChannel {
    if (this.#forwarder !== undefined) return this.#forwarder.channelOf(Uint8Array.of(0x0f, index));
    return this.lineDeviceEnd(index);
  }

  /** Of one that speaks lines. */
  lineDeviceEnd(index: number): OpenChannel {
    return (listener) => this.#plain(this.#lineOf[index] ?? 0).subdeviceEnd(listener);
  }

  /** Of a Modbus unit. */
  busOf(index: number): ModbusBus {
    const line = this.#line(this.#lineOf[index] ?? 0);
    if (line instanceof VirtualLine) throw new Error('no line for Modbus units');
    return line;
  }

  /** World time until which something was last wrong with the line of a subdevice. */
  disturbedAtMs(index: number): number {
    return this.#line(this.#lineOf[index] ?? 0).disturbedAtMs;
  }

  /** @param dice in [0, 1) */
  lineAt(dice: number): Wire {
    return this.#line(Math.floor(dice * this.#lines.length));
  }

  pullTwo(dice: number): void {
    for (const port of this.#two(dice)) this.#line(this.#ports[port] ?? 0).unplug();
  }

  /** Each comes back at the other's port, as a device that nobody has seen before. */
  swapTwo(dice: number): void {
    const [first, second] = this.#two(dice);
    if (first === undefined || second === undefined) return;
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
    return new VirtualLine(this.#time, this.#diceOf(index));
  }

  #diceOf(index: number): Random {
    return diceOf(this.#seed, `line ${index} from ${this.#time.nowMs}`);
  }

  #line(index: number): Wire {
    return this.#lines[index] as Wire;
  }

  #plain(index: number): VirtualLine {
    const line = this.#line(index);
    if (!(line instanceof VirtualLine)) throw new Error('a line for Modbus units only');
    return line;
  }

  /** Of the ports whose cables may be swapped: two, or one twice, or none. */
  #two(dice: number): number[] {
    const ports = this.#movable;
    const first = Math.floor(dice * ports.length);
    return [ports[first], ports[(first + 1) % ports.length]].filter((port) => port !== undefined);
  }
}

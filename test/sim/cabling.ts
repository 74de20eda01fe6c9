/**
 * Lines and ports of a world: one line and one port of the gateway for each subdevice, with cables that can be swapped. Or
 * one line for all MQTT-SN subdevices, with a forwarder at its end. One line for all Modbus units, and one connection for
 * all units with Modbus TCP. Devices without MQTT-SN stay at their port, since the gateway knows them by the port.
 */

import type { Random } from '../../src/base/random.ts';
import { Forwarder } from '../../src/bench/subdevices/forwarder.ts';
import type { OpenChannel } from '../../src/ports.ts';
import { linksOf } from './line-protocols.ts';
import { ModbusBus } from './modbus-bus.ts';
import { ModbusGateway } from './modbus-gateway.ts';
import { PolledLine } from './polled-line.ts';
import { polledSpeed } from './polled-protocols.ts';
import { randomOf, type Scenario } from './scenario.ts';
import { BYTES_PER_MS, VirtualLine } from './virtual-line.ts';
import type { VirtualTime } from './virtual-time.ts';

type Wire = VirtualLine | ModbusBus | ModbusGateway | PolledLine;

export class Cabling {
  readonly #time: VirtualTime;
  readonly #seed: number;
  readonly #baudRate: number | undefined;
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
    this.#baudRate = scenario.baudRate;
    const links = linksOf(scenario);
    this.#lines = links.map(({ driver, framing, subdevices: [first] }, index) => {
      if (first?.lineProtocol?.kind === 'polled')
        return new PolledLine({ time, random: this.#randomOf(index), baudRate: polledSpeed(first.lineProtocol) });
      if (driver !== 'modbus') return this.#newLine(index);
      if (framing === 'mbap') return new ModbusGateway({ time, random: this.#randomOf(index), complain });
      return new ModbusBus({ time, random: this.#randomOf(index), complain, isEchoed: scenario.isEchoed === true });
    });
    this.#ports = links.map((_, index) => index);
    this.#movable = this.#ports.filter((port) => links[port]?.driver === 'mqttsn');
    this.#lineOf = scenario.subdevices.map((plan) => links.findIndex(({ subdevices }) => subdevices.includes(plan)));
    const [first] = this.#movable;
    if (scenario.isForwarded && first !== undefined)
      this.#forwarder = new Forwarder((listener) => this.#plain(first).subdeviceEnd(listener));
  }

  /** Opens a port of the gateway. Each opening may lead to another line. */
  gatewayEnd(port: number): OpenChannel {
    return (listener) => this.#line(this.#ports[port] ?? 0).gatewayEnd(listener);
  }

  /** Opens the end of an MQTT-SN subdevice. */
  subdeviceEnd(index: number): OpenChannel {
    if (this.#forwarder !== undefined) return this.#forwarder.channelOf(Uint8Array.of(0x0f, index));
    return this.lineDeviceEnd(index);
  }

  /** Opens the end of a device of lines. */
  lineDeviceEnd(index: number): OpenChannel {
    return (listener) => this.#plain(this.#lineOf[index] ?? 0).subdeviceEnd(listener);
  }

  /** Returns the line or the network of a Modbus unit. */
  busOf(index: number): ModbusBus | ModbusGateway {
    const line = this.#line(this.#lineOf[index] ?? 0);
    if (line instanceof VirtualLine || line instanceof PolledLine) throw new Error('no line for Modbus units');
    return line;
  }

  /** Returns the line of a device that speaks only when asked. */
  polledLineOf(index: number): PolledLine {
    const line = this.#line(this.#lineOf[index] ?? 0);
    if (!(line instanceof PolledLine)) throw new Error('no line for devices that are asked');
    return line;
  }

  /** World time until which the line of a subdevice was last disturbed. */
  disturbedAtMs(index: number): number {
    return this.#line(this.#lineOf[index] ?? 0).disturbedAtMs;
  }

  /** Disturbs all connections of Modbus TCP. */
  disturbNetworks(damage: number): void {
    for (const line of this.#lines) if (line instanceof ModbusGateway) line.disturb(damage);
  }

  /** @param draw in [0, 1) */
  lineAt(draw: number): Wire {
    return this.#line(Math.floor(draw * this.#lines.length));
  }

  pullTwo(draw: number): void {
    for (const port of this.#two(draw)) this.#line(this.#ports[port] ?? 0).unplug();
  }

  /** Plugs each of two cables into the port of the other, as a new device. */
  swapTwo(draw: number): void {
    const [first, second] = this.#two(draw);
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

  /** Closes the gateway's ends after a power cut. */
  dropGateway(): void {
    for (const line of this.#lines) line.dropGateway();
  }

  repair(): void {
    for (const line of this.#lines) {
      line.disturb(0);
      line.plug();
    }
  }

  #newLine(index: number): VirtualLine {
    const bytesPerMs = this.#baudRate === undefined ? BYTES_PER_MS : this.#baudRate / 10_000;
    return new VirtualLine(this.#time, this.#randomOf(index), { bytesPerMs });
  }

  #randomOf(index: number): Random {
    return randomOf(this.#seed, `line ${index} from ${this.#time.nowMs}`);
  }

  #line(index: number): Wire {
    return this.#lines[index] as Wire;
  }

  #plain(index: number): VirtualLine {
    const line = this.#line(index);
    if (!(line instanceof VirtualLine)) throw new Error('a line for Modbus units only');
    return line;
  }

  /** Returns two ports whose cables may be swapped, or the same port twice, or none. */
  #two(draw: number): number[] {
    const ports = this.#movable;
    const first = Math.floor(draw * ports.length);
    return [ports[first], ports[(first + 1) % ports.length]].filter((port) => port !== undefined);
  }
}

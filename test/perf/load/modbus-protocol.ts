/**
 * Modbus RTU of the units on a line: each request to read holding registers is answered with registers that have another
 * value each time. Requests of this kind have 8 octets; no others are expected.
 */
import { appendCrc } from '../../../src/codec/modbus-rtu.ts';
import type { AnswerSink, LineProtocol } from './line-protocol.ts';

const REQUEST_BYTES = 8;
const READ_HOLDING_REGISTERS = 3;

export class ModbusProtocol implements LineProtocol {
  readonly greeting = undefined;
  #held = new Uint8Array(0);
  #reading = 0;

  receive(bytes: Uint8Array, sink: AnswerSink): void {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    let from = 0;
    for (; from + REQUEST_BYTES <= all.length; from += REQUEST_BYTES) {
      const [unit = 0, code, , , , count = 0] = all.subarray(from, from + REQUEST_BYTES);
      if (code !== READ_HOLDING_REGISTERS) throw new Error(`Modbus function ${code}`);
      sink.received(0, this.#answer(unit, count));
    }
    this.#held = all.slice(from);
  }

  #answer(unit: number, count: number): Uint8Array {
    this.#reading = (this.#reading + 1) % 0x10000;
    const words = Array.from({ length: count }, () => [this.#reading >> 8, this.#reading & 0xff]).flat();
    return appendCrc([unit, READ_HOLDING_REGISTERS, words.length, ...words]);
  }
}

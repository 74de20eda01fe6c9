/** The C client with its firmware transfer (`firmware-driver.c`) at an `ImageLine`. */
import { encodeFrame } from '../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../src/codec/mqttsn-encode.ts';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import { hexOf } from '../unit/base/vectors.ts';
import type { ImageDevice } from '../unit/bench/subdevices/image-line.ts';
import { ClientUnderTest } from './client-under-test.ts';

export class ClientImageDevice implements ImageDevice {
  readonly client: ClientUnderTest;
  /** Versions in the order of their installation. */
  readonly installed: string[] = [];
  readonly #settings: string;
  #isAsleep = false;
  #sleepS = 0;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  /** Commands before the next step. */
  #commands: string[] = [];

  /** @param settings of `boot` */
  constructor(program: string, settings = '') {
    this.client = new ClientUnderTest(program);
    this.#settings = settings;
    this.cutPower();
  }

  /** Loses all but the flash. */
  cutPower(): void {
    this.#isAsleep = false;
    this.command(`boot ${this.#settings}`, 'connect');
  }

  command(...commands: readonly string[]): void {
    this.#commands.push(...commands);
  }

  /** Sleeps between transfers, and wakes every `sleepS`. */
  sleep(sleepS: number): void {
    this.#sleepS = sleepS;
    this.command(`sleep ${sleepS}`);
  }

  get isAsleep(): boolean {
    return this.#isAsleep;
  }

  async step(packets: readonly Packet[], nowMs: number): Promise<readonly Packet[]> {
    const commands = [...this.#commands, `at ${nowMs}`];
    this.#commands = [];
    if (nowMs >= this.#wakeAtMs) {
      commands.push('wake');
      this.#isAsleep = false;
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
    }
    for (const packet of packets) commands.push(`feed ${hexOf(encodeFrame(encodePacket(packet)))}`);
    const output = await this.client.run(...commands, 'poll');
    this.installed.push(...output.installed);
    if (output.installed.length > 0) this.cutPower();
    if (output.states.includes('up 0')) this.#isAsleep = false;
    if (output.states.includes('sleeps 0')) {
      this.#isAsleep = true;
      this.#wakeAtMs = nowMs + this.#sleepS * 1000;
    }
    return output.packets;
  }
}

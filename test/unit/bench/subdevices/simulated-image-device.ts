/** Simulated subdevice at an `ImageLine`. */
import { SimulatedSubdevice } from '../../../../src/bench/subdevices/subdevice.ts';
import type { SimulatedCommand, SubdeviceInput } from '../../../../src/bench/subdevices/subdevice-contract.ts';
import type { SubdeviceFirmwareOptions } from '../../../../src/bench/subdevices/subdevice-firmware.ts';
import { encodeFrame, FrameReader } from '../../../../src/codec/mqttsn-cobs.ts';
import { decodePacket } from '../../../../src/codec/mqttsn-decode.ts';
import { encodePacket } from '../../../../src/codec/mqttsn-encode.ts';
import type { Packet } from '../../../../src/codec/mqttsn-packets.ts';
import type { ImageDevice } from './image-line.ts';

export class SimulatedImageDevice implements ImageDevice {
  readonly #firmware: SubdeviceFirmwareOptions;
  #machine: SimulatedSubdevice;
  #inputs: SubdeviceInput[] = [];

  constructor(firmware: SubdeviceFirmwareOptions) {
    this.#firmware = firmware;
    this.#machine = this.#boot();
  }

  /** Loses all but the flash. */
  cutPower(): void {
    this.#machine = this.#boot();
  }

  command(command: SimulatedCommand): void {
    this.#inputs.push(command);
  }

  get state(): SimulatedSubdevice['state'] {
    return this.#machine.state;
  }

  step(packets: readonly Packet[], nowMs: number): Promise<readonly Packet[]> {
    const frames = packets.map((packet) => ({ kind: 'bytes', bytes: encodeFrame(encodePacket(packet)) }) as const);
    const inputs: SubdeviceInput[] = [...this.#inputs, ...frames, { kind: 'wake' }];
    this.#inputs = [];
    const reader = new FrameReader(1024);
    const sent: Packet[] = [];
    for (const input of inputs) {
      for (const action of this.#machine.handle(input, nowMs)) {
        if (action.kind !== 'write') continue;
        for (const packet of reader.push(action.bytes).map(decodePacket)) if (packet.ok) sent.push(packet.value);
      }
    }
    return Promise.resolve(sent);
  }

  #boot(): SimulatedSubdevice {
    this.#inputs = [{ kind: 'start' }, { kind: 'opened' }];
    return new SimulatedSubdevice({
      clientId: 's1',
      framing: 'sn-cobs',
      clean: false,
      keepAliveMs: 60_000,
      retryMs: 1000,
      window: 1,
      packetBytesMax: 1024,
      predefinedTopics: new Map(),
      will: undefined,
      firmware: this.#firmware,
    });
  }
}

/** Reads the subdevice's end of a line and checks that no PUBLISH has a topic id without an earlier REGISTER. */

import { FrameReader } from '../../src/codec/mqttsn-cobs.ts';
import { decodePacket } from '../../src/codec/mqttsn-decode.ts';
import { type Packet, RETURN_CODE } from '../../src/codec/mqttsn-packets.ts';

const PACKET_BYTES_MAX = 1024;

export class LineTap {
  readonly #name: string;
  readonly #complain: (what: string) => void;
  readonly #reader = new FrameReader(PACKET_BYTES_MAX);
  /** Topic ids that the subdevice knows in this MQTT-SN connection. */
  readonly #told = new Set<number>();
  /** True after the first CONNACK. Earlier packets belong to an earlier connection. */
  #isConnected = false;

  constructor(name: string, complain: (what: string) => void) {
    this.#name = name;
    this.#complain = complain;
  }

  /** Reads bytes to the subdevice. */
  down(bytes: Uint8Array): void {
    for (const packet of this.#reader.push(bytes).map(decodePacket)) if (packet.ok) this.#judge(packet.value);
  }

  #judge(packet: Packet): void {
    switch (packet.kind) {
      case 'connack':
        this.#isConnected = true;
        this.#told.clear();
        return;
      case 'register':
        this.#told.add(packet.topicId);
        return;
      case 'regack':
      case 'suback':
        if (packet.returnCode === RETURN_CODE.accepted) this.#told.add(packet.topicId);
        return;
      case 'publish':
        if (this.#isConnected && packet.topic.type === 'normal' && !this.#told.has(packet.topic.id))
          this.#complain(`topic id ${packet.topic.id} was sent to ${this.#name} before its REGISTER`);
        return;
      default:
    }
  }
}

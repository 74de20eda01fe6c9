/** MQTT 3.1.1 of a publisher: CONNECT, then PUBLISH of QoS 1. Only packets of four octets are expected. */
import type { AnswerSink, LineProtocol } from './line-protocol.ts';

const CONNACK = 0x20;
const PUBACK = 0x40;
const PACKET_BYTES = 4;
/** Protocol name, level 4, flag CleanSession. */
const CONNECT_HEAD = [0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2];

export class MqttProtocol implements LineProtocol {
  readonly greeting: Uint8Array;
  #held = new Uint8Array(0);

  /** @param clientId shorter than 100 octets */
  constructor(clientId: string) {
    const name = Buffer.from(clientId);
    const body = [...CONNECT_HEAD, 0, 0, 0, name.length, ...name];
    this.greeting = Uint8Array.from([0x10, body.length, ...body]);
  }

  receive(bytes: Uint8Array, sink: AnswerSink): void {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    let from = 0;
    for (; from + PACKET_BYTES <= all.length; from += PACKET_BYTES) {
      if (all[from] === CONNACK) sink.connected();
      else if (all[from] === PUBACK) sink.acknowledged((all[from + 2] ?? 0) * 0x100 + (all[from + 3] ?? 0));
      else throw new Error(`packet of type ${all[from]} for a publisher`);
    }
    this.#held = all.slice(from);
  }
}

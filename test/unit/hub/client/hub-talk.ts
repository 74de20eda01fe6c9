/** Random conversation with the hub client, in pieces, with occasional violations of the protocol. */
import type { Random } from '../../../../src/base/random.ts';
import type { ConnackCode, MqttPacket } from '../../../../src/codec/mqtt.ts';
import { encodeMqtt, MqttReader } from '../../../../src/codec/mqtt-wire.ts';
import type { HubAction, HubInput } from '../../../../src/hub/client/hub-contract.ts';
import type { Talk } from '../../recorder/succession.ts';
import { OPTIONS } from './hub-rig.ts';

export class HubTalk implements Talk<HubInput, HubAction> {
  readonly #random: Random;
  #reader = new MqttReader(OPTIONS);
  #phase: 'stopped' | 'closed' | 'opening' | 'open' | 'closing' = 'stopped';
  #isStopping = false;
  /** PUBLISH of QoS 0 on the invalid topic `#`, with a payload of one octet. */
  static readonly #INVALID = [0x30, 4, 0, 1, 0x23];
  /** Bytes in transit to the client. */
  #wire = Buffer.alloc(0);
  #number = 0;
  /**
   * True if a competing client has the same identity and soon takes over each connection; nothing else fails then, so
   * that the takeover is visible.
   */
  readonly #hasCompetitor: boolean;

  constructor(random: Random) {
    this.#random = random;
    this.#hasCompetitor = random() < 0.5;
  }

  next(): HubInput {
    if (this.#phase === 'stopped') {
      this.#isStopping = false;
      this.#phase = 'closed';
      return { kind: 'start' };
    }
    if (this.#phase === 'opening') return this.#is(this.#hasCompetitor ? 1 : 0.8) ? this.#open() : this.#close();
    if (this.#is(this.#hasCompetitor ? 0.03 : 0.01) && this.#phase === 'open') return this.#close();
    if (this.#phase === 'closing' && this.#is(0.5)) return this.#close();
    if (this.#is(0.003)) return this.#stop();
    if (this.#wire.length > 0 && this.#is(0.6)) return this.#arrive();
    if (this.#phase === 'open' && !this.#hasCompetitor && this.#is(0.02))
      this.#wire = Buffer.concat([this.#wire, Uint8Array.of(...HubTalk.#INVALID, Math.floor(this.#random() * 2))]);
    if (this.#phase === 'open' && this.#is(0.2)) this.#sendToClient(this.#packet());
    return this.#order();
  }

  handle(action: HubAction): void {
    if (action.kind === 'open') this.#phase = 'opening';
    if (action.kind === 'close') this.#phase = 'closing';
    if (action.kind !== 'write') return;
    for (const packet of this.#reader.push(action.bytes)) if (packet.ok) this.#answer(packet.value);
  }

  #open(): HubInput {
    this.#phase = 'open';
    this.#reader = new MqttReader(OPTIONS);
    return { kind: 'opened' };
  }

  #close(): HubInput {
    this.#phase = this.#isStopping ? 'stopped' : 'closed';
    this.#wire = Buffer.alloc(0);
    return { kind: 'closed', reason: 'gone' };
  }

  #stop(): HubInput {
    this.#isStopping = true;
    if (this.#phase === 'closed') this.#phase = 'stopped';
    return { kind: 'stop' };
  }

  #arrive(): HubInput {
    const bytes = this.#wire.subarray(0, 1 + Math.floor(this.#random() * this.#wire.length * 1.3));
    this.#wire = this.#wire.subarray(bytes.length);
    return { kind: 'bytes', bytes: new Uint8Array(bytes) };
  }

  #answer(packet: MqttPacket): void {
    if (!this.#hasCompetitor && this.#is(0.05)) return;
    const code = (this.#is(0.9) ? 0 : 3) as ConnackCode;
    if (packet.kind === 'connect')
      this.#sendToClient({ kind: 'connack', sessionPresent: code === 0, returnCode: code });
    if (packet.kind === 'pingreq') this.#sendToClient({ kind: 'pingresp' });
    if (packet.kind === 'publish' && packet.packetId !== undefined)
      this.#sendToClient({ kind: 'puback', packetId: packet.packetId });
    if (packet.kind === 'unsubscribe') this.#sendToClient({ kind: 'unsuback', packetId: packet.packetId });
    const returnCodes = [this.#is(0.9) ? 1 : 0x80] as const;
    if (packet.kind === 'subscribe') this.#sendToClient({ kind: 'suback', packetId: packet.packetId, returnCodes });
  }

  /** Unsolicited packets. */
  #packet(): MqttPacket {
    if (!this.#hasCompetitor && this.#is(0.02)) return { kind: 'pingreq' };
    const payload = new Uint8Array(Math.floor(this.#random() * 300));
    const common = { kind: 'publish', topic: 'down/x', payload, retain: false } as const;
    this.#number += 1;
    if (this.#is(0.05)) return { kind: 'pubrel', packetId: this.#number };
    if (this.#is(0.1)) return { ...common, qos: 2, dup: false, packetId: this.#number };
    return this.#is(0.5)
      ? { ...common, qos: 0, dup: false, packetId: undefined }
      : { ...common, qos: 1, dup: false, packetId: this.#number };
  }

  #order(): HubInput {
    const filter = `down/${Math.floor(this.#random() * 20)}`;
    const chosen = this.#random();
    if (chosen < 0.25) return { kind: 'subscribe', filter, isSuspect: chosen < 0.05 };
    if (chosen < 0.4) return { kind: 'unsubscribe', filter };
    if (chosen < 0.42) return { kind: 'cleared' };
    if (chosen < 0.45) return { kind: 'probe' };
    if (chosen < 0.46 && !this.#hasCompetitor) return { kind: 'leave', reason: 'asked' };
    this.#number += 1;
    if (chosen < 0.6) return { kind: 'puback', packetId: this.#number };
    const publish = {
      topic: 'up/x',
      payload: Uint8Array.of(1, 2),
      qos: 1,
      packetId: this.#number,
      dup: false,
    } as const;
    return { kind: 'publish', messages: [publish], isSuspect: chosen > 0.85 };
  }

  #sendToClient(packet: MqttPacket): void {
    this.#wire = Buffer.concat([this.#wire, encodeMqtt(packet)]);
  }

  #is(probability: number): boolean {
    return this.#random() < probability;
  }
}

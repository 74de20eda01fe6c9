/** Whole gateway in a world without troubles. The test sends the packets of its only subdevice. */
import type { Message } from '../../src/base/message.ts';
import { encodeFrame, FrameReader } from '../../src/codec/mqttsn-cobs.ts';
import { decodePacket } from '../../src/codec/mqttsn-decode.ts';
import { encodePacket } from '../../src/codec/mqttsn-encode.ts';
import type { ConnectPacket, Packet, PublishPacket } from '../../src/codec/mqttsn-packets.ts';
import type { Channel } from '../../src/ports.ts';
import { drawScenario, type HubSwitches } from './scenario.ts';
import { type Sabotage, World } from './world.ts';

export const ID = 's1';

export class HandWire {
  readonly world: World;
  /** Messages at the hub: topic as the subdevice names it, text. */
  readonly arrived: (readonly [topic: string, text: string])[] = [];
  #channel: Channel | undefined;
  #packets: Packet[] = [];
  #isAcknowledging = false;

  private constructor(sabotage: Sabotage, switches: Partial<HubSwitches>) {
    const { hub, ...plain } = drawScenario({ seed: 7, hours: 1, trouble: 0, subdevices: 1 });
    this.world = new World({ ...plain, hub: { ...hub, ...switches } }, sabotage);
    this.world.hub.onArrived = ({ topic, payload }: Message) => {
      const own = topic.split('/');
      if (own[1] === ID) this.arrived.push([own.slice(2).join('/'), new TextDecoder().decode(payload)]);
    };
  }

  /** Starts a gateway, and waits until it is connected to the hub and the line is open. */
  static async open(sabotage: Sabotage = {}, switches: Partial<HubSwitches> = {}): Promise<HandWire> {
    const wire = new HandWire(sabotage, switches);
    await wire.world.start(true);
    await wire.plug();
    await wire.pass(5000); // time for the first connection to the hub
    wire.received();
    return wire;
  }

  async plug(): Promise<void> {
    const reader = new FrameReader(1024);
    this.#channel = this.world.cabling.subdeviceEnd(0)({
      opened: () => undefined,
      bytes: (bytes) => {
        for (const frame of reader.push(bytes)) this.#receive(frame);
      },
      closed: () => undefined,
    });
    await this.pass(1000);
    this.received();
  }

  /** Sends the packets one after the other, and waits for `ms`. @returns the received packets */
  async send(packets: readonly Packet[], ms = 1000): Promise<Packet[]> {
    for (const packet of packets) this.#channel?.write(encodeFrame(encodePacket(packet)));
    await this.pass(ms);
    return this.received();
  }

  async connect(fields: Partial<ConnectPacket> = {}): Promise<Packet[]> {
    return this.send([{ kind: 'connect', will: false, clean: false, durationS: 60, clientId: ID, ...fields }]);
  }

  /** Sets whether each later REGISTER and PUBLISH is acknowledged. */
  set isAcknowledging(is: boolean) {
    this.#isAcknowledging = is;
  }

  async pass(ms: number): Promise<void> {
    const { time } = this.world;
    await time.run(time.nowMs + ms, () => undefined);
  }

  received(): Packet[] {
    return this.#packets.splice(0);
  }

  /** Publishes a message of the application. @param topic as the subdevice names it */
  hubSends(topic: string, text: string, qos: 0 | 1 = 1): void {
    const payload = new TextEncoder().encode(text);
    this.world.hub.publish({ topic: this.world.topicAtHub(ID, topic), payload, qos });
  }

  async restartGateway(): Promise<void> {
    this.world.killProcess(300);
    await this.pass(10_000); // the hub allows one CONNECT in 5 s
  }

  #receive(frame: Uint8Array): void {
    const packet = decodePacket(frame);
    if (!packet.ok) throw new Error(packet.problem);
    this.#packets.push(packet.value);
    if (!this.#isAcknowledging) return;
    const { value } = packet;
    const answer = answerTo(value);
    if (answer !== undefined) this.#channel?.write(encodeFrame(encodePacket(answer)));
  }
}

function answerTo(packet: Packet): Packet | undefined {
  if (packet.kind === 'register') return { ...packet, kind: 'regack', returnCode: 0 };
  if (packet.kind !== 'publish' || packet.qos !== 1) return undefined;
  const topicId = packet.topic.type === 'short' ? 0 : packet.topic.id;
  return { kind: 'puback', topicId, messageId: packet.messageId, returnCode: 0 };
}

/** Returns a PUBLISH with QoS 1 on a short topic. */
export function publication(messageId: number, text: string, fields: Partial<PublishPacket> = {}): Packet {
  const topic = { type: 'short', name: 't1' } as const;
  const payload = new TextEncoder().encode(text);
  return { kind: 'publish', dup: false, qos: 1, retain: false, topic, messageId, payload, ...fields };
}

export function subscription(name: string, messageId = 100): Packet {
  return { kind: 'subscribe', dup: false, qos: 1, messageId, filter: { type: 'name', name } };
}

/** Returns the payloads of the PUBLISH packets as texts. */
export function textsOf(packets: readonly Packet[]): string[] {
  return packets.flatMap((packet) => (packet.kind === 'publish' ? [new TextDecoder().decode(packet.payload)] : []));
}

export function kindsOf(packets: readonly Packet[]): string[] {
  return packets.map(({ kind }) => kind);
}

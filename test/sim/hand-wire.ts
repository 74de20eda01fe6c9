/** A whole gateway in an untroubled world, and in the place of its one subdevice packets said by hand. */
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
  /** At the hub: the subdevice's own name of the topic, text. */
  readonly arrived: (readonly [topic: string, text: string])[] = [];
  #channel: Channel | undefined;
  #packets: Packet[] = [];
  #isAcknowledging = false;

  private constructor(sabotage: Sabotage, switches: Partial<HubSwitches>) {
    const { hub, ...calm } = drawScenario({ seed: 7, hours: 1, trouble: 0, subdevices: 1 });
    this.world = new World({ ...calm, hub: { ...hub, ...switches } }, sabotage);
    this.world.hub.onArrived = ({ topic, payload }: Message) => {
      const own = topic.split('/');
      if (own[1] === ID) this.arrived.push([own.slice(2).join('/'), new TextDecoder().decode(payload)]);
    };
  }

  /** The gateway runs and is connected to the hub, and the line is open. */
  static async open(sabotage: Sabotage = {}, switches: Partial<HubSwitches> = {}): Promise<HandWire> {
    const wire = new HandWire(sabotage, switches);
    await wire.world.start(true);
    await wire.plug();
    await wire.pass(5000); // the first connection to the hub takes a while
    wire.heard();
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
    this.heard();
  }

  /** Says the packets one after the other, and listens for `ms`. @returns what it heard */
  async say(packets: readonly Packet[], ms = 1000): Promise<Packet[]> {
    for (const packet of packets) this.#channel?.write(encodeFrame(encodePacket(packet)));
    await this.pass(ms);
    return this.heard();
  }

  async connect(fields: Partial<ConnectPacket> = {}): Promise<Packet[]> {
    return this.say([{ kind: 'connect', will: false, clean: false, durationS: 60, clientId: ID, ...fields }]);
  }

  /** From now on every REGISTER and PUBLISH is acknowledged, or none is. */
  set isAcknowledging(is: boolean) {
    this.#isAcknowledging = is;
  }

  async pass(ms: number): Promise<void> {
    const { time } = this.world;
    await time.run(time.nowMs + ms, () => undefined);
  }

  heard(): Packet[] {
    return this.#packets.splice(0);
  }

  /** The application sends. @param topic the subdevice's own name of it */
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

/** QoS 1 on a short topic. */
export function publication(messageId: number, text: string, fields: Partial<PublishPacket> = {}): Packet {
  const topic = { type: 'short', name: 't1' } as const;
  const payload = new TextEncoder().encode(text);
  return { kind: 'publish', dup: false, qos: 1, retain: false, topic, messageId, payload, ...fields };
}

export function subscription(name: string, messageId = 100): Packet {
  return { kind: 'subscribe', dup: false, qos: 1, messageId, filter: { type: 'name', name } };
}

/** The texts of the publications among the packets. */
export function textsOf(packets: readonly Packet[]): string[] {
  return packets.flatMap((packet) => (packet.kind === 'publish' ? [new TextDecoder().decode(packet.payload)] : []));
}

export function kindsOf(packets: readonly Packet[]): string[] {
  return packets.map(({ kind }) => kind);
}

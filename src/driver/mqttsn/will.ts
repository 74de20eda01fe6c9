/**
 * Will of a client: requested at CONNECT with the flag Will, and changeable at any time.
 *
 *     CONNECT ─▶ WILLTOPICREQ ─WILLTOPIC─▶ WILLMSGREQ ─WILLMSG─▶ known       an empty WILLTOPIC: no will
 *
 * The waiting side repeats its packet, and here the client is waiting (MQTT-SN 1.2 §6.13). So the gateway repeats no
 * request on its own. Source: MQTT-SN 1.2 §6.3, §6.4.
 */
import { type Message, retaining } from '../../base/message.ts';
import { type ConnectPacket, type MqttsnWill, type Packet, RETURN_CODE } from '../../codec/mqttsn-packets.ts';
import type { WillChange } from '../driver.ts';
import type { DamageDoubt } from './damage-doubt.ts';
import type { PacketSink } from './packet-sink.ts';
import { nameProblem } from './topics.ts';

/** CONNECT with all packets that belong to it. */
export interface PendingConnect {
  readonly connect: ConnectPacket;
  readonly will: Message | 'unchanged' | undefined;
}

type WillTopic = Omit<Message, 'payload'>;
type WillTopicPacket = Extract<Packet, { kind: 'willtopic' }>;
type WillMessagePacket = Extract<Packet, { kind: 'willmsg' }>;
type WillPacket = WillTopicPacket | WillMessagePacket;
type Answer = Extract<Packet, { kind: 'willmsgreq' | 'connack' }>;

export class WillDialog {
  readonly connect: ConnectPacket;
  private readonly sink: PacketSink;
  private readonly doubt: DamageDoubt;
  private topic: WillTopicPacket | undefined;

  constructor(connect: ConnectPacket, sink: PacketSink, doubt: DamageDoubt) {
    this.connect = connect;
    this.sink = sink;
    this.doubt = doubt;
  }

  begin(): void {
    this.sink.send({ kind: 'willtopicreq' });
  }

  /** @returns `goes on`, `refused` (the CONNACK has been sent), or the complete request */
  receive(packet: WillPacket): 'goes on' | 'refused' | PendingConnect {
    const { connect } = this;
    if (packet.kind === 'willmsg') {
      const topic = this.topic?.will === undefined ? undefined : topicOf(this.topic.will);
      return topic === undefined ? 'goes on' : { connect, will: { ...topic, payload: packet.payload } };
    }
    if (packet.will === undefined) return { connect, will: undefined };
    this.topic = packet;
    if (topicOf(packet.will) === undefined) {
      const problem = nameProblem(packet.will.topic) ?? `QoS ${packet.will.qos}`;
      const words = `WILLTOPIC with ${problem}: "${packet.will.topic}"`;
      this.sink.discard('invalid topic', words);
      if (this.doubt.mayBeDamaged(`WILLTOPIC ${packet.will.topic}`)) return 'goes on';
      this.sink.send({ kind: 'connack', returnCode: RETURN_CODE.notSupported });
      return 'refused';
    }
    this.sink.send({ kind: 'willmsgreq' });
    return 'goes on';
  }

  /** @param last packet that ended the dialogue */
  ended(last: WillPacket, returnCode: number | undefined): EndedDialog {
    const isMessage = last.kind === 'willmsg';
    return { topic: this.topic, ...(isMessage ? { message: last } : { topic: last, message: undefined }), returnCode };
  }
}

/** @returns `undefined`: the will cannot be stored */
export function willChangeOf(packet: Extract<Packet, { kind: 'willtopicupd' | 'willmsgupd' }>): WillChange | undefined {
  if (packet.kind === 'willmsgupd') return { part: 'payload', payload: packet.payload };
  if (packet.will === undefined) return { part: 'all', will: undefined };
  const topic = topicOf(packet.will);
  return topic === undefined ? undefined : { part: 'topic', ...topic };
}

/**
 * Returns the topic, QoS and RETAIN of a will. `undefined`: the topic is invalid, or the QoS is neither 0 nor 1. QoS 2
 * is not supported, and −1 is for publications without a connection.
 */
function topicOf({ topic, qos, retain }: MqttsnWill): WillTopic | undefined {
  const isPossible = (qos === 0 || qos === 1) && nameProblem(topic) === undefined;
  return isPossible ? { topic, qos, ...retaining(retain) } : undefined;
}

/**
 * End of the last dialogue. A client whose CONNACK was lost repeats its last packet (MQTT-SN 1.2 §6.13), and gets the
 * same answer again without another change of its session.
 */
export interface EndedDialog {
  /** WILLTOPIC and WILLMSG of the client. */
  readonly topic: WillTopicPacket | undefined;
  readonly message: WillMessagePacket | undefined;
  /** Return code of the CONNACK. `undefined`: not sent yet. */
  readonly returnCode: number | undefined;
}

/** @returns the answer to a repeated packet; `undefined`: not part of this dialogue, or the answer is still to come */
export function repeatedAnswer({ topic, message, returnCode }: EndedDialog, packet: WillPacket): Answer | undefined {
  if (packet.kind === 'willmsg') {
    if (message === undefined || Buffer.compare(packet.payload, message.payload) !== 0) return undefined;
  } else {
    const [will, first] = [packet.will, topic?.will];
    if (will?.topic !== first?.topic || will?.qos !== first?.qos || will?.retain !== first?.retain) return undefined;
    if (message !== undefined) return { kind: 'willmsgreq' };
  }
  return returnCode === undefined ? undefined : { kind: 'connack', returnCode };
}

/** True if the client repeated its CONNECT while it waited for the CONNACK. */
export function wasShed(connect: ConnectPacket, next: ConnectPacket): boolean {
  return (
    connect.clientId === next.clientId &&
    connect.clean === next.clean &&
    connect.durationS === next.durationS &&
    connect.will === next.will
  );
}

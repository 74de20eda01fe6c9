/**
 * One MQTT-SN client: the part of its session that concerns the wire. It belongs to the client id and outlives the
 * connection and the port: unacknowledged publications are still known when the client returns.
 *
 * Used between a node (`node.ts`: the connection) and the flows. Invariants: a PUBACK with code 0 leaves only on
 * `acknowledge`; nothing is sent while not connected. Source: MQTT-SN 1.2 §6.3, §6.6, §6.9, §6.10.
 */

import { retaining } from '../../base/message.ts';
import { sooner } from '../../base/sooner.ts';
import type { FramingName } from '../../codec/framing.ts';
import { type Packet, type PublishPacket, RETURN_CODE } from '../../codec/mqttsn-packets.ts';
import type { DeliverCommand, RefuseReason } from '../driver.ts';
import { DamageDoubt } from './damage-doubt.ts';
import { Downlink, type RetryLimits } from './downlinks.ts';
import type { PacketSink } from './packet-sink.ts';
import { Ping } from './ping.ts';
import { ClientRequests, returnCodeOf } from './requests.ts';
import { type TopicLimits, TopicTable } from './topics.ts';
import { type Publication, publicationOf, type UplinkLimits, Uplinks } from './uplinks.ts';

/** `uplinksMax` also limits the unanswered requests of one client. */
export type ClientLimits = TopicLimits & RetryLimits & UplinkLimits & { readonly framing: FramingName };

export class MqttsnClient {
  readonly id: string;
  private readonly sink: PacketSink;
  private readonly topics: TopicTable;
  private readonly uplinks: Uplinks;
  private readonly requests: ClientRequests;
  private readonly downlink: Downlink;
  private readonly ping: Ping;
  private isConnected = false;

  constructor(id: string, sink: PacketSink, limits: ClientLimits) {
    this.id = id;
    this.sink = sink;
    this.topics = new TopicTable(id, sink, limits);
    this.uplinks = new Uplinks(limits);
    const doubt = new DamageDoubt(limits.framing !== 'sn-raw');
    this.requests = new ClientRequests(id, { sink, topics: this.topics, requestsMax: limits.uplinksMax, doubt });
    this.downlink = new Downlink(sink, this.topics, limits);
    this.ping = new Ping(sink, limits.retryMs);
  }

  /**
   * @param node present node behind a forwarder
   * @param topicIds durable topic ids; none for a clean session
   */
  connect(node: Uint8Array | undefined, clean: boolean, topicIds: ReadonlyMap<number, string>): void {
    this.sink.node = node;
    this.isConnected = true;
    this.uplinks.reconnected();
    if (clean) {
      this.topics.forget();
      this.uplinks.forget();
      this.downlink.forget();
    }
    this.topics.resume(topicIds);
  }

  /** Ends the delivery in progress; its message stays in custody. Answers to publications are still awaited. */
  disconnect(): void {
    this.isConnected = false;
    this.requests.forget();
    this.downlink.abandon();
    this.ping.abandon();
  }

  /** Stops deliveries until the client wakes. Its own requests are still answered. */
  sleep(): void {
    this.downlink.abandon();
    this.ping.abandon();
  }

  /** Handles a packet of the connected client, except those that its node handles. */
  receive(packet: Packet, nowMs: number): void {
    switch (packet.kind) {
      case 'publish':
        this.publish(packet, nowMs);
        break;
      case 'register':
        this.requests.register(packet);
        break;
      case 'subscribe':
        this.requests.subscribe(packet);
        break;
      case 'unsubscribe':
        this.requests.unsubscribe(packet);
        break;
      case 'willtopicupd':
      case 'willmsgupd':
        this.requests.updateWill(packet);
        break;
      case 'regack':
        this.downlink.regack(packet, nowMs);
        break;
      case 'puback':
        this.downlink.puback(packet, nowMs);
        break;
      case 'pingresp':
        if (!this.ping.answered(nowMs)) this.sink.counters.unexpectedPackets += 1;
        break;
      default:
        // QoS 2 is not supported, so its handshake is unexpected
        this.sink.counters.unexpectedPackets += 1;
    }
  }

  probe(token: number, nowMs: number): void {
    this.ping.probe(token, nowMs);
  }

  deliver(command: DeliverCommand, nowMs: number): void {
    this.downlink.deliver(command, nowMs);
  }

  acknowledge(token: number): void {
    const publication = this.uplinks.acknowledge(token);
    if (publication !== undefined) this.puback(publication, RETURN_CODE.accepted);
  }

  confirm(token: number, nowMs: number): void {
    if (!this.requests.confirm(token)) this.downlink.confirm(token, nowMs);
  }

  refuse(token: number, why: RefuseReason, nowMs: number): void {
    if (this.requests.refuse(token, why) || this.downlink.refuse(token, why, nowMs)) return;
    const publication = this.uplinks.refuse(token);
    if (publication === undefined) return;
    if (why === 'congestion') this.uplinks.congested(publication, nowMs);
    this.puback(publication, returnCodeOf(why));
  }

  /** @returns `silent` if the client no longer answers */
  wake(nowMs: number): 'silent' | undefined {
    this.ping.wake(nowMs);
    return this.downlink.wake(nowMs);
  }

  wakeAtMs(): number | undefined {
    return sooner(this.downlink.wakeAtMs(), this.ping.wakeAtMs());
  }

  private publish(packet: PublishPacket, nowMs: number): void {
    const topic = this.topics.nameOf(packet.topic);
    const publication = publicationOf(packet, topic ?? '');
    if (packet.qos === 2) {
      this.sink.discard('QoS 2', packet.payload, this.id);
      this.puback(publication, RETURN_CODE.notSupported);
    } else if (topic === undefined) {
      // with QoS 1 and a normal topic id the client registers the topic again and repeats the message
      if (packet.qos !== 1 || packet.topic.type !== 'normal')
        this.sink.discard('unknown topic id', idWords(packet), this.id);
      this.puback(publication, RETURN_CODE.invalidTopicId);
    } else if (packet.qos === 1) {
      this.publishAcknowledged(packet, publication, nowMs);
    } else {
      // MQTT-SN 1.2 §6.8: like QoS 0, QoS −1 has no answer.
      this.sink.report({
        kind: 'uplink',
        subdevice: this.id,
        topic,
        payload: packet.payload,
        qos: 0,
        token: undefined,
        ...retaining(packet.retain),
      });
    }
  }

  private publishAcknowledged({ dup, payload, retain }: PublishPacket, publication: Publication, nowMs: number): void {
    const duplicate = dup ? this.uplinks.findDuplicate(publication) : undefined;
    if (duplicate !== undefined) {
      this.sink.counters.duplicates += 1;
      if (duplicate === 'acknowledged') this.puback(publication, RETURN_CODE.accepted);
      return;
    }
    if (!this.uplinks.hasRoomFor(publication, nowMs)) {
      this.puback(publication, RETURN_CODE.congestion);
      return;
    }
    const token = this.sink.drawToken();
    this.uplinks.admit(token, publication);
    const { topic } = publication;
    this.sink.report({
      kind: 'uplink',
      subdevice: this.id,
      topic,
      payload,
      qos: 1,
      token,
      ...retaining(retain),
    });
  }

  private puback({ topicId, messageId }: Publication, returnCode: number): void {
    if (returnCode !== RETURN_CODE.accepted) this.sink.counters.refusedUplinks += 1;
    if (this.isConnected) this.sink.send({ kind: 'puback', topicId, messageId, returnCode });
  }
}

function idWords({ topic, qos }: PublishPacket): string {
  const id = topic.type === 'short' ? topic.name : topic.id;
  return `PUBLISH of QoS ${qos} with ${topic.type} topic ${id}`;
}

/**
 * Packets from an address without a connected client. Publications with QoS −1 are passed on for the configured
 * subdevice; other packets are answered with DISCONNECT, which asks the client to connect again.
 *
 * A stock client that waits for its CONNACK takes a DISCONNECT for a rejection. So a DISCONNECT at the opening of the
 * line, and one that answers possible boot text, waits until the line is quiet, and a CONNECT cancels it. The identity
 * never comes from the frame. Source: MQTT-SN 1.2 §6.8, §6.12.
 */
import { retaining } from '../../base/message.ts';
import type { Packet, PublishPacket } from '../../codec/mqttsn-packets.ts';
import type { LastReceived } from '../last-received.ts';
import type { PacketSink } from './packet-sink.ts';
import { nameProblem } from './topics.ts';

const FROM_GATEWAYS: ReadonlySet<Packet['kind']> = new Set([
  'advertise',
  'gwinfo',
  'connack',
  'willtopicreq',
  'willmsgreq',
  'suback',
  'unsuback',
  'willtopicresp',
  'willmsgresp',
]);

export interface UnconnectedPeerTerms {
  readonly sink: PacketSink;
  /** Subdevice that may publish here without a connection. `undefined`: none. */
  readonly publisher: string | undefined;
  readonly lastReceived: LastReceived;
  readonly predefinedTopics: ReadonlyMap<number, string>;
  /** Packets have a checksum, so boot text cannot look like a packet. */
  readonly isLineChecked: boolean;
  /**
   * Shortest time between two DISCONNECTs to an unconnected peer, ms. A looped-back line would echo them without end.
   */
  readonly disconnectPauseMs: number;
}

/** Pending DISCONNECT. Each received byte postpones `atMs`, up to `latestMs`. */
interface Due {
  readonly atMs: number;
  readonly latestMs: number;
}

/** Silence after which a line is quiet. Longer than boot text followed by the largest CONNECT takes at 9600 baud. */
const QUIET_MS = 250;
/** Longest wait on a line that is never quiet. */
const DUE_MS_MAX = 2000;

export class UnconnectedPeer {
  private readonly terms: UnconnectedPeerTerms;
  private disconnectNotBeforeMs = 0;
  private due: Due | undefined;

  constructor(terms: UnconnectedPeerTerms) {
    this.terms = terms;
  }

  receive(packet: Packet, nowMs: number): void {
    if (packet.kind === 'publish' && packet.qos === -1) return this.publish(packet, nowMs);
    this.terms.sink.counters.unexpectedPackets += 1;
    // with QoS 1 the client repeats the message after it has connected
    if (packet.kind === 'publish' && packet.qos === 0)
      this.terms.sink.discard('client not connected', packet.payload, this.terms.publisher);
    if (FROM_GATEWAYS.has(packet.kind) || nowMs < this.disconnectNotBeforeMs) return;
    if (this.due !== undefined) return;
    if (packet.kind === 'disconnect' || this.terms.isLineChecked) this.disconnect(nowMs);
    else this.requestReconnect(nowMs);
  }

  /**
   * Asks a client that may consider itself connected to connect again, soon and not only at its next packet. After a
   * restart of the gateway, messages for an idle subdevice would otherwise wait for its keep alive.
   */
  requestReconnect(nowMs: number): void {
    this.due = { atMs: nowMs + QUIET_MS, latestMs: nowMs + DUE_MS_MAX };
  }

  /** Cancels the pending DISCONNECT, because a CONNECT has come or the line has closed. */
  cancelDisconnect(): void {
    this.due = undefined;
  }

  /** Postpones the pending DISCONNECT, because the bytes may be the beginning of a CONNECT. */
  bytesArrived(nowMs: number): void {
    if (this.due === undefined) return;
    const { latestMs } = this.due;
    this.due = { atMs: Math.min(nowMs + QUIET_MS, latestMs), latestMs };
  }

  wake(nowMs: number): void {
    if (this.due !== undefined && nowMs >= this.due.atMs) this.disconnect(nowMs);
  }

  wakeAtMs(): number {
    return this.due?.atMs ?? Number.POSITIVE_INFINITY;
  }

  private disconnect(nowMs: number): void {
    this.due = undefined;
    this.disconnectNotBeforeMs = nowMs + this.terms.disconnectPauseMs;
    this.terms.sink.send({ kind: 'disconnect', durationS: undefined });
  }

  /**
   * Reports a publication with QoS −1. Its topic must be a predefined id or a short name (MQTT-SN 1.2 §6.8). QoS −1 has
   * no answer, so rejected messages are counted.
   */
  private publish({ topic, payload, retain }: PublishPacket, nowMs: number): void {
    const { sink, publisher: subdevice, predefinedTopics } = this.terms;
    if (subdevice !== undefined) this.terms.lastReceived.note(subdevice, nowMs);
    const name = topic.type === 'short' ? topic.name : predefinedTopics.get(topic.type === 'predefined' ? topic.id : 0);
    if (subdevice === undefined || name === undefined || nameProblem(name) !== undefined) {
      sink.counters.unexpectedPackets += 1;
      sink.discard(subdevice === undefined ? 'client not connected' : 'unknown topic id', payload, subdevice);
    } else sink.report({ kind: 'unconnected', subdevice, topic: name, payload, ...retaining(retain) });
  }
}

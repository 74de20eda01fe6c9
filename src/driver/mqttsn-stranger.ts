/**
 * What comes from an address where nobody is connected: told to connect, or, with QoS −1, passed on for the subdevice that
 * the configuration says is there. Identity never comes from the frame. Source: MQTT-SN 1.2 §6.8, §6.12.
 */
import type { Restorable } from '../base/snapshot.ts';
import type { Packet, PublishPacket } from '../codec/mqttsn.ts';
import type { Outlet } from './mqttsn-outlet.ts';
import { hasWildcard } from './mqttsn-topics.ts';

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

export interface StrangerTerms {
  readonly outlet: Outlet;
  /** Whose publications come from here without a connection; `undefined`: nobody's. */
  readonly publisher: string | undefined;
  readonly predefinedTopics: ReadonlyMap<number, string>;
  /** A stranger is sent at most one DISCONNECT in this time, ms: a looped-back line would echo it for ever. */
  readonly disconnectPauseMs: number;
}

export interface StrangerSnapshot {
  readonly disconnectNotBeforeMs: number;
}

export class Stranger implements Restorable<StrangerSnapshot> {
  readonly #terms: StrangerTerms;
  #disconnectNotBeforeMs = 0;

  constructor(terms: StrangerTerms) {
    this.#terms = terms;
  }

  receive(packet: Packet, nowMs: number): void {
    if (packet.kind === 'publish' && packet.qos === -1) return this.#publish(packet);
    this.#terms.outlet.counters.unexpectedPackets += 1;
    // of QoS 1 it comes again once its subdevice has connected
    if (packet.kind === 'publish' && packet.qos === 0)
      this.#terms.outlet.discard('client not connected', packet.payload, this.#terms.publisher);
    if (!FROM_GATEWAYS.has(packet.kind) && nowMs >= this.#disconnectNotBeforeMs) this.callBack(nowMs);
  }

  /**
   * Whoever is there and believes to be connected is to connect again, now and not at its next packet: after a restart of
   * the gateway what waits for an idle subdevice would wait for its keep alive.
   */
  callBack(nowMs: number): void {
    this.#disconnectNotBeforeMs = nowMs + this.#terms.disconnectPauseMs;
    this.#terms.outlet.send({ kind: 'disconnect', durationS: undefined });
  }

  snapshot(): StrangerSnapshot {
    return { disconnectNotBeforeMs: this.#disconnectNotBeforeMs };
  }

  restore({ disconnectNotBeforeMs }: StrangerSnapshot): void {
    this.#disconnectNotBeforeMs = disconnectNotBeforeMs;
  }

  /** By predefined id or short name only (MQTT-SN 1.2 §6.8). Nobody waits for an answer: what cannot pass is counted. */
  #publish({ topic, payload }: PublishPacket): void {
    const { outlet, publisher: subdevice, predefinedTopics } = this.#terms;
    const name = topic.type === 'short' ? topic.name : predefinedTopics.get(topic.type === 'predefined' ? topic.id : 0);
    if (subdevice === undefined || name === undefined || hasWildcard(name)) {
      outlet.counters.unexpectedPackets += 1;
      outlet.discard(subdevice === undefined ? 'client not connected' : 'unknown topic id', payload, subdevice);
    } else outlet.report({ kind: 'unconnected', subdevice, topic: name, payload });
  }
}

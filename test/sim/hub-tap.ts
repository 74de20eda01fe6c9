/**
 * Reads along on the gateway's connections and holds it to the hub's contract: what every byte of it must obey, whatever
 * else goes wrong. Complaints are collected, the world stops at the first.
 */
import type { MqttPacket, Publish } from '../../src/codec/mqtt.ts';
import { MqttReader } from '../../src/codec/mqtt-wire.ts';

export interface TapLimits {
  /** Publishes in any second. */
  readonly messagesPerS: number;
  readonly connectIntervalMs: number;
  readonly inFlightMax: number;
}

const PACKET_BYTES_MAX = 300_000;

export class HubTap {
  readonly #limits: TapLimits;
  #up = new MqttReader({ packetBytesMax: PACKET_BYTES_MAX });
  #down = new MqttReader({ packetBytesMax: PACKET_BYTES_MAX });
  readonly #sentAtMs: number[] = [];
  #connectedAtMs = Number.NEGATIVE_INFINITY;
  /** Unacknowledged uplinks of this connection, by packet identifier. */
  readonly #uplinks = new Map<number, string>();
  /** Packet identifiers of downlinks that arrived and are to be acknowledged, in order. */
  #downlinks: { readonly packetId: number; readonly publish: Publish }[] = [];
  readonly complaints: string[] = [];
  /** The gateway has said that this downlink is safe. */
  onDownlinkAcknowledged: (publish: Publish) => void = () => undefined;

  constructor(limits: TapLimits) {
    this.#limits = limits;
  }

  opened(): void {
    this.#up = new MqttReader({ packetBytesMax: PACKET_BYTES_MAX });
    this.#down = new MqttReader({ packetBytesMax: PACKET_BYTES_MAX });
    this.#uplinks.clear();
    this.#downlinks = [];
  }

  /** What arrives at the hub. */
  up(bytes: Uint8Array, nowMs: number): void {
    for (const packet of this.#up.push(bytes)) {
      if (packet.ok) this.#judge(packet.value, nowMs);
      else this.complaints.push(`the gateway sent bytes that are no MQTT: ${packet.problem}`);
    }
  }

  /** What arrives at the gateway. */
  down(bytes: Uint8Array): void {
    for (const packet of this.#down.push(bytes)) {
      if (!packet.ok) continue;
      const { value } = packet;
      if (value.kind === 'puback') this.#uplinks.delete(value.packetId);
      if (value.kind === 'publish' && value.packetId !== undefined) {
        this.#downlinks.push({ packetId: value.packetId, publish: value });
      }
    }
  }

  #judge(packet: MqttPacket, nowMs: number): void {
    switch (packet.kind) {
      case 'connect':
        if (nowMs - this.#connectedAtMs < this.#limits.connectIntervalMs) {
          this.complaints.push(`CONNECT after ${Math.round(nowMs - this.#connectedAtMs)} ms`);
        }
        this.#connectedAtMs = nowMs;
        return;
      case 'subscribe':
        if (packet.subscriptions.length !== 1) this.complaints.push('more than one filter in a SUBSCRIBE');
        return;
      case 'publish':
        return this.#judgePublish(packet, nowMs);
      case 'puback':
        return this.#judgePuback(packet.packetId);
      default:
        return;
    }
  }

  #judgePublish(publish: Publish, nowMs: number): void {
    this.#sentAtMs.push(nowMs);
    while ((this.#sentAtMs[0] ?? nowMs) <= nowMs - 1000) this.#sentAtMs.shift();
    if (this.#sentAtMs.length > this.#limits.messagesPerS) {
      this.complaints.push(`${this.#sentAtMs.length} publishes within a second`);
    }
    const { packetId } = publish;
    if (packetId === undefined) return;
    const print = `${publish.topic} ${Buffer.from(publish.payload).toString('latin1')}`;
    const other = this.#uplinks.get(packetId);
    if (other !== undefined && other !== print)
      this.complaints.push(`packet identifier ${packetId} used twice in flight`);
    if (other === print && !publish.dup) this.complaints.push(`packet identifier ${packetId} sent again without DUP`);
    this.#uplinks.set(packetId, print);
    // the window, those of refused topics beside it, and those whose PUBACK is overdue
    if (this.#uplinks.size > 3 * this.#limits.inFlightMax) this.complaints.push(`${this.#uplinks.size} in flight`);
  }

  #judgePuback(packetId: number): void {
    const first = this.#downlinks.shift();
    if (first?.packetId !== packetId) {
      this.complaints.push(`PUBACK ${packetId} before ${first?.packetId ?? 'any message'} [MQTT-4.6.0-2]`);
      return;
    }
    this.onDownlinkAcknowledged(first.publish);
  }
}

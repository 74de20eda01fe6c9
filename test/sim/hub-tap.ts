/**
 * Reads along on the gateway's connections and holds it to the hub's contract: what every byte of it must obey, whatever
 * else goes wrong. The world stops at the first complaint.
 */
import type { MqttPacket, Publish } from '../../src/codec/mqtt.ts';
import { MqttReader } from '../../src/codec/mqtt-wire.ts';

export interface TapLimits {
  /** Publishes in any second; 0: any number. */
  readonly messagesPerS: number;
  readonly payloadBytesMax: number;
  readonly connectIntervalMs: number;
  readonly inFlightMax: number;
  /** Beyond it a PUBACK is overdue: such a publish takes no slot of the window. */
  readonly pubackMsMax: number;
}

interface Flying {
  readonly print: string;
  readonly atMs: number;
  /** Sent again in this very connection. */
  readonly isAgain: boolean;
}

const PACKET_BYTES_MAX = 300_000;

export class HubTap {
  readonly #limits: TapLimits;
  #up = new MqttReader({ packetBytesMax: PACKET_BYTES_MAX });
  #down = new MqttReader({ packetBytesMax: PACKET_BYTES_MAX });
  readonly #sentAtMs: number[] = [];
  /** World time of the last CONNECT. */
  connectedAtMs = Number.NEGATIVE_INFINITY;
  /** The hub has kept PUBACKs back: what was doubted may fly beside the window. */
  isPatient = false;
  /** Unacknowledged uplinks of this connection, by packet identifier. */
  readonly #uplinks = new Map<number, Flying>();
  /** Packet identifier → what was sent with it in earlier connections of the session, and not acknowledged. */
  readonly #earlier = new Map<number, string>();
  /** Packet identifiers of downlinks that arrived and are to be acknowledged, in order. */
  #downlinks: { readonly packetId: number; readonly publish: Publish }[] = [];
  /** Packet identifiers of downlinks acknowledged in this connection. */
  readonly #answered = new Set<number>();
  readonly #complain: (what: string) => void;
  /** A downlink reaches the gateway. */
  onDownlink: (publish: Publish) => void = () => undefined;
  /** The hub's copy and our PUBACK have met on the way: it counts as a new message [MQTT-4.3.2-2]. */
  onCrossed: (publish: Publish) => void = () => undefined;
  /** The gateway has said that this downlink is safe. */
  onDownlinkAcknowledged: (publish: Publish) => void = () => undefined;

  constructor(limits: TapLimits, complain: (what: string) => void) {
    this.#limits = limits;
    this.#complain = complain;
  }

  opened(): void {
    this.#up = new MqttReader({ packetBytesMax: PACKET_BYTES_MAX });
    this.#down = new MqttReader({ packetBytesMax: PACKET_BYTES_MAX });
    for (const [packetId, { print }] of this.#uplinks) this.#earlier.set(packetId, print);
    this.#uplinks.clear();
    this.#downlinks = [];
    this.#answered.clear();
  }

  /** What leaves the gateway. */
  up(bytes: Uint8Array, nowMs: number): void {
    for (const packet of this.#up.push(bytes)) {
      if (packet.ok) this.#judge(packet.value, nowMs);
      else this.#complain(`the gateway sent bytes that are no MQTT: ${packet.problem}`);
    }
  }

  /** What arrives at the gateway. */
  down(bytes: Uint8Array): void {
    for (const packet of this.#down.push(bytes)) {
      if (!packet.ok) continue;
      const { value } = packet;
      if (value.kind === 'connack' && !value.sessionPresent) this.#earlier.clear();
      if (value.kind === 'puback') {
        this.#uplinks.delete(value.packetId);
        this.#earlier.delete(value.packetId);
      }
      if (value.kind === 'publish' && value.packetId !== undefined) {
        const { packetId, dup } = value;
        // one PUBACK answers all copies that come before it
        if (dup && this.#downlinks.some((other) => other.packetId === packetId)) continue;
        if (dup && this.#answered.has(packetId)) this.onCrossed(value);
        this.#downlinks.push({ packetId, publish: value });
        this.onDownlink(value);
      }
    }
  }

  #judge(packet: MqttPacket, nowMs: number): void {
    switch (packet.kind) {
      case 'connect':
        if (nowMs - this.connectedAtMs < this.#limits.connectIntervalMs) {
          this.#complain(`CONNECT after ${Math.round(nowMs - this.connectedAtMs)} ms`);
        }
        this.connectedAtMs = nowMs;
        return;
      case 'subscribe':
        if (packet.subscriptions.length !== 1) this.#complain('more than one filter in a SUBSCRIBE');
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
    const { messagesPerS, payloadBytesMax } = this.#limits;
    if (messagesPerS > 0 && this.#sentAtMs.length > messagesPerS)
      this.#complain(`${this.#sentAtMs.length} publishes within a second`);
    const { packetId, payload } = publish;
    if (payload.length > payloadBytesMax)
      this.#complain(`${payload.length} bytes published, ${payloadBytesMax} allowed`);
    if (packetId === undefined) return;
    const print = `${publish.topic} ${Buffer.from(publish.payload).toString('latin1')}`;
    const other = this.#uplinks.get(packetId);
    if (other !== undefined && other.print !== print)
      this.#complain(`packet identifier ${packetId} was used twice in flight`);
    const isAgain = (other?.print ?? this.#earlier.get(packetId)) === print;
    if (isAgain && !publish.dup) this.#complain(`packet identifier ${packetId} sent again without DUP`);
    this.#uplinks.set(packetId, { print, atMs: nowMs, isAgain: other !== undefined });
    this.#judgeWindow(nowMs);
  }

  #judgeWindow(nowMs: number): void {
    const { inFlightMax, pubackMsMax } = this.#limits;
    let fresh = 0;
    for (const { atMs, isAgain } of this.#uplinks.values()) if (!isAgain && nowMs - atMs < pubackMsMax) fresh += 1;
    // beside the window: topics without PUBACKs have slots of their own, and what was overdue before a reconnect flies
    // on, up to one message of each topic at a time
    const most = this.isPatient ? 8 * inFlightMax : inFlightMax;
    if (fresh > most) this.#complain(`${fresh} uplinks in flight, ${inFlightMax} allowed`);
  }

  #judgePuback(packetId: number): void {
    const first = this.#downlinks.shift();
    if (first?.packetId !== packetId) {
      this.#complain(`PUBACK ${packetId} before ${first?.packetId ?? 'any message'} [MQTT-4.6.0-2]`);
      return;
    }
    this.#answered.add(packetId);
    this.onDownlinkAcknowledged(first.publish);
  }
}

/**
 * Reads the gateway's connections to the hub and checks the rules that each packet must obey under all troubles. The world
 * stops at the first complaint.
 */
import type { MqttPacket, Publish } from '../../src/codec/mqtt.ts';
import { MqttReader } from '../../src/codec/mqtt-wire.ts';

export interface TapLimits {
  /** Largest number of PUBLISH packets in a second; 0: no limit. */
  readonly messagesPerS: number;
  readonly payloadBytesMax: number;
  readonly connectIntervalMs: number;
  readonly inFlightMax: number;
  /** Time after which a PUBACK is overdue. Such a PUBLISH is not counted in the window. */
  readonly pubackMsMax: number;
}

interface UnacknowledgedUplink {
  readonly print: string;
  readonly atMs: number;
  /** True if sent again in this connection. */
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
  /** True if the hub did not send PUBACKs: doubted packets may be in flight outside the window. */
  mayExceedWindow = false;
  /** Unacknowledged uplinks of this connection, by packet identifier. */
  readonly #uplinks = new Map<number, UnacknowledgedUplink>();
  /** Packet identifier → unacknowledged message of an earlier connection of the session. */
  readonly #earlier = new Map<number, string>();
  /** Packet identifiers of downlinks that arrived and are to be acknowledged, in order. */
  #downlinks: { readonly packetId: number; readonly publish: Publish }[] = [];
  /** Packet identifiers of downlinks acknowledged in this connection. */
  readonly #answered = new Set<number>();
  readonly #complain: (what: string) => void;
  /** Called when a downlink arrives at the gateway. */
  onDownlink: (publish: Publish) => void = () => undefined;
  /** Called when the hub sent a copy before it received the PUBACK: the copy counts as a new message [MQTT-4.3.2-2]. */
  onCrossed: (publish: Publish) => void = () => undefined;
  /** Called when the gateway acknowledges a downlink. */
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

  /** Returns the part of a payload that stays the same when a message is sent again. */
  payloadIn: (message: Pick<Publish, 'topic' | 'payload'>) => Uint8Array = ({ payload }) => payload;

  /** Reads bytes from the gateway. */
  up(bytes: Uint8Array, nowMs: number): void {
    for (const packet of this.#up.push(bytes)) {
      if (packet.ok) this.#judge(packet.value, nowMs);
      else this.#complain(`the gateway sent bytes that are not MQTT: ${packet.problem}`);
    }
  }

  /** Reads bytes to the gateway. */
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
        // one PUBACK answers all copies that arrived before it
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
    const print = `${publish.topic} ${Buffer.from(this.payloadIn(publish)).toString('latin1')}`;
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
    // outside the window: topics without PUBACKs have their own slots, and overdue messages of an earlier connection
    // stay in flight, at most one for each topic
    const most = this.mayExceedWindow ? 8 * inFlightMax : inFlightMax;
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

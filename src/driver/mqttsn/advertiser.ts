/**
 * Tells whoever listens that a gateway is here: ADVERTISE now and then, GWINFO to a client that searches for one.
 *
 * On a wire with one device nobody needs it; stock clients and forwarders may ask all the same.
 * Source: MQTT-SN 1.2 §6.1.
 */
import type { Restorable } from '../../base/snapshot.ts';
import type { PacketSink } from './packet-sink.ts';

export interface AdvertiserOptions {
  /** GwId, 1 to 255. */
  readonly gatewayId: number;
  /** Pause between two ADVERTISE, and what they say of it, s; 0 = none are sent (T_ADV of MQTT-SN 1.2 §7.2). */
  readonly advertiseS: number;
}

export interface AdvertiserSnapshot {
  readonly nextAtMs: number | undefined;
}

export class Advertiser implements Restorable<AdvertiserSnapshot> {
  readonly #options: AdvertiserOptions;
  readonly #sink: PacketSink;
  #nextAtMs: number | undefined;

  constructor(options: AdvertiserOptions, sink: PacketSink) {
    this.#options = options;
    this.#sink = sink;
  }

  opened(nowMs: number): void {
    if (this.#options.advertiseS > 0) this.#advertise(nowMs);
  }

  closed(): void {
    this.#nextAtMs = undefined;
  }

  wake(nowMs: number): void {
    if (this.#nextAtMs !== undefined && nowMs >= this.#nextAtMs) this.#advertise(nowMs);
  }

  wakeAtMs(): number | undefined {
    return this.#nextAtMs;
  }

  /** As far as it was searched, so far goes the answer; the address is that of who sends it (MQTT-SN 1.2 §5.4.3). */
  answerSearch(sink: PacketSink, radius: number): void {
    sink.send({ kind: 'gwinfo', gatewayId: this.#options.gatewayId, gatewayAddress: new Uint8Array(0) }, radius);
  }

  snapshot(): AdvertiserSnapshot {
    return { nextAtMs: this.#nextAtMs };
  }

  restore({ nextAtMs }: AdvertiserSnapshot): void {
    this.#nextAtMs = nextAtMs;
  }

  #advertise(nowMs: number): void {
    const { gatewayId, advertiseS } = this.#options;
    this.#nextAtMs = nowMs + advertiseS * 1000;
    this.#sink.send({ kind: 'advertise', gatewayId, durationS: advertiseS });
  }
}

/**
 * Announcement of the gateway: periodic ADVERTISE, and GWINFO to a client that searches for one.
 *
 * A wire with one device does not need this, but stock clients and forwarders may ask. Source: MQTT-SN 1.2 §6.1.
 */
import type { PacketSink } from './packet-sink.ts';

export interface AdvertiserOptions {
  /** GwId, 1 to 255. */
  readonly gatewayId: number;
  /**
   * Interval of ADVERTISE, s, which is also the duration that each ADVERTISE contains (T_ADV of MQTT-SN 1.2 §7.2). 0:
   * no ADVERTISE is sent.
   */
  readonly advertiseS: number;
}

export class Advertiser {
  private readonly options: AdvertiserOptions;
  private readonly sink: PacketSink;
  private nextAtMs: number | undefined;

  constructor(options: AdvertiserOptions, sink: PacketSink) {
    this.options = options;
    this.sink = sink;
  }

  opened(nowMs: number): void {
    if (this.options.advertiseS > 0) this.advertise(nowMs);
  }

  closed(): void {
    this.nextAtMs = undefined;
  }

  wake(nowMs: number): void {
    if (this.nextAtMs !== undefined && nowMs >= this.nextAtMs) this.advertise(nowMs);
  }

  wakeAtMs(): number | undefined {
    return this.nextAtMs;
  }

  /**
   * Answers a search with a GWINFO of the same radius. Its address field is empty, which means the address of the
   * sender (MQTT-SN 1.2 §5.4.3).
   */
  answerSearch(sink: PacketSink, radius: number): void {
    sink.send({ kind: 'gwinfo', gatewayId: this.options.gatewayId, gatewayAddress: new Uint8Array(0) }, radius);
  }

  private advertise(nowMs: number): void {
    const { gatewayId, advertiseS } = this.options;
    this.nextAtMs = nowMs + advertiseS * 1000;
    this.sink.send({ kind: 'advertise', gatewayId, durationS: advertiseS });
  }
}

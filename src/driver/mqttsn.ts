/**
 * The MQTT-SN link: a byte channel on one side, what subdevices want on the other. The gateway's half of MQTT-SN 1.2 in
 * sn-cobs frames.
 *
 *     bytes ▶ FrameReader ▶ decodePacket ▶ MqttsnPeer ▶ MqttsnClient ▶ reports
 *     orders ▶ MqttsnClient ▶ Outlet ▶ frames
 *
 * Invariants: total on bytes from outside; never more than one frame, `CLIENTS_MAX` sessions and their bounds in
 * memory.
 */
import type { BackoffLimits } from '../base/backoff.ts';
import { decodePacket } from '../codec/mqttsn-decode.ts';
import { FrameReader } from '../codec/sn-cobs.ts';
import type { LinkAction, LinkCounters, LinkInput, LinkMachine } from './driver.ts';
import { LinkOpening, type LinkState } from './link.ts';
import { type ClientLimits, MqttsnClient } from './mqttsn-client.ts';
import type { DeliverOrder } from './mqttsn-downlink.ts';
import { Outlet } from './mqttsn-outlet.ts';
import { MqttsnPeer } from './mqttsn-peer.ts';

export interface MqttsnLinkOptions extends ClientLimits {
  /** The link's, for people. */
  readonly name: string;
  /** Octets of the largest packet either way; 1024 by default, at most 4096. */
  readonly packetBytesMax: number;
  /** Pauses between openings of the channel; 500 ms to 30 s by default. */
  readonly reopen: BackoffLimits;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Sessions remembered per link for the sake of duplicates; those of clients unseen longest are forgotten first. */
const CLIENTS_MAX = 64;

export function createMqttsnLink(options: MqttsnLinkOptions): LinkMachine {
  return new MqttsnLink(options);
}

class MqttsnLink implements LinkMachine {
  readonly #options: MqttsnLinkOptions;
  readonly #opening: LinkOpening;
  readonly #reader: FrameReader;
  readonly #outlet: Outlet;
  readonly #peer: MqttsnPeer;
  /** By client id, longest unseen first. */
  readonly #clients = new Map<string, MqttsnClient>();
  #bytesIn = 0;
  #malformedPackets = 0;

  constructor(options: MqttsnLinkOptions) {
    this.#options = options;
    this.#opening = new LinkOpening(options.reopen, options.random);
    this.#reader = new FrameReader(options.packetBytesMax);
    this.#outlet = new Outlet(options.packetBytesMax);
    this.#peer = new MqttsnPeer({
      outlet: this.#outlet,
      clientOf: (id) => this.#clientOf(id),
      disconnectPauseMs: options.retryMs,
    });
  }

  get state(): LinkState {
    return this.#opening.state;
  }

  get counters(): LinkCounters {
    return {
      ...this.#outlet.counters,
      openings: this.#opening.openings,
      bytesIn: this.#bytesIn,
      framesIn: this.#reader.frames,
      crcErrors: this.#reader.crcErrors,
      oversizeFrames: this.#reader.oversizeFrames,
      malformedPackets: this.#malformedPackets,
    };
  }

  attachedSubdevices(): readonly string[] {
    const client = this.#peer.attachedClient;
    return client === undefined ? [] : [client.id];
  }

  wakeAtMs(): number | undefined {
    return this.#opening.wakeAtMs() ?? this.#peer.wakeAtMs();
  }

  handle(input: LinkInput, nowMs: number): LinkAction[] {
    switch (input.kind) {
      case 'start':
        this.#outlet.act(this.#opening.start());
        break;
      case 'stop':
        this.#outlet.act(this.#opening.stop());
        break;
      case 'wake':
        this.#outlet.act(this.#opening.wake(nowMs));
        this.#peer.wake(nowMs);
        break;
      case 'opened':
        this.#reader.reset();
        this.#opening.opened(nowMs);
        this.#peer.callBack(nowMs);
        break;
      case 'bytes':
        this.#receive(input.bytes, nowMs);
        break;
      case 'closed':
        this.#opening.closed(nowMs);
        this.#peer.closed();
        break;
      case 'attached':
        this.#peer.attached(input.subdevice, input.answer, nowMs);
        break;
      case 'dismiss':
        this.#peer.dismiss(input.subdevice);
        break;
      case 'acknowledge':
        this.#clientAwaiting(input.token)?.acknowledge(input.token);
        break;
      case 'refuse':
        this.#findClient((client) => client.refuse(input.token, input.why, nowMs));
        break;
      case 'confirm':
        this.#findClient((client) => client.confirm(input.token, nowMs));
        break;
      case 'deliver':
        this.#deliver(input, nowMs);
        break;
    }
    return this.#outlet.take();
  }

  #receive(bytes: Uint8Array, nowMs: number): void {
    if (this.#opening.state !== 'open') return;
    this.#bytesIn += bytes.length;
    for (const frame of this.#reader.push(bytes)) {
      const packet = decodePacket(frame);
      if (packet.ok) this.#peer.receive(packet.value, nowMs);
      else this.#malformedPackets += 1;
    }
  }

  /** Every delivery ends in one report: to a client that is gone it is lost at once. */
  #deliver(order: DeliverOrder, nowMs: number): void {
    const client = this.#peer.attachedClient;
    if (client?.id === order.subdevice) client.deliver(order, nowMs);
    else this.#outlet.report({ kind: 'undelivered', token: order.token, why: 'lost' });
  }

  #clientOf(id: string): MqttsnClient {
    const client = this.#clients.get(id) ?? new MqttsnClient(id, this.#outlet, this.#options);
    this.#clients.delete(id);
    this.#clients.set(id, client);
    for (const [other, { isConnected }] of this.#clients) {
      if (this.#clients.size <= CLIENTS_MAX) break;
      if (!isConnected && other !== id) this.#clients.delete(other);
    }
    return client;
  }

  #clientAwaiting(token: number): MqttsnClient | undefined {
    return this.#findClient((client) => client.awaits(token));
  }

  #findClient(isOwner: (client: MqttsnClient) => boolean): MqttsnClient | undefined {
    for (const client of this.#clients.values()) {
      if (isOwner(client)) return client;
    }
    return undefined;
  }
}

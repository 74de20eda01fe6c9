/**
 * What the parts of an MQTT-SN link want done while one input is handled, in the order they want it, and the counters
 * they move. One `Spool` per link, emptied after every input, so tokens are never drawn twice; one `Outlet` per address.
 */
import type { ChannelAction } from '../base/machine.ts';
import type { Framing } from '../codec/framing.ts';
import type { Packet } from '../codec/mqttsn.ts';
import { encodePacket } from '../codec/mqttsn-encode.ts';
import type { DriverReport, LinkAction } from './driver.ts';

export class Spool {
  readonly #frame: Framing['encode'];
  readonly #packetBytesMax: number;
  readonly counters = { bytesOut: 0, framesOut: 0, unexpectedPackets: 0, refusedUplinks: 0, duplicates: 0, retries: 0 };
  #actions: LinkAction[] = [];
  #lastToken = 0;

  /** @param packetBytesMax octets of the largest packet that may be sent, with what a forwarder puts around it */
  constructor(framing: Pick<Framing, 'encode'>, packetBytesMax: number) {
    this.#frame = framing.encode;
    this.#packetBytesMax = packetBytesMax;
  }

  /** @returns false, and nothing is sent, when the packet is larger than the link allows */
  send(packet: Packet): boolean {
    const bytes = encodePacket(packet);
    if (bytes.length > this.#packetBytesMax) return false;
    const frame = this.#frame(bytes);
    this.counters.framesOut += 1;
    this.counters.bytesOut += frame.length;
    this.#actions.push({ kind: 'write', bytes: frame });
    return true;
  }

  act(...actions: readonly (ChannelAction | DriverReport)[]): void {
    this.#actions.push(...actions);
  }

  drawToken(): number {
    this.#lastToken += 1;
    return this.#lastToken;
  }

  /** Everything since the last call. */
  take(): LinkAction[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }
}

export class Outlet {
  readonly #spool: Spool;
  /** The node behind a forwarder that hears what is sent; `undefined`: whoever is on the wire itself. */
  node: Uint8Array | undefined;

  constructor(spool: Spool, node: Uint8Array | undefined) {
    this.#spool = spool;
    this.node = node;
  }

  get counters(): Spool['counters'] {
    return this.#spool.counters;
  }

  /**
   * @param radius hops a broadcast may take behind a forwarder; means nothing to one receiver (MQTT-SN 1.2 §5.5)
   * @returns false, and nothing is sent, when the packet is larger than the link allows
   */
  send(packet: Packet, radius = 0): boolean {
    const { node } = this;
    if (node === undefined) return this.#spool.send(packet);
    return this.#spool.send({ kind: 'encapsulated', radius, node, packet: encodePacket(packet) });
  }

  report(report: DriverReport): void {
    this.#spool.act(report);
  }

  drawToken(): number {
    return this.#spool.drawToken();
  }
}

/**
 * What the parts of an MQTT-SN link want done while one input is handled, in the order they want it, and the counters
 * they move. Emptied after every input; the parts share one per link, so tokens are never drawn twice.
 */
import type { ChannelAction } from '../base/machine.ts';
import type { Packet } from '../codec/mqttsn.ts';
import { encodePacket } from '../codec/mqttsn-encode.ts';
import { encodeFrame } from '../codec/sn-cobs.ts';
import type { DriverReport, LinkAction } from './driver.ts';

export class Outlet {
  /** Octets of the largest packet that may be sent. */
  readonly packetBytesMax: number;
  readonly counters = { bytesOut: 0, framesOut: 0, unexpectedPackets: 0, duplicates: 0, retries: 0 };
  #actions: LinkAction[] = [];
  #lastToken = 0;

  constructor(packetBytesMax: number) {
    this.packetBytesMax = packetBytesMax;
  }

  /** @returns false, and nothing is sent, when the packet is larger than the link allows */
  send(packet: Packet): boolean {
    const bytes = encodePacket(packet);
    if (bytes.length > this.packetBytesMax) return false;
    const frame = encodeFrame(bytes);
    this.counters.framesOut += 1;
    this.counters.bytesOut += frame.length;
    this.#actions.push({ kind: 'write', bytes: frame });
    return true;
  }

  report(report: DriverReport): void {
    this.#actions.push(report);
  }

  act(actions: readonly ChannelAction[]): void {
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

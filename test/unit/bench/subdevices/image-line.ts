/** Line between an `ImageGateway` and a subdevice, in steps of virtual time. Packets may be lost, doubled and reordered. */
import type { Random } from '../../../../src/base/random.ts';
import type { Packet } from '../../../../src/codec/mqttsn-packets.ts';
import type { ImageGateway } from './image-gateway.ts';

export const STEP_MS = 50;
/** Longest virtual time of a transfer. */
const TIME_MS_MAX = 30 * 60_000;

/** Subdevice of either kind. */
export interface ImageDevice {
  /** Passes packets of the gateway, and the time. @returns packets of the subdevice */
  step(packets: readonly Packet[], nowMs: number): Promise<readonly Packet[]>;
}

/** Change of the packets of one step and one direction. */
export type LineFault = (packets: readonly Packet[]) => readonly Packet[];

export const NO_FAULT: LineFault = (packets) => packets;

/** Returns a line that loses, doubles and reorders packets. @param share of packets, for each of them */
export function unreliable(random: Random, share: number): LineFault {
  return (packets) => {
    const left = packets.flatMap((packet) => {
      if (random() < share) return [];
      return random() < share ? [packet, packet] : [packet];
    });
    for (let at = 1; at < left.length; at += 1) {
      const [one, other] = [left[at - 1], left[at]];
      if (one !== undefined && other !== undefined && random() < share) left.splice(at - 1, 2, other, one);
    }
    return left;
  };
}

export class ImageLine {
  readonly #gateway: ImageGateway;
  readonly #device: ImageDevice;
  readonly #fault: LineFault;
  #down: readonly Packet[] = [];
  nowMs = 0;
  /** Packets of the subdevice in the last step. */
  up: readonly Packet[] = [];

  constructor(gateway: ImageGateway, device: ImageDevice, fault: LineFault = NO_FAULT) {
    this.#gateway = gateway;
    this.#device = device;
    this.#fault = fault;
  }

  async step(more: readonly Packet[] = []): Promise<void> {
    this.nowMs += STEP_MS;
    this.up = await this.#device.step(this.#fault([...this.#down, ...more]), this.nowMs);
    this.#down = this.#gateway.step(this.#fault(this.up), this.nowMs);
  }

  async until(isReached: () => boolean): Promise<void> {
    while (!isReached()) {
      if (this.nowMs > TIME_MS_MAX) throw new Error('the transfer does not end');
      await this.step();
    }
  }
}

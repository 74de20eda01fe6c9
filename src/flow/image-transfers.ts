/**
 * Transfers of images to subdevices: OFFER and STOP at once, CHUNKs at the pace of their line, in turns. All of them only
 * while no downlink can be delivered to the subdevice (`flow/downlink.ts` asks for them).
 */
import type { ImageDigest } from '../base/firmware.ts';
import type { Qos } from '../base/message.ts';
import { encodeFirmwareDown, type FirmwareUpMessage } from '../codec/firmware-messages.ts';
import { type ImageChunk, ImageTransfer } from '../firmware/image-transfer.ts';
import { LinePace } from '../firmware/line-pace.ts';
import type { Clock, FirmwareStorage } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { Timer } from '../runtime/timer.ts';
import type { Subdevice } from '../subdevices/registry.ts';
import type { OwnMessages } from './own-messages.ts';

export interface ImageTransfersOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly storage: Pick<FirmwareStorage, 'read'>;
  /** Share of the speed of a line for chunks, above 0, at most 1. */
  readonly lineShare: number;
  /** Present speed of a link, bytes per second. */
  readonly speedOf: (link: string) => number;
  /** Gives a present subdevice its next message, if it is idle. */
  readonly deliver: (lane: number) => void;
  /** Called when a part of a complete image could not be read. */
  readonly unreadable: () => void;
}

interface StoredImage {
  readonly image: ImageDigest;
  readonly crc32: number;
}

interface Served {
  readonly lane: number;
  link: string;
  /** Messages that are due, oldest first: at most one OFFER and one STOP. */
  offer: Uint8Array | undefined;
  stop: number | undefined;
  transfer: (StoredImage & { readonly state: ImageTransfer }) | undefined;
  /** Message that is being delivered. */
  delivering: 'offer' | 'stop' | ImageChunk | undefined;
}

interface OwnPayload {
  readonly payload: Uint8Array;
  readonly qos: Qos;
}

export class ImageTransfers {
  readonly #options: ImageTransfersOptions;
  readonly #served = new Map<string, Served>();
  readonly #paces = new Map<string, LinePace>();
  readonly #timer: Timer;

  constructor(options: ImageTransfersOptions) {
    this.#options = options;
    this.#timer = new Timer(options.clock, options.mailbox, () => this.#turn());
  }

  sendOffer(subdevice: Subdevice, offer: Uint8Array): void {
    const served = this.#of(subdevice);
    served.offer = offer;
    served.stop = undefined;
    this.#options.deliver(served.lane);
  }

  /** @param image CRC-32 of an image that is not offered any more */
  sendStop(subdevice: Subdevice, image: number): void {
    const served = this.#of(subdevice);
    served.stop = image;
    this.#options.deliver(served.lane);
  }

  /** Handles a GET. @returns number of confirmed octets; `undefined`: the GET is impossible for the image */
  get(
    subdevice: Subdevice,
    stored: StoredImage,
    message: Extract<FirmwareUpMessage, { kind: 'get' }>,
  ): number | undefined {
    const served = this.#of(subdevice);
    const { image, crc32 } = stored;
    if (served.transfer?.crc32 !== crc32)
      served.transfer = { image, crc32, state: new ImageTransfer(crc32, image.size) };
    const { state } = served.transfer;
    served.offer = undefined; // the subdevice knows the offer
    if (!state.get(message, this.#options.clock.nowMs())) return undefined;
    this.#options.deliver(served.lane);
    return state.confirmed;
  }

  /** Called when the subdevice has connected again. */
  pause(id: string): void {
    this.#served.get(id)?.transfer?.state.pause();
  }

  /** Ends the transfer to a subdevice, and an OFFER that was not delivered. */
  end(id: string): void {
    const served = this.#served.get(id);
    if (served !== undefined) Object.assign(served, { offer: undefined, transfer: undefined });
  }

  confirmedBy(id: string): number {
    return this.#served.get(id)?.transfer?.state.confirmed ?? 0;
  }

  rateTo(id: string): number | undefined {
    return this.#served.get(id)?.transfer?.state.bytesPerS;
  }

  /** True if the subdevice has asked for chunks since it connected. */
  isSending(id: string): boolean {
    return this.#served.get(id)?.transfer?.state.isAsked ?? false;
  }

  /** Returns the next message for a subdevice that is idle. @param isAwake it sleeps again, so it gets no chunks */
  next(subdevice: Subdevice, isAwake: boolean): OwnPayload | undefined {
    const served = this.#served.get(subdevice.id);
    if (served === undefined) return undefined;
    served.link = subdevice.link;
    if (served.stop !== undefined) {
      const payload = encodeFirmwareDown({ kind: 'stop', image: served.stop });
      served.delivering = 'stop';
      return { payload, qos: 1 };
    }
    if (served.offer !== undefined) {
      served.delivering = 'offer';
      return { payload: served.offer, qos: 1 };
    }
    return isAwake ? undefined : this.#nextChunk(served);
  }

  ended({ id }: Subdevice, report: Parameters<OwnMessages['ended']>[1]): void {
    const served = this.#served.get(id);
    const ended = served?.delivering;
    if (served === undefined || ended === undefined) return;
    served.delivering = undefined;
    if (typeof ended === 'object') {
      if (report.kind === 'undelivered' && report.size !== undefined)
        served.transfer?.state.tooLarge(ended, report.size.bytes - report.size.bytesMax);
    } else if (report.kind === 'delivered' || report.why !== 'lost') served[ended] = undefined;
  }

  #nextChunk(served: Served): OwnPayload | undefined {
    const { clock, speedOf } = this.#options;
    const { transfer, link } = served;
    if (transfer === undefined) return undefined;
    this.#read(served);
    const pace = this.#paceOf(link);
    const nowMs = clock.nowMs();
    if (nowMs < pace.nextAtMs) {
      if (transfer.state.isReady) this.#timer.set(pace.nextAtMs);
      return undefined;
    }
    const chunk = transfer.state.next();
    if (chunk === undefined) return undefined;
    const payload = encodeFirmwareDown({ kind: 'chunk', image: transfer.crc32, ...chunk });
    pace.sent(payload.length, speedOf(link), nowMs);
    served.delivering = chunk;
    this.#toTheEnd(served);
    this.#timer.set(pace.nextAtMs);
    return { payload, qos: 0 };
  }

  #read(served: Served): void {
    const { transfer } = served;
    const part = transfer?.state.toRead();
    if (transfer === undefined || part === undefined) return;
    this.#options.storage.read(transfer.image, part.offset, part.bytes, (octets) => {
      transfer.state.wasRead(octets);
      if (octets === undefined) this.#options.unreadable();
      else if (served.transfer === transfer) this.#options.deliver(served.lane);
    });
  }

  /** Gives each subdevice with a ready chunk a turn, beginning with the one that has waited longest. */
  #turn(): void {
    for (const { lane, transfer } of [...this.#served.values()])
      if (transfer?.state.isReady) this.#options.deliver(lane);
  }

  /** Moves a subdevice to the end of the turns. */
  #toTheEnd(served: Served): void {
    for (const [id, one] of this.#served) {
      if (one !== served) continue;
      this.#served.delete(id);
      this.#served.set(id, served);
      return;
    }
  }

  #paceOf(link: string): LinePace {
    const known = this.#paces.get(link);
    if (known !== undefined) return known;
    const pace = new LinePace(this.#options.lineShare);
    this.#paces.set(link, pace);
    return pace;
  }

  #of({ id, lane, link }: Subdevice): Served {
    const known = this.#served.get(id);
    if (known !== undefined) return known;
    const served: Served = {
      lane,
      link,
      offer: undefined,
      stop: undefined,
      transfer: undefined,
      delivering: undefined,
    };
    this.#served.set(id, served);
    return served;
  }
}

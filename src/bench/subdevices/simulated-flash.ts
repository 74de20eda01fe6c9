/**
 * Flash of a simulated subdevice: the running version, and a slot for one image. It survives restarts of the subdevice;
 * octets of a page that is not full do not. Faults are set by tests.
 */
import { crc32 } from '../../codec/crc32.ts';
import type { FirmwareDownMessage } from '../../codec/firmware-messages.ts';

export type OfferMessage = Extract<FirmwareDownMessage, { kind: 'offer' }>;

/** Faults of a flash. All are off at first. */
export interface FlashFaults {
  /** Reason to refuse each offer. */
  refusal?: string | undefined;
  /** Offset at which writing fails. */
  failsAt?: number | undefined;
  /** Number of images whose first octet is stored inverted. */
  damages?: number;
  /** The installation fails. */
  failsInstallation?: boolean;
  /** The installation succeeds, and the old version runs after the restart. */
  startsOldVersion?: boolean;
}

interface Slot {
  readonly image: number;
  readonly octets: Uint8Array;
  written: number;
}

export class SimulatedFlash {
  /** Version of the running firmware. */
  version: string;
  /** Images in the order of their installation. */
  readonly installed: Uint8Array[] = [];
  readonly faults: FlashFaults = {};
  readonly #sizeMax: number;
  readonly #pageBytes: number;
  #slot: Slot | undefined;

  constructor(
    version: string,
    { sizeMax = 1 << 20, pageBytes = 256 }: { readonly sizeMax?: number; readonly pageBytes?: number } = {},
  ) {
    this.version = version;
    this.#sizeMax = sizeMax;
    this.#pageBytes = pageBytes;
  }

  /** Number of octets of the image in the slot, which may be incomplete. */
  get written(): number {
    return this.#slot?.written ?? 0;
  }

  /** Returns the reason to refuse an image. `undefined`: it is accepted. */
  refusalOf({ size }: OfferMessage): string | undefined {
    return this.faults.refusal ?? (size > this.#sizeMax ? 'the image is too large' : undefined);
  }

  /** Prepares the slot for an image. @returns offset of the next octet to write: those before it are durable */
  resume({ image, size }: OfferMessage): number {
    const slot = this.#slot;
    if (slot?.image !== image || slot.octets.length !== size) {
      this.#slot = { image, octets: new Uint8Array(size), written: 0 };
      return 0;
    }
    if (slot.written < size) slot.written -= slot.written % this.#pageBytes;
    return slot.written;
  }

  /** Writes the next octets. @returns true on success */
  write(offset: number, octets: Uint8Array): boolean {
    const slot = this.#slot;
    const { failsAt = Number.POSITIVE_INFINITY, damages = 0 } = this.faults;
    if (slot?.written !== offset || offset + octets.length > failsAt) return false;
    slot.octets.set(octets, offset);
    if (offset === 0 && damages > 0) {
      this.faults.damages = damages - 1;
      slot.octets[0] = (slot.octets[0] ?? 0) ^ 0xff;
    }
    slot.written += octets.length;
    return true;
  }

  /** Returns the CRC-32 of the image in the slot. */
  crc32(): number {
    return crc32(this.#slot?.octets ?? new Uint8Array(0));
  }

  /** Empties the slot: its content is wrong. */
  discard(): void {
    this.#slot = undefined;
  }

  /** Installs the image in the slot. The new version runs after the restart. @returns true on success */
  install({ version }: OfferMessage): boolean {
    if (this.#slot === undefined || this.faults.failsInstallation === true) return false;
    this.installed.push(this.#slot.octets);
    this.#slot = undefined;
    if (this.faults.startsOldVersion !== true) this.version = version;
    return true;
  }
}

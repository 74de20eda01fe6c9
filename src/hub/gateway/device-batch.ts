/**
 * Request about several subdevices. Devices are added until the next one would exceed the limits. The hub accepts
 * messages of at most 16 KB and names may be long, so the limit is in bytes.
 */

export interface BatchLimits {
  /** Largest payload of the request. */
  readonly bytesMax: number;
  /** Largest number of devices. 1 for a hub that accepts one device per request, as every SDK of the vendor sends. */
  readonly devicesMax: number;
}

export class DeviceBatch {
  readonly #type: string;
  readonly #limits: BatchLimits;
  readonly #devices: string[] = [];
  #bytes: number;

  constructor(type: string, limits: BatchLimits) {
    this.#type = type;
    this.#limits = limits;
    this.#bytes = this.payload().length;
  }

  get size(): number {
    return this.#devices.length;
  }

  /** Adds a device. The first one always fits. @returns false if there is no room; the device was not added */
  add(device: object): boolean {
    const json = JSON.stringify(device);
    const bytes = this.#bytes + new TextEncoder().encode(json).length + 1; // 1 for the comma
    const isFull = this.#devices.length >= this.#limits.devicesMax || bytes > this.#limits.bytesMax;
    if (isFull && this.size > 0) return false;
    this.#devices.push(json);
    this.#bytes = bytes;
    return true;
  }

  payload(): Uint8Array {
    const type = JSON.stringify(this.#type);
    return new TextEncoder().encode(`{"type":${type},"payload":{"devices":[${this.#devices.join(',')}]}}`);
  }
}

/**
 * A request about several subdevices, filled until the next one would not fit: the hub takes messages of at most 16 KB
 * (hub contract §1.8) and names may be long, so it is the bytes that count.
 */

export interface BatchLimits {
  /** The operation's payload. */
  readonly bytesMax: number;
  /** 1 for a hub that takes one device per request, as every vendor SDK sends it (§3.2). */
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

  /** The first always fits. @returns false when it has no room: then it is not in */
  add(device: object): boolean {
    const json = JSON.stringify(device);
    const bytes = this.#bytes + new TextEncoder().encode(json).length + 1; // and its comma
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

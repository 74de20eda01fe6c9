/**
 * Data that a service keeps for each device. Invariant: at most `DEVICES_MAX` devices; beyond this number the oldest
 * entry is removed.
 */
import type { RegisteredDevice } from '../device-registry.ts';
import { keyOf } from './system-topic.ts';

/** Largest number of devices. Own choice: more than the largest gateway may have behind it. */
const DEVICES_MAX = 10_000;

export class PerDevice<T> {
  readonly #kept = new Map<string, { readonly device: RegisteredDevice; readonly value: T }>();

  get(device: RegisteredDevice): T | undefined {
    return this.#kept.get(keyOf(device))?.value;
  }

  set(device: RegisteredDevice, value: T): void {
    this.#kept.set(keyOf(device), { device, value });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= DEVICES_MAX) break;
      this.#kept.delete(oldest);
    }
  }

  devicesOf(product: string): RegisteredDevice[] {
    return [...this.#kept.values()].flatMap(({ device }) => (device.product === product ? [device] : []));
  }
}

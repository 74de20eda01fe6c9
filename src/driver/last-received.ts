/** Time of the last valid frame of each subdevice of a link. */

/**
 * Largest number of subdevices kept per link: more than any hub profile allows. The least recently received one is
 * dropped first.
 */
const SUBDEVICES_MAX = 2048;

/** Subdevice → monotonic ms of its last valid frame, least recently received first. */
export class LastReceived {
  private atMs = new Map<string, number>();
  private newest: string | undefined;

  note(subdevice: string, nowMs: number): void {
    if (subdevice !== this.newest) this.atMs.delete(subdevice);
    this.newest = subdevice;
    this.atMs.set(subdevice, nowMs);
    if (this.atMs.size <= SUBDEVICES_MAX) return;
    const [oldest] = this.atMs.keys();
    if (oldest !== undefined) this.atMs.delete(oldest);
  }

  /** Returns the monotonic ms of the last valid frame of a subdevice. `undefined`: no valid frame has been received. */
  of(subdevice: string): number | undefined {
    return this.atMs.get(subdevice);
  }
}

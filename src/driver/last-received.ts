/** Time of the last valid frame of each subdevice of a link. */

/** Largest number of subdevices kept per link, least recently received first. More than any hub profile allows. */
const SUBDEVICES_MAX = 2048;

/** Subdevice → monotonic ms of its last valid frame, least recently received first. */
export class LastReceived {
  private atMs = new Map<string, number>();

  note(subdevice: string, nowMs: number): void {
    this.atMs.delete(subdevice);
    this.atMs.set(subdevice, nowMs);
    const [oldest] = this.atMs.keys();
    if (this.atMs.size > SUBDEVICES_MAX && oldest !== undefined) this.atMs.delete(oldest);
  }

  /** `undefined`: no valid frame has been received. */
  of(subdevice: string): number | undefined {
    return this.atMs.get(subdevice);
  }
}

/** Uplinks turned away for good since the start, by reason: whoever sent them will not get them through as they are. */
export interface Refusal {
  readonly subdevice: string;
  readonly topic: string;
  /** `its payload has 20000 bytes, and the hub takes 16384` */
  readonly words: string;
}

export class Refusals {
  readonly #counts = new Map<string, number>();
  #last: Refusal | undefined;

  /** @param reason one of a closed list */
  note(reason: string, refusal: Refusal): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    this.#last = refusal;
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  get last(): Refusal | undefined {
    return this.#last;
  }
}

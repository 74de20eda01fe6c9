/** Who waits for an acknowledgement of ours, by number: entries carry the number, so custody knows nobody. */
export class PendingAcks<AckWaiter> {
  readonly #open = new Map<number, AckWaiter>();
  #last = 0;

  note(ackWaiter: AckWaiter): number {
    this.#last += 1;
    this.#open.set(this.#last, ackWaiter);
    return this.#last;
  }

  settle(debt: number): AckWaiter | undefined {
    const ackWaiter = this.#open.get(debt);
    this.#open.delete(debt);
    return ackWaiter;
  }

  get size(): number {
    return this.#open.size;
  }
}

/** Who waits for an acknowledgement of ours, by number: entries carry the number, so custody knows nobody. */
export class Debts<Creditor> {
  readonly #open = new Map<number, Creditor>();
  #last = 0;

  note(creditor: Creditor): number {
    this.#last += 1;
    this.#open.set(this.#last, creditor);
    return this.#last;
  }

  settle(debt: number): Creditor | undefined {
    const creditor = this.#open.get(debt);
    this.#open.delete(debt);
    return creditor;
  }

  get size(): number {
    return this.#open.size;
  }
}

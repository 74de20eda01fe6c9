/**
 * Losses that the store has found when it was opened, until an operator acknowledges them (`holdfast
 * acknowledge-loss`).
 */

import type { Committer } from '../commit/committer.ts';
import type { LossRow } from '../custody/row.ts';

export class Losses {
  #rows: readonly LossRow[];
  readonly #committer: Committer;

  constructor(rows: readonly LossRow[], committer: Committer) {
    this.#rows = rows;
    this.#committer = committer;
  }

  get rows(): readonly LossRow[] {
    return this.#rows;
  }

  /** Resolves once a restart does not show the losses again. False: there are none. */
  acknowledge(nowMs: number): Promise<boolean> {
    if (this.#rows.length === 0) return Promise.resolve(false);
    this.#rows = [];
    return new Promise((resolve) => this.#committer.require([{ kind: 'lossesSeen' }], nowMs, () => resolve(true)));
  }
}

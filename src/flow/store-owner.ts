/**
 * Machine that owns the store. A store that wakes on another machine may be a copy whose original still runs: two gateways
 * with one identity take the connection to the hub from each other, acknowledge each other's downlinks, and carry out
 * commands twice. So a copy only collects: uplinks are accepted and stored, nothing is sent to the hub, and no downlink is
 * delivered, until an operator decides (docs/decisions/0029).
 *
 * A card or disk that was moved to another machine is no copy: the old machine does not have it any more.
 */
import type { Facts } from '../base/events.ts';
import {
  compareMachines,
  differencesBetween,
  isSameEvidence,
  type MachineEvidence,
  mergedEvidence,
} from '../base/machine-identity.ts';
import type { Committer } from '../commit/committer.ts';
import type { Clock } from '../ports.ts';

export interface StoreOwnerOptions {
  readonly clock: Clock;
  readonly facts: Facts;
  readonly committer: Pick<Committer, 'addLazy' | 'require'>;
  /** Connects to the hub and delivers the waiting downlinks. Called when the store is adopted. */
  readonly release: () => void;
}

export class StoreOwner {
  readonly #options: StoreOwnerOptions;
  readonly #known: MachineEvidence | undefined;
  readonly #found: MachineEvidence | undefined;
  readonly #verdict: ReturnType<typeof compareMachines>;
  /** Kinds of evidence that differ, in words. Empty: the store belongs to this machine. */
  readonly differences: readonly string[];
  /** `adopting`: the commit of the new owner has not ended. */
  #decision: 'none' | 'adopting' | 'adopted' = 'none';

  /**
   * @param known evidence in the store; `undefined`: no machine is known. @param found evidence of this machine;
   * `undefined`: it is not checked
   */
  constructor(options: StoreOwnerOptions, known: MachineEvidence | undefined, found: MachineEvidence | undefined) {
    this.#options = options;
    this.#known = known;
    this.#found = found;
    this.#verdict = known === undefined || found === undefined ? 'same' : compareMachines(known, found);
    this.differences =
      known === undefined || found === undefined || this.#verdict === 'same' ? [] : differencesBetween(known, found);
  }

  /** True while the store may be a copy and no operator has decided. */
  get isHeld(): boolean {
    return this.#verdict === 'copied' && this.#decision !== 'adopted';
  }

  /** Records this machine as the owner, unless the store may be a copy. Called once the store is attached. */
  start(): void {
    const { facts, committer } = this.#options;
    const [known, found] = [this.#known, this.#found];
    if (found === undefined) return;
    if (this.#verdict !== 'same')
      facts.emit('storeOnOtherMachine', { verdict: this.#verdict, differences: this.differences.join(', ') });
    if (this.isHeld) return;
    const evidence = known === undefined ? found : mergedEvidence(known, found);
    // a lost record is written at the next start
    if (known === undefined || !isSameEvidence(known, evidence)) committer.addLazy({ kind: 'machine', evidence });
  }

  /** Makes this machine the owner. @param done called when that is durable. @returns false if it is the owner already */
  adopt(done: () => void): boolean {
    const { committer, clock, release } = this.#options;
    const found = this.#found;
    if (!this.isHeld || this.#decision === 'adopting' || found === undefined) return false;
    this.#decision = 'adopting';
    committer.require([{ kind: 'machine', evidence: found }], clock.nowMs(), () => {
      this.#decision = 'adopted';
      release(); // after the commit: a crash before it leaves a copy that waits
      done();
    });
    return true;
  }
}

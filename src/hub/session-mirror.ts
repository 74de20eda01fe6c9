/**
 * The mirror of our session at the hub: which filters it holds for us, and whether it should remember us at all.
 *
 * SessionPresent is believed. 1: keep what is granted, mend the difference. 0: nothing is there; if we expected a session,
 * it was lost, and downlinks may be missing.
 */

import type { Stamp } from '../base/time.ts';
import type { HubSessionRow } from '../custody/row.ts';

export interface Reconciliation {
  /** A session was expected and is not there. */
  readonly isLost: boolean;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** Filters that were granted and are not any more. */
  readonly gone: readonly string[];
}

export class SessionMirror {
  readonly #granted: Set<string>;
  #row: HubSessionRow;
  #sessionPresent: boolean | undefined;

  constructor(row: HubSessionRow, grantedFilters: readonly string[]) {
    this.#row = row;
    this.#granted = new Set(grantedFilters);
  }

  get row(): HubSessionRow {
    return this.#row;
  }

  get granted(): ReadonlySet<string> {
    return this.#granted;
  }

  /** Of the last CONNACK; `undefined` before the first. */
  get sessionPresent(): boolean | undefined {
    return this.#sessionPresent;
  }

  /** CONNACK: what is to be asked of the hub so that it holds exactly `wanted`. */
  connected(sessionPresent: boolean, wanted: ReadonlySet<string>, at: Stamp): Reconciliation {
    const isLost = !sessionPresent && this.#row.expected;
    const gone = sessionPresent ? [] : [...this.#granted];
    if (!sessionPresent) this.#granted.clear();
    this.#sessionPresent = sessionPresent;
    this.#row = {
      ...this.#row,
      expected: true,
      connected: true,
      changedAt: at,
      lostCount: this.#row.lostCount + (isLost ? 1 : 0),
    };
    return {
      isLost,
      gone,
      subscribe: [...wanted].filter((filter) => !this.#granted.has(filter)),
      unsubscribe: [...this.#granted].filter((filter) => !wanted.has(filter)),
    };
  }

  /** @param sentTo uplinks up to this number may have been sent */
  disconnected(at: Stamp, sentTo: number): void {
    this.#row = { ...this.#row, connected: false, changedAt: at, sentTo };
  }

  grant(filter: string): void {
    this.#granted.add(filter);
  }

  drop(filter: string): void {
    this.#granted.delete(filter);
  }
}

/**
 * The mirror of our session at the hub: which filters it holds for us, and whether it should remember us at all.
 *
 * SessionPresent is believed. 1: keep what is granted, mend the difference. 0: nothing is there; if we expected a session,
 * it was lost, and downlinks may be missing.
 *
 * What is kept was granted to one client id at one hub. Under another one, or at another hub, a session may be present too,
 * and hold other filters: then all are asked for anew.
 */
import type { Stamp } from '../../base/time.ts';
import { filterProblem } from '../../base/topic.ts';
import { crc32 } from '../../codec/crc32.ts';
import type { HubSessionRow } from '../../custody/row.ts';

export interface Reconciliation {
  /** A session was expected and is not there. */
  readonly isLost: boolean;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** Filters that were granted and are not any more. */
  readonly gone: readonly string[];
  /** Wanted filters that no SUBSCRIBE can carry (§4.7). Only a damaged store holds such filters. */
  readonly invalid: readonly string[];
}

/** The port does not matter: the hub is the same with TLS and without. */
export function sessionOwner({ host, clientId }: { readonly host: string; readonly clientId: string }): number {
  return crc32(new TextEncoder().encode(`${clientId} ${host}`));
}

export class HubSessionState {
  readonly #granted: Set<string>;
  readonly #owner: number;
  /** Granted to somebody else: to be forgotten. */
  #foreign: readonly string[] = [];
  #row: HubSessionRow;
  #sessionPresent: boolean | undefined;

  /** @param owner as `sessionOwner` says */
  constructor(row: HubSessionRow, grantedFilters: readonly string[], owner: number) {
    this.#row = row;
    this.#owner = owner;
    const isOurs = row.owner === owner || row.owner === 0;
    this.#granted = new Set(isOurs ? grantedFilters : []);
    if (!isOurs) this.#foreign = grantedFilters;
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
    const impossible = [...this.#granted].filter((filter) => filterProblem(filter) !== undefined);
    const gone = sessionPresent ? [...impossible, ...this.#foreign] : [...this.#granted, ...this.#foreign];
    this.#foreign = [];
    if (!sessionPresent) this.#granted.clear();
    for (const filter of impossible) this.#granted.delete(filter);
    this.#sessionPresent = sessionPresent;
    this.#row = {
      ...this.#row,
      expected: true,
      connected: true,
      changedAt: at,
      owner: this.#owner,
      lostCount: this.#row.lostCount + (isLost ? 1 : 0),
    };
    return {
      isLost,
      gone,
      subscribe: [...wanted].filter((filter) => !this.#granted.has(filter) && filterProblem(filter) === undefined),
      invalid: [...wanted].filter((filter) => filterProblem(filter) !== undefined),
      unsubscribe: [...this.#granted].filter((filter) => !wanted.has(filter)),
    };
  }

  disconnected(at: Stamp): void {
    this.#row = { ...this.#row, connected: false, changedAt: at };
  }

  grant(filter: string): void {
    this.#granted.add(filter);
  }

  drop(filter: string): void {
    this.#granted.delete(filter);
  }
}

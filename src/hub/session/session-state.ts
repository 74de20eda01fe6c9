/**
 * Local copy of the session at the hub: the filters that the hub holds, and whether the hub should have a session.
 *
 * SessionPresent is trusted. 1: granted filters are kept, and the difference to the wanted filters is requested. 0: the
 * hub has no filters; if a session was expected, it was lost, and downlinks may be missing.
 *
 * The stored filters were granted to one client id at one hub. Another client id or another hub may have a session with
 * other filters: then all filters are requested again.
 */
import type { Stamp } from '../../base/time.ts';
import { filterProblem } from '../../base/topic.ts';
import { crc32 } from '../../codec/crc32.ts';
import type { HubSessionRow } from '../../custody/row.ts';

export interface Reconciliation {
  /** A session was expected and is missing. */
  readonly isLost: boolean;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** Filters that were granted and no longer are. */
  readonly gone: readonly string[];
  /** Wanted filters that no SUBSCRIBE can carry (MQTT 3.1.1 §4.7). Only a damaged store holds such filters. */
  readonly invalid: readonly string[];
}

/** Returns the identity of a session. The port is not part of it: the hub is the same with TLS and without. */
export function sessionOwner({ host, clientId }: { readonly host: string; readonly clientId: string }): number {
  return crc32(new TextEncoder().encode(`${clientId} ${host}`));
}

export class HubSessionState {
  #granted: Set<string>;
  #owner: number;
  /** Filters that were granted to another owner and are dropped. */
  #foreign: readonly string[] = [];
  #row: HubSessionRow;
  #sessionPresent: boolean | undefined;

  /** @param owner result of `sessionOwner` */
  constructor(row: HubSessionRow, grantedFilters: readonly string[], owner: number) {
    this.#row = row;
    this.#owner = owner;
    const isOurs = row.owner === owner || row.owner === 0;
    this.#granted = new Set(isOurs ? grantedFilters : []);
    if (!isOurs) this.#foreign = grantedFilters;
  }

  /** Sets the client id and the hub of the next connection. @param owner result of `sessionOwner` */
  setOwner(owner: number): void {
    if (owner === this.#owner) return;
    this.#owner = owner;
    const known = [...this.#granted, ...this.#foreign];
    const isOurs = this.#row.owner === owner || this.#row.owner === 0;
    this.#granted = new Set(isOurs ? known : []);
    this.#foreign = isOurs ? [] : known;
  }

  get row(): HubSessionRow {
    return this.#row;
  }

  get granted(): ReadonlySet<string> {
    return this.#granted;
  }

  /** Flag of the last CONNACK. `undefined` before the first. */
  get sessionPresent(): boolean | undefined {
    return this.#sessionPresent;
  }

  /** Handles CONNACK. Returns the requests after which the hub holds exactly `wanted`. */
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

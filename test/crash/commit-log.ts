/**
 * Commits of the recorded gateway, in order, written next to the state folder, so that each crash image can be
 * compared with the states between two commits. No other state may be found on a medium.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import type { Change } from '../../src/custody/change.ts';
import type { OpenStore } from '../../src/ports.ts';
import { StoreCore } from '../../src/store/core.ts';
import type { Database } from '../../src/store/database.ts';
import { ModelStore, type StoredState, stateOf } from '../sim/stored-state.ts';

/** Path in the folder above the state. */
export const COMMITS_FILE = 'commits';
const OPENED = 'opened';
/** Changes that an opening writes by itself. */
const OF_OPENINGS = /^(?:reserved|wall$|slept$|newest letter$)/;

/** @param path path of the notes */
export function notingCommits(openStore: OpenStore, path: string): OpenStore {
  return async (listener) => {
    const opened = await openStore(listener);
    const { store } = opened;
    appendFileSync(path, `${OPENED}\n`);
    const commit = store.commit.bind(store);
    store.commit = (batch, changes) => {
      appendFileSync(path, `${JSON.stringify(changes, writeBytes)}\n`);
      commit(batch, changes);
    };
    return opened;
  };
}

/** Every state between two commits. A kill may come before the last recorded commit of a process was made. */
export function statesBetweenCommits(path: string, empty: StoredState): ReadonlySet<string> {
  const states = new Set<string>([digestOf(empty)]);
  let ends: StoredState[] = [empty];
  for (const life of readFileSync(path, 'utf8').split(`${OPENED}\n`)) {
    const commits = life.split('\n').filter((line) => line !== '');
    ends = ends.flatMap((begin) => {
      let before = begin;
      let now = begin;
      for (const line of commits) {
        const model = new ModelStore(now, now);
        for (const change of JSON.parse(line, readBytes) as Change[]) model.apply(change);
        before = now;
        now = model.state;
        states.add(digestOf(now));
      }
      return before === now ? [now] : [before, now];
    });
  }
  return states;
}

/** State of a new store. */
export function emptyState(): StoredState {
  const { database } = new StoreCore({ path: ':memory:', bootId: 'birth', upMs: 0 });
  try {
    return stateOf(database);
  } finally {
    database.close();
  }
}

export function digestOfStore(database: Database): string {
  return digestOf(stateOf(database));
}

function digestOf(state: StoredState): string {
  const kept = [...state].filter(([key]) => !OF_OPENINGS.test(key));
  return kept
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join('\n');
}

function writeBytes(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('base64') } : value;
}

function readBytes(_: string, value: unknown): unknown {
  const isBytes = typeof value === 'object' && value !== null && 'bytes' in value && typeof value.bytes === 'string';
  return isBytes ? new Uint8Array(Buffer.from(value.bytes as string, 'base64')) : value;
}

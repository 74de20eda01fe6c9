/**
 * The real store on a real file in a folder of its own, in this thread; receipts are recorded in the order of
 * arrival.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Change } from '../../../src/custody/change.ts';
import type { Row, StoreOpening } from '../../../src/custody/row.ts';
import type { Store, StoreListener } from '../../../src/ports.ts';
import type { CoreOptions } from '../../../src/store/core.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { StoreService } from '../../../src/store/service.ts';
import { StoreClient } from '../../../src/store/thread.ts';

export const BOOT = { bootId: 'boot-1', upMs: 1000 };

/** Path for a store; the folder is removed with the test. */
export function storePath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'holdfast.db');
}

export interface OpenedStore {
  readonly store: Store;
  readonly opening: StoreOpening;
  /** Events of the listener: batch numbers, and texts for the others. */
  readonly events: (number | string)[];
  /** Commits the changes as the next batch. */
  readonly commit: (...changes: Change[]) => void;
}

/** @throws reason for which the store could not be opened, as `code: text` */
export function openStore(path: string, options: Partial<CoreOptions> = {}): OpenedStore {
  const events: (number | string)[] = [];
  const listener: StoreListener = {
    committed: (batch) => events.push(batch),
    full: (batch) => events.push(`full ${batch}`),
    failed: (reason) => events.push(`failed: ${reason}`),
  };
  const parts: { service?: StoreService; opening?: StoreOpening; problem?: string } = {};
  const client = new StoreClient((message) => parts.service?.handle(message), listener);
  parts.service = new StoreService({
    path,
    ...BOOT,
    ...options,
    nowMs: () => 5000,
    send: (message) => {
      if (message.kind === 'opened') parts.opening = message.opening;
      else if (message.kind === 'unopened') parts.problem = `${message.code}: ${message.what}`;
      else if (message.kind !== 'progress') client.receive(message);
    },
  });
  if (parts.opening === undefined) throw new Error(parts.problem);
  let batch = 0;
  const commit = (...changes: Change[]): void => {
    batch += 1;
    client.store.commit(batch, changes);
  };
  return { store: client.store, opening: parts.opening, events, commit };
}

/** Changes the file without the store, which must be closed. */
export function tamper(path: string, sql: string): void {
  const database = openDatabase(path);
  database.exec(sql);
  database.close();
}

export function row(seq: number, lane = 1, fields: Partial<Row> = {}): Row {
  return { seq, lane, topic: 'a/b', payload: Uint8Array.of(1, 2, 3), qos: 1, stamp: { epoch: 1, upMs: 7 }, ...fields };
}

export function put(seq: number, lane = 1): Change {
  return { kind: 'put', direction: 'uplink', row: row(seq, lane) };
}

/** Three bytes of topic, three of payload, forty of overhead. */
export const ROW_BYTES = 46;

export function settle(seq: number, lane = 1): Change {
  return { kind: 'settle', direction: 'uplink', lane, seq, bytes: ROW_BYTES, outcome: { as: 'delivered' } };
}

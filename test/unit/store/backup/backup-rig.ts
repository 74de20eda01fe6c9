/** Backups and restores of a store in a state directory of a test. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Change } from '../../../../src/custody/change.ts';
import type { BackupFacts } from '../../../../src/store/backup/backup-note.ts';
import { type Restored, type RestoreOptions, restoreStore } from '../../../../src/store/backup/restore-store.ts';
import { copyStoppedStore, finishBackup } from '../../../../src/store/backup/write-backup.ts';
import { StoreCore } from '../../../../src/store/core.ts';
import { STORE_FILE } from '../../../../src/store/state-files.ts';
import { openStore, put, row } from '../store-rig.ts';

export const FACTS: BackupFacts = {
  takenAtMs: Date.UTC(2026, 6, 1, 12),
  isClockTrusted: true,
  gateway: 'gw',
  version: '1.0.0',
};

const CHANGED_AT = { epoch: 1, upMs: 30 };

/** Sessions, and three uplinks and two downlinks in custody. */
export const CHANGES: readonly Change[] = [
  { kind: 'subdevice', row: { lane: 1, id: 'pump', lasting: true, link: 'a' } },
  { kind: 'subscribe', row: { lane: 1, filter: 'gw/pump/cmd', qos: 1 } },
  { kind: 'topicId', lane: 1, topicId: 5, topic: 'temperature' },
  { kind: 'topicId', lane: 1, topicId: 0x8003, topic: 'cmd' },
  { kind: 'filterGranted', filter: 'gw/pump/cmd' },
  { kind: 'hubSession', row: { expected: true, connected: false, changedAt: CHANGED_AT, owner: 9, lostCount: 0 } },
  put(1),
  put(2),
  put(3),
  { kind: 'put', direction: 'downlink', row: row(1) },
  { kind: 'put', direction: 'downlink', row: row(2) },
];

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-backup-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** State directory with a closed store. */
export async function stateWith(changes: readonly Change[] = CHANGES): Promise<string> {
  const stateDir = join(newFolder(), 'state');
  mkdirSync(stateDir);
  const { commit, store } = openStore(join(stateDir, STORE_FILE));
  commit(...changes);
  await store.close();
  return stateDir;
}

/** Writes a backup of a stopped store. @returns its path */
export function backupOf(stateDir: string): string {
  const folder = newFolder();
  const [copies, target] = [join(folder, 'copies'), join(folder, 'gw.hfbackup')];
  mkdirSync(copies);
  copyStoppedStore(stateDir, copies);
  finishBackup(copies, target, FACTS);
  return target;
}

export function restore(stateDir: string, file: string, options: Partial<RestoreOptions> = {}): Promise<Restored> {
  return restoreStore({ stateDir, file, by: 'anna', dropsDownlinks: false, verified: () => undefined, ...options });
}

export function copyOf(file: string): string {
  const copy = join(newFolder(), 'copy');
  copyFileSync(file, copy);
  return copy;
}

/** Opens the store as the next start will, in a later boot, and reads the keys of its rows. */
export function openedIn(stateDir: string) {
  const core = new StoreCore({ path: join(stateDir, STORE_FILE), bootId: 'boot-2', upMs: 500 });
  const keys = (table: string): number[] =>
    core.database.prepare(`SELECT seq FROM ${table} ORDER BY seq`).pluck().all() as number[];
  const found = { opening: core.opening, uplinks: keys('outbox'), downlinks: keys('inbox') };
  core.close(600);
  return found;
}

/** Kills at each step of a restore: the next start has the old store or the new one, whole, and never parts of both. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readStoreOffline } from '../../src/store/offline.ts';
import { STORE_FILE } from '../../src/store/state-files.ts';
import { backupOf, newFolder, openedIn, stateWith } from '../unit/store/backup/backup-rig.ts';
import { openStore, put, settle } from '../unit/store/store-rig.ts';

const STOPPING = fileURLToPath(new URL('./restore-that-stops.ts', import.meta.url));
const NEW = [1, 2, 3];

interface Scene {
  readonly stateDir: string;
  readonly file: string;
  /** Numbers of the uplinks in the present store. */
  readonly old: readonly number[];
}

/** A store that was killed, so that its newest messages are in its WAL only, and a backup from before. */
async function newScene(): Promise<Scene> {
  const stateDir = await stateWith();
  const file = backupOf(stateDir);
  const later = openStore(join(stateDir, STORE_FILE));
  const first = later.opening.nextSeq.uplink;
  later.commit(settle(1), settle(2), settle(3), put(first), put(first + 1));
  const killed = join(newFolder(), 'killed');
  cpSync(stateDir, killed, { recursive: true });
  await later.store.close();
  return { stateDir: killed, file, old: [first, first + 1] };
}

function restoreUntil({ stateDir, file }: Scene, stopBefore: number) {
  const { stdout, signal, stderr } = spawnSync(process.execPath, [STOPPING, stateDir, file, String(stopBefore)], {
    encoding: 'utf8',
  });
  return { steps: stdout.split('\n').filter((line) => line !== ''), wasKilled: signal === 'SIGKILL', stderr };
}

function copyOf(scene: Scene): Scene {
  const stateDir = join(newFolder(), 'state');
  cpSync(scene.stateDir, stateDir, { recursive: true });
  return { ...scene, stateDir };
}

describe('a restore', () => {
  it('that is killed before any of its steps leaves the old store or the new one', async () => {
    const scene = await newScene();
    const { steps } = restoreUntil(copyOf(scene), 0);
    expect(steps).toContain('decide');
    expect(steps).toContain(`move ${STORE_FILE}-wal aside`);
    const decided = steps.indexOf('decide') + 1;
    for (let stop = 1; stop <= steps.length; stop += 1) {
      const tried = copyOf(scene);
      expect(restoreUntil(tried, stop).wasKilled).toBe(true);
      const found = stop <= decided ? scene.old : NEW;
      const offline = await readStoreOffline(copyOf(tried).stateDir);
      expect(offline?.lanes.find(({ direction }) => direction === 'uplink')?.pending, steps[stop - 1]).toBe(
        found.length,
      );
      expect(openedIn(tried.stateDir).uplinks, `killed before: ${steps[stop - 1]}`).toEqual(found);
      expect(readdirSync(tried.stateDir)).not.toContain('restoring');
      if (found === NEW) expect(openedIn(join(tried.stateDir, 'replaced', '1')).uplinks).toEqual(scene.old);
      // the same command again completes what was interrupted, or begins again
      expect(restoreUntil(tried, 0)).toMatchObject({ wasKilled: false, stderr: '' });
      expect(openedIn(tried.stateDir).uplinks).toEqual(NEW);
    }
  });

  it('that replaces the database first and its WAL later would mix both: the negative control', async () => {
    const { stateDir, file } = await newScene();
    expect(existsSync(join(stateDir, `${STORE_FILE}-wal`))).toBe(true);
    cpSync(file, join(stateDir, STORE_FILE));
    expect(openedIn(stateDir).uplinks).not.toEqual(NEW);
  });
});

/**
 * Time for which a corrupt store of 28 MB keeps the gateway from its work: measured and printed. The counts must be
 * correct.
 */
import { closeSync, copyFileSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { seededRandom } from '../../../../src/base/random.ts';
import { settledTotal } from '../../../../src/custody/ledger.ts';
import { StoreCore } from '../../../../src/store/core.ts';
import { readTally } from '../../../../src/store/reader.ts';
import { BOOT, row, storePath } from '../store-rig.ts';

const ROWS = 110_000;
const LANES = 8;
const COMMIT_ROWS = 5000;
const SECTORS = [20, 2000];
const SECTOR_BYTES = 512;

it('a corrupt store of 28 MB is in service again, with every message accounted for', () => {
  const filled = fill(storePath());
  for (const sectors of SECTORS) {
    const path = join(dirname(filled), `smashed-${sectors}.db`);
    copyFileSync(filled, path);
    smash(path, sectors);
    const startedMs = performance.now();
    const core = new StoreCore({ path, ...BOOT, suspect: true });
    const tookMs = Math.round(performance.now() - startedMs);
    const { counts, rows } = readTally(core.database);
    const { recovery, losses } = core.opening;
    const lostRows = losses[0]?.messages ?? 0;
    core.close(2000);
    const salvaged = rows.reduce((sum, lane) => sum + lane.rows, 0);
    console.log(`${sectors} sectors of ${statSync(filled).size} bytes: ${tookMs} ms, ${salvaged} of ${ROWS} salvaged`);
    expect(recovery[0]).toContain(`${salvaged} messages were salvaged`);
    expect(lostRows).toBe(ROWS - salvaged);
    expect(counts.reduce((sum, lane) => sum + settledTotal(lane.counts), 0)).toBe(lostRows);
    rmSync(join(dirname(path), 'quarantine'), { recursive: true });
  }
});

function fill(path: string): string {
  const core = new StoreCore({ path, ...BOOT });
  for (let from = 1; from <= ROWS; from += COMMIT_ROWS) {
    const changes = Array.from({ length: COMMIT_ROWS }, (_, index) => {
      const payload = new Uint8Array(190).fill(index % 251);
      const put = row(from + index, 1 + (index % LANES), { topic: 'gw/a/telemetry', payload });
      return { kind: 'put' as const, direction: 'uplink' as const, row: put };
    });
    core.commit(changes, BOOT.upMs);
    core.checkpointIfDue(0);
  }
  core.close(2000);
  return path;
}

/** Damages sectors after the first pages: without the schema nothing can be read. */
function smash(path: string, sectors: number): void {
  const random = seededRandom(sectors);
  const count = Math.floor(statSync(path).size / SECTOR_BYTES);
  const file = openSync(path, 'r+');
  for (let smashed = 0; smashed < sectors; smashed += 1) {
    const noise = Uint8Array.from({ length: SECTOR_BYTES }, () => Math.floor(random() * 256));
    writeSync(file, noise, 0, SECTOR_BYTES, (64 + Math.floor(random() * (count - 64))) * SECTOR_BYTES);
  }
  closeSync(file);
}

/**
 * The first start of a gateway: the new state folder itself is on the disk before the store is created in it.
 * Otherwise a power cut could remove the folder with everything acknowledged since.
 */
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { STORE_FILE } from '../../src/store/state-files.ts';
import { openTestbed } from '../e2e/testbed.ts';
import { buildRecorder, isUnrecordable, recorderEnvironment, scratchFolder } from './recording.ts';
import { readTrace, type TraceEvent } from './trace.ts';

/** Creates the folder without an fsync. */
const ALTERED = fileURLToPath(new URL('./checkpointing-gateway.ts', import.meta.url));

/** @returns operations in and below the parent of the state folder, and its path */
async function recordFirstStart(program?: string): Promise<{ readonly trace: TraceEvent[]; readonly parent: string }> {
  const scratch = scratchFolder();
  const tracePath = join(scratch, 'trace');
  const library = buildRecorder(scratch);
  const testbed = await openTestbed({
    envFor: ({ folder }) => recorderEnvironment({ library, tracePath, stateDir: folder }),
    ...(program === undefined ? {} : { program }),
  });
  await testbed.start();
  await testbed.gateway.signal('SIGTERM');
  return { trace: readTrace(tracePath), parent: testbed.folder };
}

function isSyncedBeforeBirth(trace: readonly TraceEvent[], folder: string): boolean {
  const birth = trace.findIndex((event) => event.kind === 'opened' && basename(event.path) === STORE_FILE);
  expect(birth).toBeGreaterThan(0);
  const before = trace.slice(0, birth);
  const known = before.flatMap((event) => (event.kind === 'folder' && event.path === folder ? [event.file] : []));
  return before.some((event) => event.kind === 'fsyncEnd' && known.includes(event.file));
}

describe.skipIf(isUnrecordable())('the folder that a first start creates', () => {
  it('is on the disk before the store is created in it', async () => {
    const { trace, parent } = await recordFirstStart();
    expect(isSyncedBeforeBirth(trace, parent)).toBe(true);
  });

  it('negative control: is not on the disk if the gateway does not sync it', async () => {
    const { trace, parent } = await recordFirstStart(ALTERED);
    expect(isSyncedBeforeBirth(trace, parent)).toBe(false);
  });
});

/**
 * The first start of a gateway: before the store is born, the folder it is born in is on the disk itself. Else a power cut
 * could take the folder away with everything that was acknowledged since.
 */
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { STORE_FILE } from '../../src/store/state-files.ts';
import { openTestbed } from '../e2e/testbed.ts';
import { buildRecorder, isUnrecordable, recorderEnvironment, scratchFolder } from './recording.ts';
import { readTrace, type TraceEvent } from './trace.ts';

/** Makes the folder, and leaves it to the kernel when that reaches the disk. */
const ALTERED = fileURLToPath(new URL('./checkpointing-gateway.ts', import.meta.url));

/** @returns what happened in and below the folder that holds the state folder, and its path */
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

describe.skipIf(isUnrecordable())('the folder that a first start makes', () => {
  it('is on the disk before the store is made in it', async () => {
    const { trace, parent } = await recordFirstStart();
    expect(isSyncedBeforeBirth(trace, parent)).toBe(true);
  });

  it('is seen not to be, where a gateway does not see to it', async () => {
    const { trace, parent } = await recordFirstStart(ALTERED);
    expect(isSyncedBeforeBirth(trace, parent)).toBe(false);
  });
});

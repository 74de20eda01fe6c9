/**
 * Recordings are on the disk when they are reported: a power cut soon after a hang leaves each of them whole. They are
 * written by an interrupted main thread (`writeAtOnce`), and by command.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../e2e/program.ts';
import { openTestbed, type Testbed } from '../e2e/testbed.ts';
import { until } from '../e2e/until.ts';
import { buildRecorder, isUnrecordable, recorderEnvironment, scratchFolder } from './recording.ts';
import { readTrace, type TraceEvent } from './trace.ts';

const PROGRAM = fileURLToPath(new URL('./gateway-that-records.ts', import.meta.url));

const WRITERS: Readonly<Record<string, (testbed: Testbed) => Promise<unknown>>> = {
  'a hang': async ({ gateway: { pid = 0 } }) => process.kill(pid, 'SIGUSR2'),
  'a command': ({ configPath }) => runProgram('--config', configPath, 'record'),
};

/** Records one gateway that writes recordings of the hub and of two links, and is killed when all have their names. */
async function recordRecordings(write: (testbed: Testbed) => Promise<unknown>, noSync: '0' | '1') {
  const scratch = scratchFolder();
  const tracePath = join(scratch, 'trace');
  const library = buildRecorder(scratch);
  const testbed = await openTestbed({
    envFor: ({ stateDir }) => ({ ...recorderEnvironment({ library, tracePath, stateDir }), NO_SYNC: noSync }),
    program: PROGRAM,
  });
  await testbed.start();
  await write(testbed);
  const isWritten = (): boolean => recordingsIn(readTrace(tracePath)).length === 3;
  await until(isWritten);
  await testbed.gateway.signal('SIGTERM');
  return { trace: readTrace(tracePath), stateDir: testbed.stateDir };
}

function recordingsIn(trace: readonly TraceEvent[]): string[] {
  return trace.flatMap((event) => (event.kind === 'rename' && event.to.endsWith('.recording') ? [event.to] : []));
}

/** True if a sync of the file or folder began after `from` and ended. */
function isSynced(trace: readonly TraceEvent[], file: number, from: number): boolean {
  return trace.slice(from).some((event, index, later) => {
    if (event.kind !== 'fsyncBegin' || event.file !== file) return false;
    return later.slice(index).some((end) => end.kind === 'fsyncEnd' && end.begun === event.serial);
  });
}

/** True if each recording, its name and the name of its folder are on the disk. */
function areDurable(trace: readonly TraceEvent[], stateDir: string): boolean {
  const folder = join(stateDir, 'recordings');
  const opened = trace.flatMap((event) => (event.kind === 'opened' || event.kind === 'folder' ? [event] : []));
  const numberOf = (path: string): number => opened.findLast((event) => event.path === path)?.file ?? -1;
  const renames = trace.flatMap((event, at) => (event.kind === 'rename' ? [{ at, ...event }] : []));
  const files = renames
    .filter(({ to }) => to.endsWith('.recording'))
    .map(({ at, path }) => ({ at, file: numberOf(path) }));
  const made = trace.findIndex((event) => event.kind === 'mkdir' && event.path === folder);
  expect({ files: files.length, isMade: made >= 0 }).toEqual({ files: 3, isMade: true });
  return (
    isSynced(trace, numberOf(stateDir), made) &&
    files.every(({ at, file }) => {
      const lastWrite = trace.findLastIndex((event) => event.kind === 'write' && event.file === file);
      expect(lastWrite).toBeGreaterThan(0);
      return isSynced(trace, file, lastWrite) && isSynced(trace, numberOf(folder), at);
    })
  );
}

describe.skipIf(isUnrecordable())('recordings', () => {
  it.each(Object.entries(WRITERS))('are on the disk with their names after %s', async (_, write) => {
    const { trace, stateDir } = await recordRecordings(write, '0');
    expect(areDurable(trace, stateDir)).toBe(true);
  });

  it.each(Object.entries(WRITERS))('negative control: are not without the sync, after %s', async (_, write) => {
    const { trace, stateDir } = await recordRecordings(write, '1');
    expect(areDurable(trace, stateDir)).toBe(false);
  });
});

/** The thread that watches the event loop: what it writes about a main thread that hangs, and that it ends the process. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import { readHangs } from '../../src/io/hang-log.ts';

const SPINNING = fileURLToPath(new URL('./process-that-spins.ts', import.meta.url));

it('a process whose event loop hangs ends, and leaves its reason, its place and its recordings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-spin-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const hangs = join(folder, 'hangs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [SPINNING, hangs], { encoding: 'utf8' });
  expect(status).toBe(EXIT.bug);
  expect(stdout).toBe('recordings written\n');
  expect(stderr).toMatch(
    /event loop hangs for_s=0 where="spinForever \(process-that-spins\.ts:\d+\).*recordings=written/,
  );
  expect(readHangs(hangs, Number.POSITIVE_INFINITY)).toMatchObject([
    { source: 'event-loop', forMs: 300, where: expect.stringContaining('spinForever'), isReported: false },
  ]);
});

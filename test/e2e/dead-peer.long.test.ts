/** A device server whose network is gone sends nothing, and TCP considers the connection open: the kernel ends it. */
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./dead-peer.ts', import.meta.url));
/** Needs the right to create a network namespace (unshare(1)), and ip(8). */
const CANNOT = spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up']).status !== 0;

async function outcomeOf(...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('unshare', ['--net', process.execPath, PROGRAM, ...words]);
  return stdout.trim();
}

describe.skipIf(CANNOT)('a connection whose peer is gone', () => {
  it.each(['silent', 'writing'])('is ended by the kernel: %s', async (traffic) => {
    expect(await outcomeOf('watched', traffic)).toMatch(/^127\.0\.0\.1:\d+ timed out$/);
  });

  it.each(['silent', 'writing'])('stays open without the watch (negative control): %s', async (traffic) => {
    expect(await outcomeOf('unwatched', traffic)).toBe('still open');
  });
});

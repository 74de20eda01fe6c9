/**
 * Wall clock for one process that the test sets while the process runs (Debian's faketime; the monotonic clock is
 * unchanged).
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const LIBRARIES = ['x86_64', 'aarch64', 'arm'].map((machine) => {
  return `/usr/lib/${machine}-linux-gnu${machine === 'arm' ? 'eabihf' : ''}/faketime/libfaketimeMT.so.1`;
});
const LIBRARY = LIBRARIES.find((path) => existsSync(path));

export const FAKETIME_IS_MISSING = LIBRARY === undefined;
if (FAKETIME_IS_MISSING) console.warn('skipped: libfaketime is not installed (apt-get install faketime)');

export const BOOTS = ['1', '2'].map((digit) => digit.repeat(32));
interface WallClock {
  /** `+20y`, `-20y`, or an absolute time. */
  readonly set: (time: string) => void;
  /** Environment for the process. */
  readonly env: Record<string, string>;
}

export function newWallClock(): WallClock {
  const folder = mkdtempSync('/var/tmp/holdfast-clock-');
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'now');
  writeFileSync(file, '+0');
  const env = {
    LD_PRELOAD: LIBRARY ?? '',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
    HOLDFAST_BOOT_ID: BOOTS[0] ?? '',
  };
  return { set: (time) => writeFileSync(file, time), env };
}

/**
 * Recent failures of storage, kept over restarts: a few stamps of the monotonic clock in a file beside the control
 * socket. Under systemd that directory is a tmpfs, so the file can be written when the disk cannot, and a reboot clears
 * it. The file may be missing, empty, torn or not writable; unreadable entries are ignored.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { readRegularFile } from './regular-file.ts';

export interface Failure {
  /** CLOCK_MONOTONIC ms. */
  readonly upMs: number;
  /** Code of the fault: `store-failed`, `store-corrupt`, … */
  readonly code: string;
  /** Mark of the configuration at that time. Empty: written by an older version without marks. */
  readonly config: string;
}

/** Largest number of failures kept. Older ones than `RECENT_MS` are ignored. */
const FAILURES_MAX = 8;
const RECENT_MS = 600_000;
/** Far above the size of a valid file. */
const FILE_BYTES_MAX = 64 * 1024;
const LINE = /^(\d{1,15}) ([a-z-]{1,32})(?: ([0-9a-f]{1,32}))?$/;

/** Returns the recent failures, latest last. */
export function readFailures(path: string, nowMs: number): Failure[] {
  return readOrNothing(path)
    .split('\n')
    .flatMap((line) => {
      const [, upMs, code, config = ''] = LINE.exec(line) ?? [];
      return upMs === undefined || code === undefined ? [] : [{ upMs: Number(upMs), code, config }];
    })
    .filter(({ upMs }) => upMs <= nowMs && upMs > nowMs - RECENT_MS)
    .slice(-FAILURES_MAX);
}

export function noteFailure(path: string, failure: Failure): void {
  const failures = [...readFailures(path, failure.upMs), failure].slice(-FAILURES_MAX);
  const lines = failures.map(({ upMs, code, config }) => `${Math.floor(upMs)} ${code} ${config}\n`);
  try {
    writeFileSync(path, lines.join(''), { mode: 0o600 });
  } catch {
    // not recorded: there is no writable place
  }
}

/** Removes all failures after storage has recovered: the next failure is the first. */
export function forgetFailures(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // the failures expire after `RECENT_MS`
  }
}

function readOrNothing(path: string): string {
  try {
    return readRegularFile(path, FILE_BYTES_MAX).toString('latin1');
  } catch {
    return '';
  }
}

/**
 * When storage failed lately, over restarts: a few stamps of the monotonic clock in a file beside the control socket. That
 * is a tmpfs under systemd, so it can be written when the disk cannot, and a reboot begins anew. The file may be missing,
 * empty or torn, or not writable at all: what cannot be read did not happen.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { readRegularFile } from './regular-file.ts';

export interface Failure {
  /** CLOCK_MONOTONIC ms. */
  readonly upMs: number;
  /** Of the fault: `store-failed`, `store-corrupt`, … */
  readonly code: string;
  /** Mark of the configuration at that time; empty: written by a version that did not note it. */
  readonly config: string;
}

/** Only so many are of interest, and only those of the last ten minutes. */
const FAILURES_MAX = 8;
const RECENT_MS = 600_000;
/** Many times what is written there. */
const FILE_BYTES_MAX = 64 * 1024;
const LINE = /^(\d{1,15}) ([a-z-]{1,32})(?: ([0-9a-f]{1,32}))?$/;

/** The latest last. */
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
    // it will be counted when there is a place to count it
  }
}

/** It works again: the next failure is the first. */
export function forgetFailures(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // they are forgotten when they are old
  }
}

function readOrNothing(path: string): string {
  try {
    return readRegularFile(path, FILE_BYTES_MAX).toString('latin1');
  } catch {
    return '';
  }
}

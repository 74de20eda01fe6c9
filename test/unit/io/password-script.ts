/** Scripts for `hub.password_command` in a folder of their own. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Folder that is removed after the test. */
export function scriptFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-password-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @param body lines of a shell script @returns the path of the script */
export function writeScript(folder: string, body: string, mode = 0o755): string {
  const path = join(folder, 'print-password');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, mode);
  return path;
}

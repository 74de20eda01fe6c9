/** A `systemctl` that reports a chosen unit file and chosen properties, for a machine without systemd. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export const PACKAGED_UNIT = readFileSync(new URL('../../../systemd/holdfast.service', import.meta.url), 'utf8');

/** Folder until the end of the test. */
export function temporaryFolder(): string {
  const root = mkdtempSync('/var/tmp/holdfast-fault-machine-');
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** @returns environment for the commands */
export function fakeService(
  unit: string,
  properties: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const folder = temporaryFolder();
  const state = {
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    UnitFileState: 'enabled',
    NRestarts: '0',
    Result: 'success',
    ExecMainStatus: '0',
    NeedDaemonReload: 'no',
    FragmentPath: join(folder, 'holdfast.service'),
    DropInPaths: '',
    ...properties,
  };
  writeFileSync(state.FragmentPath, unit);
  const lines = Object.entries(state).map(([key, value]) => `${key}=${value}`);
  const script = [
    '#!/bin/sh',
    '[ "$2" = --property=RuntimeWatchdogUSec ] && { echo 0; exit; }',
    "cat <<'END'",
    ...lines,
    'END',
  ];
  writeFileSync(join(folder, 'systemctl'), `${script.join('\n')}\n`);
  chmodSync(join(folder, 'systemctl'), 0o755);
  return { PATH: `${folder}:${process.env.PATH}` };
}

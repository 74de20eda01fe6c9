/** Edits of the configuration of a testbed, and the commands that apply them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { ConfigReport } from '../../src/ops/reports/config-report.ts';
import { runProgram } from './program.ts';
import type { Testbed } from './testbed.ts';

/** Runs a command of `holdfast config` with JSON. */
export const config = (testbed: Testbed, ...words: string[]) =>
  runProgram('--json', '--config', testbed.configPath, 'config', ...words);

export async function report(testbed: Testbed): Promise<ConfigReport> {
  return JSON.parse((await config(testbed, 'diff')).stdout);
}

export function edit(testbed: Testbed, change: (text: string) => string): void {
  const text = readFileSync(testbed.configPath, 'utf8');
  const changed = change(text);
  expect(changed).not.toBe(text);
  writeFileSync(testbed.configPath, changed);
}

/** Adds a key below the heading of the link of a subdevice. */
export const onLinkOf = (id: string, line: string) => (text: string) =>
  text.replace(`name = "link-${id}"`, `name = "link-${id}"\n${line}`);

/** Free port on which nothing listens: that of a hub that was stopped. */
export const wrongPort = (text: string): string => text.replace(/port = \d+/, 'port = 1');

/** Applies a file that removes what works, which needs a confirmation by an operator. */
export async function applyRemoval(testbed: Testbed): Promise<readonly object[]> {
  expect((await config(testbed, 'apply')).stderr).toMatch(/The file removes .*, which (works|is connected)/);
  const { code, stdout } = await config(testbed, 'apply', '--confirm', '1h');
  expect(code).toBe(0);
  expect((await config(testbed, 'confirm')).code).toBe(0);
  return (JSON.parse(stdout) as { changes: readonly object[] }).changes;
}

/** Name of the user at the other end of a socket, in a user namespace and outside. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { peerNameOf } from '../../../src/io/accounts.ts';

/** Folder like /proc. @param map content of uid_map, as user_namespaces(7) describes it */
function procWith(map: string): string {
  const proc = mkdtempSync(join(tmpdir(), 'holdfast-proc-'));
  onTestFinished(() => rmSync(proc, { recursive: true }));
  mkdirSync(join(proc, 'self'));
  mkdirSync(join(proc, 'sys/kernel'), { recursive: true });
  writeFileSync(join(proc, 'self/uid_map'), map);
  writeFileSync(join(proc, 'sys/kernel/overflowuid'), '65534\n');
  return proc;
}

const ALL = procLine(0, 0, 4294967295);

function procLine(...numbers: readonly number[]): string {
  return `${numbers.map((number) => String(number).padStart(10)).join(' ')}\n`;
}

it('is unknown if the namespace does not have the user', () => {
  const proc = procWith(`${procLine(0, 0, 1)}${procLine(997, 997, 1)}`);
  expect(peerNameOf(65534, proc)).toBeUndefined();
  expect(peerNameOf(0, proc)).toBe('root');
});

it('is the name of every user outside of a namespace', () => {
  const proc = procWith(ALL);
  expect(peerNameOf(0, proc)).toBe('root');
  expect(peerNameOf(65534, proc)).toBeDefined();
  expect(peerNameOf(4242, proc)).toBe('number 4242');
});

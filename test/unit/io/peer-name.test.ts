/** Name of the user at the other end of a socket, in a user namespace and outside. */
import { spawnSync } from 'node:child_process';
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
  writeFileSync(join(proc, 'self/uid_map'), map);
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

it('is the name too if the map of the namespace cannot be read', () => {
  expect(peerNameOf(0, '/nowhere')).toBe('root');
});

const MODULE = new URL('../../../src/io/socket-access.ts', import.meta.url).href;
const canUnshare = spawnSync('unshare', ['--user', '--map-root-user', 'true']).status === 0;
if (!canUnshare) console.warn('skipped: no user namespaces here (Debian: util-linux)');

it.skipIf(!canUnshare)('a group that a real namespace hides is reported with the drop-in that shows it', () => {
  const file = join(procWith(''), 'file');
  writeFileSync(file, '');
  const script = `console.log(JSON.stringify((await import('${MODULE}')).openToGroup('${file}', 'readers', () => 4242)))`;
  const words = ['--user', '--map-root-user', process.execPath, '--input-type=module', '-e', script];
  const { stdout } = spawnSync('unshare', words, { encoding: 'utf8' });
  expect(JSON.parse(stdout)).toMatchObject({
    what: 'group readers is not visible in the user namespace of the gateway',
    hint: expect.stringContaining('groups.conf'),
  });
});

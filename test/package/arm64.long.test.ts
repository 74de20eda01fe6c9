/** The Debian package for arm64, run by an emulated processor: its Node, its machine code, and the whole program. */
import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { outputOf } from '../../package/subprocess.ts';
import { RELEASES } from './debian-root.ts';
import { type EmulatedArm64, emulateArm64 } from './emulated-arm64.ts';
import { buildPackages, VERSION } from './packages.ts';

const SMOKE = fileURLToPath(new URL('./machine-code-smoke.ts', import.meta.url));
const OTHER_CODE = join(import.meta.dirname, '../../node_modules/better-sqlite3/prebuilds/linux-x64.node');
const HOME = 'usr/lib/holdfast';

let folder = '';
let emulated: EmulatedArm64 | string = '';
/** Path in the unpacked package. */
const inPackage = (path: string): string => join(folder, 'package', path);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-arm64-'));
  emulated = emulateArm64(folder, RELEASES[12]);
  if (typeof emulated === 'string') return console.log(`skipped: ${emulated}`);
  // links, because a test puts another file in place of one
  outputOf('cp', ['-al', (await buildPackages('arm64')).tree, inPackage('')]);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function step(name: string, act: (arm64: EmulatedArm64) => Promise<void>): void {
  it(name, (context) => (typeof emulated === 'string' ? context.skip(emulated) : act(emulated)));
}

/** Runs a command of the installed program that must succeed. @returns its standard output */
async function holdfast(arm64: EmulatedArm64, ...words: readonly string[]): Promise<string> {
  const ending = await arm64.node(inPackage(HOME), [inPackage(`${HOME}/lib/main.js`), ...words]);
  expect(ending).toMatchObject({ status: 0 });
  return ending.stdout;
}

step('starts on arm64 with its own Node and SQLite', async (arm64) => {
  const words = await holdfast(arm64, '--version');
  expect(words).toContain(`holdfast ${VERSION} (commit `);
  expect(words).toMatch(/Node 24\.\S+, SQLite 3\.\S+, linux arm64/);
});

step('checks the configuration that the package brings', async (arm64) => {
  expect(await holdfast(arm64, 'config', 'check', inPackage('etc/holdfast/holdfast.toml.example'))).toContain(
    'is valid',
  );
});

step('its machine code works: SQLite in two threads, calls of the C library, a serial port', async (arm64) => {
  const ending = await arm64.node(inPackage(HOME), [SMOKE, inPackage(HOME), join(folder, 'store.db')]);
  expect(ending).toMatchObject({ status: 0 });
  expect(JSON.parse(ending.stdout)).toEqual({
    arch: 'arm64',
    journalMode: 'wal',
    rows: [{ payload: 'one' }, { payload: 'two' }],
    isOwnPid: true,
    received: 'frame',
  });
});

step('negative control: machine code of another architecture does not load', async (arm64) => {
  const sqlite = inPackage(`${HOME}/node_modules/better-sqlite3/prebuilds/linux-arm64.node`);
  renameSync(sqlite, `${sqlite}.aside`);
  onTestFinished(() => renameSync(`${sqlite}.aside`, sqlite));
  copyFileSync(OTHER_CODE, sqlite);
  const ending = await arm64.node(inPackage(HOME), [SMOKE, inPackage(HOME), join(folder, 'other.db')]);
  expect(ending.status).not.toBe(0);
  expect(ending.stderr).toContain('linux-arm64.node');
});

step('loses nothing in the demonstration, with a kill of the gateway and an absent hub', async (arm64) => {
  const before = arm64.processes;
  const outcome = JSON.parse(await holdfast(arm64, 'demo', '--seconds', '10', '--json'));
  expect(outcome).toMatchObject({ ok: true, failure: null, lost: 0, reordered: 0, pending: 0, gatewayKills: 1 });
  expect(outcome.delivered).toBeGreaterThan(0);
  expect(outcome.downlinksDelivered).toBeGreaterThan(0);
  // the demonstration, and the gateway before and after the kill
  expect(arm64.processes - before).toBe(3);
});

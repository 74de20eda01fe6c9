/** Backup of a running and of a stopped gateway, and the replacement of a card, with the real processes. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProgram, startProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

interface BackupOutput {
  readonly uplinks: number;
  readonly subdevices: number;
  readonly gateway: string | null;
}

const STORED = 40;

/** The hub is away, and forty uplinks of each subdevice are on disk. */
async function openWithBacklog(): Promise<Testbed> {
  const testbed = await openTestbed();
  await testbed.start();
  await testbed.loseHub();
  testbed.publish(STORED);
  await testbed.untilAcknowledged();
  return testbed;
}

function run(testbed: Testbed, ...words: readonly string[]): ReturnType<typeof runProgram> {
  return runProgram('--config', testbed.configPath, ...words);
}

async function backupOf(testbed: Testbed, file: string): Promise<BackupOutput> {
  const { code, stdout, stderr } = await run(testbed, '--json', 'backup', file);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as BackupOutput;
}

describe('a backup of a running gateway', () => {
  it('is complete while messages are accepted, and replaces a lost card', async () => {
    const testbed = await openWithBacklog();
    const file = join(testbed.folder, 'gw.hfbackup');
    const traffic = startProgram(['--config', testbed.configPath, '--json', 'backup', file]);
    testbed.publish(STORED); // meanwhile
    const { code, stdout } = await traffic.ended;
    expect(code).toBe(0);
    const output = JSON.parse(stdout) as BackupOutput;
    expect(output).toMatchObject({ subdevices: 2, gateway: 'gw' });
    expect(output.uplinks).toBeGreaterThanOrEqual(2 * STORED);
    expect(readdirSync(testbed.folder).filter((name) => name.startsWith('.'))).toEqual([]);
    await testbed.untilAcknowledged();
    expect(testbed.gateway.journal).toMatch(/operator \w+: backup/);
    expect((await run(testbed, 'restore', file)).stderr).toContain('A gateway is running');
    expect((await run(testbed, 'backup', file)).stderr).toContain('exists already');

    await testbed.gateway.signal('SIGKILL');
    rmSync(testbed.stateDir, { recursive: true });
    expect((await run(testbed, 'restore', file)).stderr).toContain('does not exist');
    await testbed.gateway.start(); // creates the directory
    await testbed.gateway.signal('SIGTERM');
    const restored = await run(testbed, 'restore', file, '--replace');
    expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining('What this means') });
    await testbed.gateway.start();
    expect((await testbed.gateway.status()).losing).toBe('unknown');
    testbed.restoreHub();
    await until(() => new Set(testbed.arrivals.map(({ payload }) => payload.toString())).size >= STORED);
    testbed.publish(3, 'after');
    await testbed.untilAcknowledged();
    const ledger = await testbed.untilIdle();
    expect(ledger.balances).toBe(true);
    for (const id of ['a', 'b']) {
      const topics = testbed.arrivals.map(({ topic }) => topic);
      expect(topics.filter((topic) => topic === `gw/${id}/t`).length).toBeGreaterThanOrEqual(STORED);
      expect(topics.filter((topic) => topic === `gw/${id}/after`)).toHaveLength(3);
    }
    await run(testbed, 'acknowledge-loss');
    expect((await testbed.gateway.status()).losing).toBe('no');
  });
});

describe('a backup of a stopped gateway', () => {
  it('has the messages of its WAL, and restores over a store with messages only on request', async () => {
    const testbed = await openWithBacklog();
    await testbed.gateway.signal('SIGKILL');
    const file = join(testbed.folder, 'gw.hfbackup');
    expect(await backupOf(testbed, file)).toMatchObject({ uplinks: 2 * STORED, gateway: null });
    const refused = await run(testbed, 'restore', file);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('The present store holds 80 messages') });
    expect(existsSync(join(testbed.stateDir, 'replaced'))).toBe(false);
    const restored = await run(testbed, '--json', 'restore', file, '--replace');
    expect(JSON.parse(restored.stdout)).toMatchObject({ uplinks: 2 * STORED, dropped: 0 });
    expect((await run(testbed, 'status')).stdout).toMatch(/restored from the backup of [^:]+:[^:]+:\d\d UTC by \w+/);
    testbed.restoreHub();
    await testbed.gateway.start();
    await testbed.expectNothingLost();
  });
});

it('a backup into a folder that does not exist is refused', async () => {
  const testbed = await openWithBacklog();
  const { code, stderr } = await run(testbed, 'backup', join(testbed.folder, 'none', 'x'));
  expect(code).toBe(64);
  expect(stderr).toContain('cannot be written (ENOENT)');
});

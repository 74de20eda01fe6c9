/**
 * Unusable directories in the configuration, with the real process: `run` and `config check` report the same and end
 * with the same code, nothing is created, and a corrected configuration starts at once.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import { runProgram } from './program.ts';
import { openSlowCardTestbed, whyNoSlowCard } from './slow-card.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

/** Words of an error text, for any line breaks. */
const plain = (text: string): string => text.replaceAll(/\s+/g, ' ');

function rewrite({ configPath }: Testbed, change: (text: string) => string): void {
  writeFileSync(configPath, change(readFileSync(configPath, 'utf8')));
}

describe('an unusable state directory', () => {
  it.each([
    ['/proc/x', EXIT.config, 'in a file system that keeps no files (proc on /proc)'],
    ['/sys/x', EXIT.config, 'in a file system that keeps no files (sysfs on /sys)'],
    ['/dev/null/x', EXIT.config, '/dev/null is no directory'],
    ['FOLDER/holdfast.toml', EXIT.config, 'holdfast.toml is no directory'],
    ['FOLDER/dangling', EXIT.storage, 'dangling is a link to /nonexistent/disk, which does not exist'],
    ['FOLDER/loop/state', EXIT.storage, 'loop is a link that leads to itself'],
  ])('%s ends run and config check with %i', async (place, code, what) => {
    const testbed = await openTestbed();
    const stateDir = place.replace('FOLDER', testbed.folder);
    symlinkSync('/nonexistent/disk', join(testbed.folder, 'dangling'));
    symlinkSync('loop', join(testbed.folder, 'loop'));
    rewrite(testbed, (text) => text.replace(testbed.stateDir, stateDir));
    const names = readdirSync(testbed.folder);
    const run = await runProgram('run', '--config', testbed.configPath);
    const check = await runProgram('config', 'check', testbed.configPath);
    expect([run.code, check.code]).toEqual([code, code]);
    for (const words of [run.stderr, check.stdout]) expect(plain(words)).toContain(what);
    expect(readdirSync(testbed.folder).filter((name) => name !== 'storage-failures')).toEqual(names);
  });

  it('in RAM is rejected by both with 78', async () => {
    const testbed = await openTestbed({
      config: { gateway: { state_dir: '/dev/shm/holdfast-none', allow_volatile_store: false } },
    });
    const run = await runProgram('run', '--config', testbed.configPath);
    const check = await runProgram('config', 'check', testbed.configPath);
    expect([run.code, check.code]).toEqual([EXIT.config, EXIT.config]);
    for (const words of [run.stderr, check.stdout]) expect(plain(words)).toContain('is in RAM (tmpfs on /dev/shm)');
  });

  it('is not counted as a storage failure: the corrected configuration starts at once', async () => {
    const testbed = await openTestbed();
    const good = readFileSync(testbed.configPath, 'utf8');
    rewrite(testbed, (text) => text.replace(testbed.stateDir, testbed.configPath));
    for (let start = 0; start < 5; start += 1) {
      testbed.gateway.spawn();
      expect(await testbed.gateway.ended()).toBe(EXIT.config);
    }
    expect(existsSync(join(testbed.folder, 'storage-failures'))).toBe(false);
    writeFileSync(testbed.configPath, good);
    await testbed.start();
    testbed.publish(3);
    await testbed.expectNothingLost();
  });

  it('with another one in the configuration, the storage is tried at once after five failures', async () => {
    const testbed = await openTestbed();
    const other = join(testbed.folder, 'dangling');
    symlinkSync('/nonexistent/disk', other);
    const good = readFileSync(testbed.configPath, 'utf8');
    rewrite(testbed, (text) => text.replace(testbed.stateDir, other));
    for (let start = 0; start < 5; start += 1) {
      testbed.gateway.spawn();
      expect(await testbed.gateway.ended()).toBe(EXIT.storage);
    }
    // Control: with the same configuration the gateway waits, and reports only what is known.
    await testbed.gateway.start();
    expect((await testbed.gateway.status()).sentence).toContain('failed 5 times within ten minutes');
    const status = await runProgram('--config', testbed.configPath, 'status');
    expect(plain(status.stdout)).toContain('Outbox not known until the store opens');
    expect(status.stdout).not.toContain('Nothing is waiting');
    for (const command of ['subdevices', 'outbox', 'ledger']) {
      const { code, stdout, stderr } = await runProgram('--config', testbed.configPath, command);
      expect([code, stdout]).toEqual([EXIT.notRunning, '']);
      expect(stderr).toContain('check the disk of the state directory');
    }
    await testbed.gateway.signal('SIGTERM');
    writeFileSync(testbed.configPath, good);
    await testbed.start();
    testbed.publish(3);
    await testbed.expectNothingLost();
  });
});

describe('an unusable control socket', () => {
  it.each([
    ['/proc/x/control.sock', 'in a file system that keeps no files'],
    ['FOLDER/holdfast.toml', 'exists and is not a socket'],
    ['FOLDER/holdfast.toml/control.sock', 'is no directory'],
  ])('%s ends run and config check with 78', async (place, what) => {
    const testbed = await openTestbed();
    rewrite(testbed, (text) => text.replace(testbed.socketPath, place.replace('FOLDER', testbed.folder)));
    const run = await runProgram('run', '--config', testbed.configPath);
    const check = await runProgram('config', 'check', testbed.configPath);
    expect([run.code, check.code]).toEqual([EXIT.config, EXIT.config]);
    for (const words of [run.stderr, check.stdout]) expect(plain(words)).toContain(what);
    expect(existsSync(testbed.stateDir)).toBe(false);
  });
});

describe('files of the state directory', () => {
  it('are readable by their owner alone, those of an earlier version too', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    testbed.publish(2);
    await testbed.untilAcknowledged();
    await testbed.gateway.signal('SIGKILL');
    chmodSync(testbed.stateDir, 0o755);
    for (const name of readdirSync(testbed.stateDir)) chmodSync(join(testbed.stateDir, name), 0o644);
    await testbed.gateway.start();
    expect(modesIn(testbed.stateDir)).toEqual(new Set([0o600]));
    expect(statSync(testbed.stateDir).mode & 0o777).toBe(0o750);
  });

  it('are readable by their owner alone from the first start on, and other files are not changed', async () => {
    const testbed = await openTestbed();
    mkdirSync(testbed.stateDir, { mode: 0o755 });
    const foreign = join(testbed.stateDir, 'foreign.txt');
    writeFileSync(foreign, '', { mode: 0o644 });
    await testbed.start();
    testbed.publish(2);
    await testbed.untilAcknowledged();
    expect(statSync(foreign).mode & 0o777).toBe(0o644);
    expect(statSync(testbed.stateDir).mode & 0o777).toBe(0o755);
    expect(modesIn(testbed.stateDir, foreign)).toEqual(new Set([0o600]));
  });

  function modesIn(folder: string, but = ''): Set<number> {
    const paths = readdirSync(folder).map((name) => join(folder, name));
    const files = paths.filter((path) => path !== but && statSync(path).isFile());
    return new Set(files.map((path) => statSync(path).mode & 0o777));
  }

  it.skipIf(process.geteuid?.() !== 0)('of another user are rejected for root, with the command to use', async () => {
    const testbed = await openTestbed();
    mkdirSync(testbed.stateDir);
    chownSync(testbed.stateDir, 65_534, 65_534);
    const { code, stderr } = await runProgram('run', '--config', testbed.configPath);
    expect(code).toBe(EXIT.config);
    const user = 'nobody'; // name of uid 65534
    expect(stderr).toContain(`${testbed.stateDir} belongs to user ${user}, and this command runs as root`);
    expect(stderr).toContain(`sudo -u ${user} holdfast run --config ${testbed.configPath}`);
    expect(readdirSync(testbed.stateDir)).toEqual([]);
  });
});

it.skipIf(whyNoSlowCard() !== undefined)('SIGTERM ends a start that waits for the disk', async () => {
  const card = await openSlowCardTestbed();
  card.makeSlow();
  card.testbed.gateway.spawn();
  await until(() => existsSync(join(card.testbed.stateDir, 'holdfast.db')));
  // Each sync takes longer than the process has for its end.
  expect(await card.testbed.gateway.signal('SIGTERM')).toBe(EXIT.ok);
  expect(card.testbed.gateway.journal).toContain('stopped before the store was open');
  card.makeQuick();
  await card.testbed.gateway.start();
});

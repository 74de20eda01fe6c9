/**
 * A store that wakes on another machine: a copy only collects until an operator decides; a moved card, and the same
 * machine with another adapter, go on at once.
 */
import { cpSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import { deviceNumberOf } from '../../src/io/kernel-file.ts';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const ON_ANOTHER_MACHINE = fileURLToPath(new URL('./gateway-on-another-machine.ts', import.meta.url));

interface MachinePlan {
  readonly board: string;
  readonly card: string;
  readonly adapter: string;
}

const OLD: MachinePlan = {
  board: '10000000aaaaaaaa',
  card: '0353445343313647800000000a013a00',
  adapter: 'dc:a6:32:00:00:0a',
};
const OTHER: MachinePlan = {
  board: '10000000bbbbbbbb',
  card: '0353445343313647800000000b013a00',
  adapter: 'dc:a6:32:00:00:0b',
};
/** A copied card has the machine id of the original. */
const MACHINE_ID = '0123456789abcdef0123456789abcdef';

class MovingTestbed {
  readonly testbed: Testbed;
  readonly #env: Record<string, string>;
  #machines = 0;

  constructor(testbed: Testbed, env: Record<string, string>) {
    this.testbed = testbed;
    this.#env = env;
  }

  /** The gateway starts on this machine next time. */
  moveTo({ board, card, adapter }: MachinePlan): void {
    this.#machines += 1;
    const folder = join(this.testbed.folder, `machine-${this.#machines}`);
    const disk = join(folder, 'sys/block/mmcblk0');
    const write = (path: string, text: string): void => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    };
    write(join(folder, 'proc/device-tree/serial-number'), `${board}\0`);
    write(join(folder, 'etc/machine-id'), `${MACHINE_ID}\n`);
    write(join(disk, 'size'), '62333952\n');
    write(join(disk, 'device/cid'), `${card}\n`);
    write(join(folder, 'sys/class/net/eth0/device/uevent'), '');
    write(join(folder, 'sys/class/net/eth0/address'), `${adapter}\n`);
    write(join(folder, 'sys/class/net/eth0/addr_assign_type'), '0\n');
    mkdirSync(join(folder, 'sys/dev/block'), { recursive: true });
    const { dev } = statSync(this.testbed.folder);
    symlinkSync('../../block/mmcblk0', join(folder, 'sys/dev/block', deviceNumberOf(dev)));
    this.#env.MACHINE = folder;
  }

  async restartOn(machine: MachinePlan): Promise<void> {
    expect(await this.testbed.gateway.signal('SIGTERM')).toBe(0);
    this.moveTo(machine);
    await this.testbed.gateway.start();
  }

  /** Number of connections that the hub has accepted. */
  get connections(): number {
    return this.testbed.events.filter(({ kind }) => kind === 'connected').length;
  }

  async conditionCodes(): Promise<string[]> {
    const { conditions } = await this.testbed.gateway.status();
    return conditions.map(({ code }) => code);
  }

  async run(...words: readonly string[]): Promise<{ code: number | string; text: string }> {
    const { code, stdout, stderr } = await runProgram('--config', this.testbed.configPath, ...words);
    return { code, text: `${stdout}${stderr}`.replaceAll(/\s+/g, ' ') };
  }
}

/** Gateway on the old machine, with an uplink and a downlink in custody, stopped; its store is copied aside. */
async function openMoving(): Promise<MovingTestbed> {
  const env: Record<string, string> = {};
  const testbed = await openTestbed({ env, program: ON_ANOTHER_MACHINE });
  const moving = new MovingTestbed(testbed, env);
  moving.moveTo(OLD);
  await testbed.start();
  testbed.publish(2);
  await testbed.untilIdle();
  const away = testbed.subdevice('a');
  away.command({ kind: 'disconnect' });
  await until(() => !away.isConnected);
  testbed.command(away);
  await testbed.untilStatus(({ inbox }) => inbox.onDisk === 1);
  await testbed.loseHub();
  testbed.subdevice('b').publish('t');
  await until(() => testbed.subdevice('b').queued === 0);
  testbed.restoreHub();
  return moving;
}

describe('a copy of a store on another machine', () => {
  it('only collects until it is adopted, and then loses nothing', async () => {
    const moving = await openMoving();
    const { testbed } = moving;
    const original = join(testbed.folder, 'original');
    expect(await testbed.gateway.signal('SIGTERM')).toBe(0);
    cpSync(testbed.stateDir, original, { recursive: true });
    const before = moving.connections;
    moving.moveTo(OTHER);
    await testbed.gateway.start();
    expect(await moving.conditionCodes()).toContain('cloned-store');
    const { losing, conditions } = await testbed.gateway.status();
    expect(losing).toBe('at risk');
    expect(conditions.find(({ code }) => code === 'cloned-store')?.sentence).toContain(
      '(other board serial number, card or disk, network adapters)',
    );
    const { a, b } = { a: testbed.subdevice('a'), b: testbed.subdevice('b') };
    a.command({ kind: 'connect' });
    await until(() => a.isConnected && b.isConnected);
    testbed.publish(3);
    await testbed.untilAcknowledged();
    await testbed.untilStatus(({ outbox }) => outbox.onDisk >= 6);
    expect(moving.connections).toBe(before);
    expect(testbed.downlinks.delivered).toBeLessThan(testbed.downlinks.sent);
    const config = readFileSync(testbed.configPath, 'utf8');
    writeFileSync(testbed.configPath, config.replace('[hub]', '[hub]\nkeep_alive_s = 77'));
    expect((await moving.run('config', 'apply')).text).not.toContain('->');
    expect(moving.connections).toBe(before);
    expect((await moving.run('doctor')).text).toMatch(/storage\.owner .*written on another machine/);

    expect((await moving.run('adopt')).text).toContain('Adopted. This machine owns the store now');
    await testbed.expectNothingLost();
    expect(await moving.conditionCodes()).toEqual([]);
    expect((await moving.run('events', '--kind', 'operator')).text).toMatch(/adopt.*the store of another machine/);
    const again = await moving.run('adopt');
    expect([again.code, again.text]).toEqual([
      EXIT.refused,
      expect.stringContaining('belongs to this machine already'),
    ]);
    await moving.restartOn(OTHER);
    expect(await moving.conditionCodes()).not.toContain('cloned-store');
  });
});

describe('negative control: a store connects at once', () => {
  it.each([
    ['on the same machine with another network adapter', { ...OLD, adapter: OTHER.adapter }, false],
    ['on another board with the same card', { ...OTHER, card: OLD.card }, true],
  ])('%s', async (_, machine, isMoved) => {
    const moving = await openMoving();
    const { testbed } = moving;
    await moving.restartOn(machine);
    testbed.subdevice('a').command({ kind: 'connect' });
    await testbed.expectNothingLost();
    expect(await moving.conditionCodes()).not.toContain('cloned-store');
    expect(testbed.gateway.journal.includes('was moved to another machine')).toBe(isMoved);
    await moving.restartOn(machine);
    expect(testbed.gateway.journal.split('was moved to another machine')).toHaveLength(isMoved ? 2 : 1);
  });
});

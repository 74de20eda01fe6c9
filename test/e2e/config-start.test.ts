/** Configuration of a start: a broken file, an edit that was not applied, and a trial that cannot start. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { config, edit, onLinkOf, report, wrongPort } from './config-edits.ts';
import { runProgram } from './program.ts';
import { openTestbed } from './testbed.ts';

describe('an edit that was not applied', () => {
  it('is on trial at the start after kill -9 by a service manager, and used after a regular stop', async () => {
    const testbed = await openTestbed({ env: { INVOCATION_ID: '1' } });
    await testbed.start();
    edit(testbed, (text) => text.replace(testbed.subdevice('b').pty.path, '/dev/serial/by-id/unplugged'));
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    expect(await report(testbed)).toMatchObject({ state: 'unconfirmed', confirmation: 'automatic' });
    expect((await config(testbed, 'rollback')).code).toBe(0);
    expect(await testbed.gateway.ended()).toBe(0);
    await testbed.gateway.start();
    expect(await report(testbed)).toMatchObject({ state: 'rolled back', changes: [{ links: ['link-b'] }] });
    edit(testbed, (text) => `${text}# another text\n`);
    expect(await report(testbed)).toMatchObject({ state: 'rolled back', file: 'other' });
    await testbed.gateway.signal('SIGTERM');
    await testbed.gateway.start();
    expect(await report(testbed)).toMatchObject({ state: 'confirmed', changes: [] });
  });
});

describe('a configuration on trial', () => {
  it('is replaced by the confirmed one at a start with a broken file, also long after the trial', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const good = readFileSync(testbed.configPath, 'utf8');
    edit(testbed, onLinkOf('a', 'retries_max = 7'));
    const confirmed = readFileSync(testbed.configPath, 'utf8');
    for (const ending of ['confirm', undefined] as const) {
      expect((await config(testbed, 'apply', '--confirm', '1h')).code).toBe(0);
      if (ending !== undefined) expect((await config(testbed, ending)).code).toBe(0);
      testbed.publish(3);
      await testbed.untilAcknowledged();
      writeFileSync(testbed.configPath, `${confirmed}\n[hub\n`);
      await testbed.gateway.signal('SIGKILL');
      await testbed.gateway.start();
      const { conditions } = await testbed.untilStatus(({ hub }) => hub.state === 'connected');
      expect(conditions.find(({ code }) => code === 'config-rejected')?.sentence).toContain(testbed.configPath);
      expect(testbed.gateway.journal).toContain('does not run with its file');
      writeFileSync(testbed.configPath, confirmed);
      expect(await report(testbed)).toMatchObject({ state: 'confirmed', changes: [] });
      writeFileSync(testbed.configPath, good);
    }
    await testbed.expectNothingLost();
  });

  it('whose control socket is in use ends the process once, and the next start uses the one before', async () => {
    const testbed = await openTestbed({ env: { INVOCATION_ID: '1' } });
    await testbed.start();
    const path = join(testbed.folder, 'occupied.sock');
    const occupant = createServer().listen(path);
    onTestFinished(() => void occupant.close());
    edit(testbed, (text) => text.replace(testbed.socketPath, path));
    const good = readFileSync(testbed.configPath, 'utf8').replace(path, testbed.socketPath);
    const { code, stdout } = await runProgram(
      ...['--json', '--config', testbed.configPath, '--socket', testbed.socketPath, 'config', 'apply', '--restart'],
    );
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, outcome: 'restarting' });
    expect(await testbed.gateway.ended()).toBe(0);
    testbed.gateway.spawn(); // as the service manager does
    expect(await testbed.gateway.ended()).toBe(1); // not 78, after which the service manager gives up
    expect(testbed.gateway.journal).toContain('The configuration is rolled back');
    await testbed.gateway.start();
    const { conditions } = await testbed.untilStatus(({ hub }) => hub.state === 'connected');
    expect(conditions.find(({ code: found }) => found === 'config-rejected')?.sentence).toContain(
      'could not start with it',
    );
    writeFileSync(testbed.configPath, good);
    await testbed.expectNothingLost();
  });

  it('keeps the session of a subdevice that it removes, and the rollback comes first among the conditions', async () => {
    const testbed = await openTestbed();
    edit(testbed, (text) => text.replaceAll(/subdevices = .*\n/g, '')); // every link serves every subdevice
    await testbed.start();
    edit(testbed, (text) => wrongPort(text).replace('[[subdevice]]\nid = "b"\n', ''));
    expect((await config(testbed, 'apply', '--confirm', '1h')).code).toBe(0);
    const { conditions } = await testbed.untilStatus(
      ({ conditions: found }) => found[0]?.code === 'config-unconfirmed',
    );
    expect(conditions[0]?.sentence).toContain('the hub is not connected again');
    expect(conditions[0]?.hint).toMatch(/^Return at once: sudo holdfast config rollback/);
    expect(conditions.map(({ code }) => code)).not.toContain('subdevice-removed');
    const forget = () => runProgram('--config', testbed.configPath, 'subdevices', 'forget', 'b');
    expect((await forget()).stderr).toContain('a rollback needs the session');
    await config(testbed, 'rollback');
    await testbed.untilStatus(({ hub }) => hub.state === 'connected');
    await testbed.expectNothingLost();
  });
});

describe('the texts of config diff and apply', () => {
  it('say how the trial ends, address the same gateway, and name no command that is refused', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const plain = (...words: string[]) => runProgram('--config', testbed.configPath, 'config', ...words);
    const good = readFileSync(testbed.configPath, 'utf8');
    edit(testbed, (text) => text.replace(testbed.stateDir, '/elsewhere'));
    expect((await plain('diff')).stdout).toContain('A change of gateway.state_dir is never applied');
    writeFileSync(testbed.configPath, good.replace('[hub]', '[hub]\nkeep_alive_s = 30'));
    const { stdout } = await plain('apply');
    expect(stdout).toContain('It is confirmed automatically');
    expect(stdout).toContain(`sudo holdfast --config ${testbed.configPath} config rollback`);
    expect(stdout).not.toContain('without a confirmation');
  });

  it('show the values of a link that only the running gateway has, and why a broken file hides them', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const explain = async () => {
      const { stdout } = await runProgram('--config', testbed.configPath, 'config', 'explain', 'link.path');
      return stdout.replaceAll(/\s+/g, ' ');
    };
    edit(testbed, (text) => text.replace('name = "link-b"', 'name = "renamed"'));
    expect(await explain()).toMatch(/link\[link-b\]\.path = ".*" in the running gateway only/);
    edit(testbed, (text) => `${text}\n[hub\n`);
    expect(await explain()).toContain(`${testbed.configPath} is missing, invalid, or closed to this user`);
  });
});

/**
 * A gateway that must not start reports the reason, changes nothing, and ends with a code that systemd understands.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProgram } from './program.ts';
import { openTestbed } from './testbed.ts';

describe('a configuration with mistakes', () => {
  it('ends the gateway with 78, after all of them were named at once', async () => {
    const testbed = await openTestbed();
    const mistakes = ['name = "a b"', 'stat_dir = "/tmp"', '[hub]', 'profile = "genric"', 'port = 70000'];
    writeFileSync(testbed.configPath, ['[gateway]', ...mistakes].join('\n'));
    const { code, stderr } = await runProgram('run', '--config', testbed.configPath);
    expect(code).toBe(78);
    for (const place of ['gateway.name', 'gateway.stat_dir', 'hub.profile', 'hub.port', 'hub.host'])
      expect(stderr).toContain(place);
    expect(stderr).toContain('config check');
  });

  it('that cannot be read ends the gateway with 78 too', async () => {
    const { code, stderr } = await runProgram('run', '--config', '/nonexistent/holdfast.toml');
    expect(code).toBe(78);
    expect(stderr).toContain('/nonexistent/holdfast.toml');
  });
});

describe('a second gateway', () => {
  it('on the same state directory ends with a clear text; the first one continues', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    testbed.publish(5);
    await testbed.expectNothingLost();
    const second = join(testbed.folder, 'second.toml');
    const text = readFileSync(testbed.configPath, 'utf8');
    writeFileSync(second, text.replace(testbed.socketPath, join(testbed.folder, 'second.sock')));
    const before = statSync(join(testbed.folder, 'state/holdfast.db'));
    const { code, stderr } = await runProgram('run', '--config', second);
    expect(code).toBe(74);
    expect(stderr).toMatch(/Another holdfast \(process \d+\) uses the state directory/);
    const { mtimeMs, size, ino } = statSync(join(testbed.folder, 'state/holdfast.db'));
    expect({ mtimeMs, size, ino }).toEqual({ mtimeMs: before.mtimeMs, size: before.size, ino: before.ino });
    testbed.publish(5);
    await testbed.expectNothingLost();
  });

  it('with the same configuration takes neither the socket nor the ports of the first one', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const { code, stderr } = await runProgram('run', '--config', testbed.configPath);
    expect([74, 78]).toContain(code);
    expect(stderr).toMatch(/uses the state directory|already/);
    for (const subdevice of testbed.subdevices) testbed.command(subdevice);
    testbed.publish(5);
    await testbed.expectNothingLost();
    expect((await testbed.gateway.status()).links.map(({ state }) => state)).toEqual(['open', 'open']);
  });
});

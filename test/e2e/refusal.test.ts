/** What must not start says why, touches nothing, and ends with a code that systemd understands. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openHouse } from './testbed.ts';
import { runProgram } from './program.ts';

describe('a configuration with mistakes', () => {
  it('ends the gateway with 78, after all of them were named at once', async () => {
    const house = await openHouse();
    const mistakes = ['name = "a b"', 'stat_dir = "/tmp"', '[hub]', 'profile = "genric"', 'port = 70000'];
    writeFileSync(house.configPath, ['[gateway]', ...mistakes].join('\n'));
    const { code, stderr } = await runProgram('run', '--config', house.configPath);
    expect(code).toBe(78);
    for (const place of ['gateway.name', 'gateway.stat_dir', 'hub.profile', 'hub.port', 'hub.host'])
      expect(stderr).toContain(place);
    expect(stderr).toContain('config check');
  });

  it('that cannot be read ends it with 78 too', async () => {
    const { code, stderr } = await runProgram('run', '--config', '/nonexistent/holdfast.toml');
    expect(code).toBe(78);
    expect(stderr).toContain('/nonexistent/holdfast.toml');
  });
});

describe('a second gateway', () => {
  it('on the same state directory ends with a clear word; the first goes on', async () => {
    const house = await openHouse();
    await house.start();
    house.publish(5);
    await house.expectNothingLost();
    const second = join(house.folder, 'second.toml');
    const text = readFileSync(house.configPath, 'utf8');
    writeFileSync(second, text.replace(house.socketPath, join(house.folder, 'second.sock')));
    const before = statSync(join(house.folder, 'state/holdfast.db'));
    const { code, stderr } = await runProgram('run', '--config', second);
    expect(code).toBe(74);
    expect(stderr).toContain('holdfast.db is in use by another process');
    const { mtimeMs, size, ino } = statSync(join(house.folder, 'state/holdfast.db'));
    expect({ mtimeMs, size, ino }).toEqual({ mtimeMs: before.mtimeMs, size: before.size, ino: before.ino });
    house.publish(5);
    await house.expectNothingLost();
  });

  it('with the same configuration takes nothing from the first: neither its socket nor its ports', async () => {
    const house = await openHouse();
    await house.start();
    const { code, stderr } = await runProgram('run', '--config', house.configPath);
    expect([74, 78]).toContain(code);
    expect(stderr).toMatch(/in use|already/);
    for (const subdevice of house.subdevices) house.command(subdevice);
    house.publish(5);
    await house.expectNothingLost();
    expect((await house.gateway.status()).links.map(({ state }) => state)).toEqual(['open', 'open']);
  });
});

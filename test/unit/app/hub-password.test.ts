/** Passwords that are printed by programs or stored in files: when they are obtained, and for which CONNECT. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accessHub, type HubAccess } from '../../../src/app/hub-access.ts';
import { openAfter } from '../../../src/app/hub-password.ts';
import { newFacts } from '../../../src/base/events.ts';
import type { HubConfig } from '../../../src/config/hub/hub-config.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { configOf } from '../config/config-rig.ts';
import { scriptFolder, writeScript } from '../io/password-script.ts';

const TEXT = `[gateway]
name = "g"
[hub]
profile = "generic"
host = "127.0.0.1"
port = 9
username = "u"
SOURCE
[[link]]
name = "a"
path = "/dev/ttyAMA0"
[[subdevice]]
id = "s"
`;

async function accessTo(source: string): Promise<HubAccess> {
  const hub: HubConfig = configOf(TEXT.replace('SOURCE', source)).hub;
  return await accessHub({ hub, clock: systemClock(), facts: newFacts(), closeMsMax: 100 });
}

function passwordOf({ credentials }: HubAccess): string {
  return Buffer.from(credentials(0).password ?? '').toString();
}

/** Opens a connection and waits for its end: no program listens on the port. */
async function tryConnection({ openWithPassword }: HubAccess): Promise<string> {
  return await new Promise((resolve) => {
    openWithPassword({ opened: () => undefined, bytes: () => undefined, closed: resolve });
  });
}

describe('a password that a program prints', () => {
  async function counting(): Promise<{ readonly access: HubAccess; readonly runs: () => number }> {
    const folder = scriptFolder();
    const counter = join(folder, 'runs');
    writeFileSync(counter, '');
    const program = writeScript(folder, `echo run >> ${counter}; wc -l < ${counter}`);
    return {
      access: await accessTo(`password_command = ["${program}"]`),
      runs: () => readFileSync(counter, 'utf8').split('\n').length - 1,
    };
  }

  it('is printed for each attempt, also after one that never came to a CONNECT', async () => {
    const { access, runs } = await counting();
    expect(runs(), 'the check of the program does not run it').toBe(0);
    expect(await tryConnection(access)).toMatch(/refused the connection/);
    expect([runs(), passwordOf(access)]).toEqual([1, '1']);
    await tryConnection(access);
    await tryConnection(access);
    expect([runs(), passwordOf(access)]).toEqual([3, '3']);
  });

  it('that was renewed is used by the next attempt, and by no later one', async () => {
    const { access, runs } = await counting();
    await tryConnection(access);
    passwordOf(access);
    expect(await access.passwords?.renew()).toBeUndefined();
    expect(runs()).toBe(2);
    await tryConnection(access);
    expect([runs(), passwordOf(access)]).toEqual([2, '2']);
    await tryConnection(access);
    expect(runs()).toBe(3);
  });

  it('and is the same as before is no new password', async () => {
    const access = await accessTo(`password_command = ["${writeScript(scriptFolder(), 'echo key')}"]`);
    await tryConnection(access);
    expect(passwordOf(access)).toBe('key');
    expect(await access.passwords?.renew()).toBe('hub.password_command printed the same password as before');
  });

  it('and is missing ends the attempt before a connection is opened', async () => {
    const program = writeScript(scriptFolder(), 'exit 5');
    const access = await accessTo(`password_command = ["${program}"]`);
    expect(await tryConnection(access)).toBe(`hub.password_command ${program} failed with exit code 5`);
    expect(await access.passwords?.renew()).toBe(`hub.password_command ${program} failed with exit code 5`);
  });

  it('by a program that cannot run is a fault at the start', async () => {
    await expect(accessTo('password_command = ["/nowhere/program"]')).rejects.toMatchObject({
      code: 'password-command',
    });
  });
});

describe('a password in a file', () => {
  it('is read again for each CONNECT, and is new if the file has changed since', async () => {
    const file = join(scriptFolder(), 'secret');
    writeFileSync(file, 'first\n', { mode: 0o600 });
    const access = await accessTo(`password_file = "${file}"`);
    expect(passwordOf(access)).toBe('first');
    expect(await access.passwords?.renew()).toMatch(/has not changed since the last CONNECT/);
    writeFileSync(file, 'second\n');
    expect(await access.passwords?.renew()).toBeUndefined();
    expect(passwordOf(access)).toBe('second');
  });

  it('that becomes unreadable stays in use, and is reported', async () => {
    const file = join(scriptFolder(), 'secret');
    writeFileSync(file, 'first\n', { mode: 0o600 });
    const access = await accessTo(`password_file = "${file}"`);
    writeFileSync(file, '');
    expect(passwordOf(access)).toBe('first');
    expect(access.secretTrouble()?.problem).toMatch(/is empty/);
    appendFileSync(file, 'third\n');
    expect(passwordOf(access)).toBe('third');
    expect(access.secretTrouble()).toBeUndefined();
  });
});

describe('a connection that waits for its password', () => {
  it('can be closed, and is not opened afterwards', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const opened: string[] = [];
    const open = openAfter(
      () => promise,
      () => {
        opened.push('opened');
        return { write: () => undefined, queuedBytes: 0, close: () => undefined };
      },
    );
    const closed = new Promise<string>((end) => {
      const channel = open({ opened: () => undefined, bytes: () => undefined, closed: end });
      channel.close('the gateway stops');
    });
    expect(await closed).toBe('the gateway stops');
    resolve(undefined);
    await promise;
    expect(opened).toEqual([]);
  });
});

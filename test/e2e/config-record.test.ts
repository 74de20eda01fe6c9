/** Record of the confirmed configuration: a medium that does not take it, and the place in which a start looks for it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { config, edit, onLinkOf, report } from './config-edits.ts';
import { openTestbed } from './testbed.ts';

const PROGRAM = fileURLToPath(new URL('./gateway-without-config-sync.ts', import.meta.url));

describe('a failed sync of the confirmed configuration', () => {
  it('is a warning at the start, refuses each change, and costs no message', async () => {
    const testbed = await openTestbed({ program: PROGRAM });
    await testbed.start();
    expect(testbed.gateway.journal).toContain('the confirmed configuration cannot be stored: EIO');
    expect(existsSync(join(testbed.stateDir, 'configuration/state.json'))).toBe(false);
    const good = readFileSync(testbed.configPath, 'utf8');
    edit(testbed, onLinkOf('a', 'retries_max = 7'));
    const { code, stderr } = await config(testbed, 'apply');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/cannot be stored.*nothing was changed/),
    });
    expect(await report(testbed)).toMatchObject({ state: 'confirmed', changes: [{ key: 'link[link-a].retries_max' }] });
    writeFileSync(testbed.configPath, good);
    testbed.publish(3);
    await testbed.expectNothingLost();
    expect(await testbed.gateway.signal('SIGTERM')).toBe(0);
  });

  it('negative control: without the failure the record is stored, and the change is applied', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    expect(existsSync(join(testbed.stateDir, 'configuration/state.json'))).toBe(true);
    edit(testbed, onLinkOf('a', 'retries_max = 7'));
    expect((await config(testbed, 'apply')).code).toBe(0);
    expect(testbed.gateway.journal).not.toContain('cannot be stored');
  });
});

/** Starts a gateway, and again with an emptied file. @returns the testbed before the second start */
async function withEmptiedFile(env: (stateDir: string) => Record<string, string>) {
  const testbed = await openTestbed({ envFor: ({ stateDir }) => env(stateDir) });
  await testbed.start();
  await testbed.gateway.signal('SIGTERM');
  writeFileSync(testbed.configPath, '');
  return testbed;
}

describe('a start with a file that does not show its state directory', () => {
  it('finds the confirmed configuration in STATE_DIRECTORY of the service, the first of several', async () => {
    const testbed = await withEmptiedFile((stateDir) => ({ STATE_DIRECTORY: `${stateDir}:/nowhere` }));
    await testbed.gateway.start();
    const { conditions } = await testbed.untilStatus(({ hub }) => hub.state === 'connected');
    expect(conditions.find(({ code }) => code === 'config-rejected')?.sentence).toContain(testbed.configPath);
    testbed.publish(3);
    await testbed.expectNothingLost();
  });

  it.each([
    ['without it', () => ({})],
    ['with the state directory of another file', () => ({ STATE_DIRECTORY: '/nowhere' })],
  ])('negative control: ends with 78 %s', async (_, env) => {
    const testbed = await withEmptiedFile(env);
    testbed.gateway.spawn();
    expect(await testbed.gateway.ended()).toBe(78);
  });
});

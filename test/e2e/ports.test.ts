/**
 * Ports that appear and disappear under the real gateway: plugged in later, shared, silent; and the commands that
 * show them.
 */
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { encodeFrame } from '../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../src/codec/mqttsn-encode.ts';
import { runProgram } from './program.ts';
import { Recorder } from './recorder.ts';
import { openTestbed, type Testbed } from './testbed.ts';

/** Configuration in which the port of link `a` does not exist yet. */
async function openTestbedWithLatePort(): Promise<{ readonly testbed: Testbed; readonly path: string }> {
  const testbed = await openTestbed();
  const path = join(testbed.folder, 'late-port');
  const text = readFileSync(testbed.configPath, 'utf8');
  writeFileSync(testbed.configPath, text.replace(testbed.subdevice('a').pty.path, path));
  return { testbed, path };
}

it('a port that is plugged in later is opened at once, and is named as missing until then', async () => {
  const { testbed, path } = await openTestbedWithLatePort();
  await testbed.gateway.start();
  const { links, conditions } = await testbed.untilStatus((status) => status.links[0]?.waits === 'absent');
  expect(links[0]).toMatchObject({ state: 'opening', lastProblem: `no such device ${path}`, device: null });
  expect(conditions.map(({ code }) => code)).toContain('link-down');
  symlinkSync(testbed.subdevice('a').pty.path, path);
  const open = await testbed.untilStatus((status) => status.links[0]?.state === 'open');
  expect(open.links[0]).toMatchObject({ waits: null, device: testbed.subdevice('a').pty.path });
  for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
  testbed.publish(3);
  await testbed.expectNothingLost();
});

it('a port of two links is given to one of them, and the other reports the first one', async () => {
  const { testbed, path } = await openTestbedWithLatePort();
  symlinkSync(testbed.subdevice('b').pty.path, path);
  await testbed.gateway.start();
  const { links, conditions } = await testbed.untilStatus((status) => status.links.some(({ waits }) => waits !== null));
  expect(links.map(({ state }) => state).toSorted()).toEqual(['open', 'opening']);
  expect(links.find(({ waits }) => waits === 'shared')?.lastProblem).toMatch(/is already in use by link link-[ab]/);
  expect(conditions.map(({ code }) => code)).toContain('link-port-shared');
});

it('a subdevice that becomes silent causes its port to be opened again', async () => {
  const testbed = await openTestbed({ subdevices: { a: {} } });
  await testbed.gateway.start();
  await testbed.untilStatus((status) => status.links[0]?.state === 'open');
  const listener = new Recorder();
  const line = testbed.subdevice('a').pty.open(listener);
  await listener.untilOpen();
  line.write(encodeFrame(encodePacket({ kind: 'connect', clean: true, will: false, clientId: 'a', durationS: 1 })));
  const { links } = await testbed.untilStatus((status) => (status.links[0]?.recovery.reopen ?? 0) > 0);
  expect(links[0]?.recovery).toMatchObject({ resync: 1, reopen: 1, toggle: 0, reauthorise: 0 });
  await testbed.untilStatus((status) => status.links[0]?.counters.openings === 2);
});

it('the links and their score are shown, with round trips of deliveries', async () => {
  const testbed = await openTestbed();
  await testbed.start();
  testbed.command(testbed.subdevice('a'));
  await testbed.untilIdle();
  const { links } = await testbed.untilStatus((status) => status.links[0]?.roundTrip.count === 1);
  expect(links[0]?.roundTrip.p99Ms).toBeGreaterThanOrEqual(1);
  const words = ['--config', testbed.configPath];
  const shown = await runProgram('links', ...words);
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(/^link-a +\/dev\/pts\/\d+ +open /m) });
  const silent = await runProgram('link', 'test', 'link-b', '--seconds', '1', '--probes', '0', ...words);
  expect(silent).toMatchObject({ code: 1, stdout: expect.stringMatching(/^Nothing arrived on link link-b in 1 s/) });
  const nobody = await runProgram('link', 'test', 'nowhere', ...words);
  expect(nobody).toMatchObject({ code: 64, stderr: expect.stringContaining('The links are: link-a, link-b.') });
  const json = await runProgram('ports', '--json', ...words);
  expect(JSON.parse(json.stdout)).toMatchObject({ ports: expect.any(Array), missing: [] });
});

it('the check of the configuration reports two links on one port, on the machine of the port', async () => {
  const { testbed, path } = await openTestbedWithLatePort();
  const { pty } = testbed.subdevice('b');
  symlinkSync(pty.path, path);
  const { code, stdout } = await runProgram('--json', 'config', 'check', testbed.configPath);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    warnings: [{ path: 'link[1].path', what: expect.stringContaining(`leads to ${pty.path}, and so does`) }],
  });
});

/** Ports that come and go under the real gateway: plugged in later, shared, silent; and the commands that show it. */
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { encodePacket } from '../../src/codec/mqttsn-encode.ts';
import { encodeFrame } from '../../src/codec/mqttsn-cobs.ts';
import { type House, openHouse } from './testbed.ts';
import { runProgram } from './program.ts';
import { Recorder } from './recorder.ts';

/** Nothing is yet where the configuration says that the port of link `a` is. */
async function openHouseWithLatePort(): Promise<{ readonly house: House; readonly path: string }> {
  const house = await openHouse();
  const path = join(house.folder, 'late-port');
  const text = readFileSync(house.configPath, 'utf8');
  writeFileSync(house.configPath, text.replace(house.subdevice('a').pty.path, path));
  return { house, path };
}

it('a port that is plugged in later is opened at once, and says until then what it waits for', async () => {
  const { house, path } = await openHouseWithLatePort();
  await house.gateway.start();
  const { links, conditions } = await house.untilStatus((status) => status.links[0]?.waits === 'absent');
  expect(links[0]).toMatchObject({ state: 'opening', lastProblem: `no such device ${path}`, device: null });
  expect(conditions.map(({ code }) => code)).toContain('link-down');
  symlinkSync(house.subdevice('a').pty.path, path);
  const open = await house.untilStatus((status) => status.links[0]?.state === 'open');
  expect(open.links[0]).toMatchObject({ waits: null, device: house.subdevice('a').pty.path });
  for (const subdevice of house.subdevices) house.enter(subdevice);
  house.publish(3);
  await house.expectNothingLost();
});

it('a port that two links lead to is given to one of them, and the other says whose it is', async () => {
  const { house, path } = await openHouseWithLatePort();
  symlinkSync(house.subdevice('b').pty.path, path);
  await house.gateway.start();
  const { links, conditions } = await house.untilStatus((status) => status.links.some(({ waits }) => waits !== null));
  expect(links.map(({ state }) => state).toSorted()).toEqual(['open', 'opening']);
  expect(links.find(({ waits }) => waits === 'shared')?.lastProblem).toMatch(/is the port of link link-[ab] already/);
  expect(conditions.map(({ code }) => code)).toContain('link-port-shared');
});

it('a subdevice that falls silent has its port opened anew', async () => {
  const house = await openHouse({ subdevices: { a: {} } });
  await house.gateway.start();
  await house.untilStatus((status) => status.links[0]?.state === 'open');
  const listener = new Recorder();
  const line = house.subdevice('a').pty.open(listener);
  await listener.untilOpen();
  line.write(encodeFrame(encodePacket({ kind: 'connect', clean: true, will: false, clientId: 'a', durationS: 1 })));
  const { links } = await house.untilStatus((status) => (status.links[0]?.recovery.reopen ?? 0) > 0);
  expect(links[0]?.recovery).toMatchObject({ resync: 1, reopen: 1, toggle: 0, reauthorise: 0 });
  await house.untilStatus((status) => status.links[0]?.counters.openings === 2);
});

it('the links and their score are shown, with round trips of deliveries', async () => {
  const house = await openHouse();
  await house.start();
  house.command(house.subdevice('a'));
  await house.untilIdle();
  const { links } = await house.untilStatus((status) => status.links[0]?.roundTrip.count === 1);
  expect(links[0]?.roundTrip.p99Ms).toBeGreaterThanOrEqual(1);
  const words = ['--config', house.configPath];
  const shown = await runProgram('links', ...words);
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(/^link-a +\/dev\/pts\/\d+ +open /m) });
  const silent = await runProgram('link', 'test', 'link-b', '--seconds', '1', '--probes', '0', ...words);
  expect(silent).toMatchObject({ code: 1, stdout: expect.stringMatching(/^Nothing came over link link-b in 1 s/) });
  const nobody = await runProgram('link', 'test', 'nowhere', ...words);
  expect(nobody).toMatchObject({ code: 64, stderr: expect.stringContaining('There are: link-a, link-b.') });
  const json = await runProgram('ports', '--json', ...words);
  expect(JSON.parse(json.stdout)).toMatchObject({ ports: expect.any(Array), missing: [] });
});

it('the check of the configuration tells, on the machine it is for, that two links lead to one port', async () => {
  const { house, path } = await openHouseWithLatePort();
  const { pty } = house.subdevice('b');
  symlinkSync(pty.path, path);
  const { code, stdout } = await runProgram('--json', 'config', 'check', house.configPath);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    warnings: [{ path: 'link[1].path', what: expect.stringContaining(`leads to ${pty.path}, and so does`) }],
  });
});

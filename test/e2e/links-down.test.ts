/**
 * Links of every driver whose ports disappear, and one that never opened, at a real gateway: the effect on the data.
 */
import { expect, it, onTestFinished } from 'vitest';
import { openPty } from '../../src/bench/pty.ts';
import { runProgram } from './program.ts';
import { openTestbed } from './testbed.ts';

const DRIVERS: Readonly<Record<string, string>> = {
  lines: 'driver = "lines"\n[link.lines]\nsubdevice = "lines"\n[[subdevice]]\nid = "lines"',
  mqttsn: 'subdevices = ["mqttsn"]\n[[subdevice]]\nid = "mqttsn"',
  modbus: [
    'driver = "modbus"\n[[link.unit]]\nid = "modbus"\naddress = 1\npoll_ms = 1000',
    '[[link.unit.point]]\nname = "a"\ntable = "holding"\naddress = 0',
    '[[subdevice]]\nid = "modbus"',
  ].join('\n'),
};

async function openLinks() {
  const ptys = new Map<string, Awaited<ReturnType<typeof openPty>>>();
  for (const name of Object.keys(DRIVERS)) ptys.set(name, await openPty());
  onTestFinished(async () => void (await Promise.all([...ptys.values()].map((pty) => pty.hangUp()))));
  const texts = [...ptys].map(([name, { path }]) => `[[link]]\nname = "${name}"\npath = "${path}"\n${DRIVERS[name]}\n`);
  const never =
    '[[link]]\nname = "never"\npath = "/dev/ttyNEVER9"\nsubdevices = ["never"]\n[[subdevice]]\nid = "never"\n';
  const testbed = await openTestbed({ subdevices: {}, more: [...texts, never].join('') });
  await testbed.gateway.start();
  await testbed.untilStatus(({ links }) => links.filter(({ state }) => state === 'open').length === ptys.size);
  return { testbed, ptys };
}

it('a link that is down is never "No": each is named, with its effect on the data', async () => {
  const { testbed, ptys } = await openLinks();
  const downOf = async (count: number) => {
    const { conditions, losing } = await testbed.untilStatus((status) => {
      return status.conditions.filter(({ code }) => code === 'link-down').length === count;
    });
    const down = conditions.filter(({ code }) => code === 'link-down');
    expect([losing, ...down.map((condition) => condition.losing)]).toEqual(Array(count + 1).fill('at risk'));
    return down.map(({ sentence }) => sentence);
  };
  expect(await downOf(1)).toEqual([expect.stringMatching(/^Link never is down: no such device .* are lost, unless/)]);
  await ptys.get('lines')?.hangUp();
  expect(await downOf(2)).toContainEqual(
    expect.stringMatching(
      /^Link lines is down: .* Lines sent by its device meanwhile are lost, unless the device repeats them\.$/,
    ),
  );
  await Promise.all([...ptys.values()].map((pty) => pty.hangUp()));
  const all = await downOf(4);
  for (const name of [...ptys.keys(), 'never']) expect(all.join('\n')).toContain(`Link ${name} is down`);
  const check = await runProgram('--config', testbed.configPath, 'status', '--check');
  expect(check).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^HOLDFAST WARNING - Losing data\? Not yet\. Link /),
  });
});

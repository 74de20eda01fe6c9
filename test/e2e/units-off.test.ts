/**
 * Modbus units that are switched off, at a real gateway: times of last reception, named units, and suspected causes.
 */
import { expect, it, onTestFailed } from 'vitest';
import { ask } from '../../src/ops/api/control-client.ts';
import { openUnits, simulatedUnit } from './simulated-units.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const IDS = ['one', 'two'];

async function openField() {
  const off = new Set<number>();
  const units = [1, 2].map((address) => simulatedUnit(address, () => (off.has(address) ? undefined : 1)));
  const path = await openUnits(units);
  const link = `[[link]]\nname = "meters"\npath = "${path}"\ndriver = "modbus"\nretry_ms = 1000\nretries_max = 1\n`;
  const unitText = (id: string, index: number): string =>
    [
      `[[link.unit]]\nid = "${id}"\naddress = ${index + 1}\npoll_ms = 100\nheartbeat_s = 0`,
      `[[link.unit.point]]\nname = "a"\ntable = "holding"\naddress = 0`,
      `[[subdevice]]\nid = "${id}"\n`,
    ].join('\n');
  const testbed = await openTestbed({ subdevices: {}, more: `${link}${IDS.map(unitText).join('\n')}` });
  await testbed.gateway.start();
  await until(() => new Set(testbed.arrivals.map(({ topic }) => topic)).size === 2);
  return { testbed, units, switchOff: (address: number) => off.add(address) };
}

async function silentMs({ socketPath }: Testbed, id: string): Promise<number> {
  const asked = await ask(socketPath, '/v1/subdevices', '', 30_000);
  if (asked.kind !== 'answered') throw asked.fault;
  return asked.report.subdevices.find((subdevice) => subdevice.id === id)?.silentMs ?? Number.POSITIVE_INFINITY;
}

const silenceOf = ({ conditions }: Awaited<ReturnType<Testbed['gateway']['status']>>) =>
  conditions.find(({ code }) => code === 'subdevice-silent');

it('last receives from a unit at its last answer, even if no value changes and nothing is published', async () => {
  const { testbed, units } = await openField();
  const publishedAtMs = performance.now();
  const asked = (units[0]?.requests ?? 0) + 3;
  await until(() => (units[0]?.requests ?? 0) >= asked);
  const silence = await silentMs(testbed, 'one');
  expect(silence).toBeLessThan(performance.now() - publishedAtMs);
  expect(testbed.arrivals).toHaveLength(2);
});

it('names the unit that does not answer at once, and suspects the line only if no unit answers', async () => {
  const { testbed, switchOff } = await openField();
  const reported: string[] = [];
  onTestFailed(() => console.log(reported.at(-1)));
  const look = async (isSo: (sentence: string, hint: string) => boolean) => {
    await testbed.untilStatus((status) => {
      reported.push(...status.conditions.map(({ code, hint }) => `${code}: ${hint}`));
      const silence = silenceOf(status);
      return silence !== undefined && isSo(silence.sentence, silence.hint ?? '');
    });
  };
  switchOff(1);
  await look((sentence) => /^one on link meters does not answer any more, last frame \d+ s ago\.$/.test(sentence));
  expect(silenceOf(await testbed.gateway.status())).toMatchObject({ losing: 'at risk' });
  expect(silenceOf(await testbed.gateway.status())?.hint).not.toMatch(/adapter/);
  switchOff(2);
  await look(
    (sentence, hint) =>
      /^one, two on link meters do not answer any more, last frame/.test(sentence) && /adapter/.test(hint),
  );
  // The port is opened again as a recovery step: the same holds meanwhile, and after all steps.
  await testbed.untilStatus((status) => {
    reported.push(...status.conditions.map(({ code, hint }) => `${code}: ${hint}`));
    expect(silenceOf(status)?.sentence).toMatch(/^one, two on link meters do not answer/);
    return status.links.some(({ recovery }) => recovery.reopen > 0) && status.links[0]?.state === 'open';
  });
  expect(reported.filter((words) => /^link-down/.test(words))).toEqual([]);
});

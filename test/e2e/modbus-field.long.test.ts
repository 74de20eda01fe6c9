/**
 * Modbus units that are missing or reject registers, at a real gateway: the texts of status, link test and journal
 * for each.
 */
import { expect, it } from 'vitest';
import { runProgram } from './program.ts';
import { openUnits, simulatedUnit } from './simulated-units.ts';
import { openTestbed } from './testbed.ts';
import { until } from './until.ts';

const IDS = ['fine', 'gone', 'hole', 'table', 'lost', 'twin'];

/** Address of unit n is n + 1; on the bus, unit 5 (`lost`) does not exist. */
function unitText(id: string, index: number): string {
  const table = id === 'table' ? 'input' : 'holding';
  return [
    `[[link.unit]]\nid = "${id}"\naddress = ${index + 1}\npoll_ms = 100`,
    `[[link.unit.point]]\nname = "a"\ntable = "${table}"\naddress = 0`,
    `[[link.unit.point]]\nname = "b"\ntable = "${table}"\naddress = 9`,
    `[[subdevice]]\nid = "${id}"\n`,
  ].join('\n');
}

async function openField() {
  let isGone = false;
  const units = [1, 2, 3, 4, 6].map((address) =>
    simulatedUnit(address, () => (isGone && address === 2 ? undefined : 1)),
  );
  const [, , hole, table, twin] = units;
  if (hole === undefined || table === undefined || twin === undefined) throw new Error('units');
  hole.exceptionTo = ({ start, count }) => (start <= 9 && start + count > 9 ? 2 : undefined);
  twin.alters = ([, ...rest]) => [7, ...rest];
  table.exceptionTo = ({ code }) => (code === 4 ? 1 : undefined);
  const path = await openUnits(units);
  const link = `[[link]]\nname = "meters"\npath = "${path}"\ndriver = "modbus"\nretry_ms = 100\nrecovery = []\n`;
  const testbed = await openTestbed({ subdevices: {}, more: `${link}${IDS.map(unitText).join('\n')}` });
  await testbed.gateway.start();
  return { testbed, switchOff: () => (isGone = true) };
}

/** Expected texts of status and journal for each. */
const TOLD: Readonly<Record<string, RegExp>> = {
  gone: /unit silent; last: unit 2, a request for holding 0, count 1: no answer/,
  hole: /unit exception; last: unit 3, b \(holding 9\): illegal data address/,
  table: /unit exception; last: unit 4, a \(input 0\): illegal function/,
  lost: /unit silent; last: unit 5, a request for holding 0, count 1: no answer/,
  twin: /unit mismatch; last: unit 6, .*: received an answer of unit 7/,
};

it('reports for each unit why its data does not arrive, and the remedy', async () => {
  const { testbed, switchOff } = await openField();
  await until(() => new Set(testbed.arrivals.map(({ topic }) => topic)).size === 4);
  switchOff();
  const testing = runProgram(...['--json', '--config', testbed.configPath, 'link', 'test', 'meters', '--seconds', '4']);
  const ofUnits = ['subdevice-silent', 'unit-trouble'];
  const status = await testbed.untilStatus(({ conditions }) => {
    const sentences = conditions.filter(({ code }) => ofUnits.includes(code)).map(({ sentence }) => sentence);
    const words = [...Object.keys(TOLD), 'illegal data address', 'illegal function', 'an answer of unit 7'];
    return words.every((word) => sentences.some((sentence) => sentence.includes(word)));
  });
  expect(status.losing).not.toBe('no');
  const hints = (words: string) => status.conditions.find(({ sentence }) => sentence.includes(words))?.hint;
  expect(hints('illegal data address')).toMatch(/Correct address, table and type/);
  expect(hints('illegal function')).toMatch(/Correct table of the points/);
  expect(hints('an answer of unit 7')).toMatch(/two units with one address/);
  expect(hints('not answered')).toMatch(/power, its wires .*, its address, and the speed/);
  expect(JSON.stringify(status.conditions)).not.toMatch(/\bfine\b/);
  for (const [id, words] of Object.entries(TOLD)) {
    await until(() => new RegExp(`of ${id}: ${words.source}`).test(testbed.gateway.journal));
  }
  const { code, stdout } = await testing;
  const { verdict, sentence, advice } = JSON.parse(stdout);
  expect([code, verdict]).toEqual([1, 'bad']);
  expect(sentence).toMatch(/ hole has no value for b \(holding 9\): illegal data address/);
  expect(advice.join('\n')).toMatch(/^lost does not answer\. .* its address.* speed/m);
  expect(advice.join('\n')).toMatch(/received an answer of unit 7/);
  expect(advice.join('\n')).not.toMatch(/Frames arrive broken/);
});

/** Hint for a subdevice that no link serves: it names the way of each driver in the file, and no other. */
import { expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/parse.ts';

const LINES = 'driver = "lines"\n[link.lines]\nsubdevice = "m1"\n';
const MODBUS =
  'driver = "modbus"\n[[link.unit]]\nid = "m1"\naddress = 1\n[[link.unit.point]]\nname = "v"\ntable = "holding"\naddress = 0\n';
const MQTTSN = 'subdevices = ["m1"]\n';

function hintFor(link: string): string {
  const parsed =
    parseConfig(`[gateway]\nname = "g"\n[hub]\nprofile = "generic"\nhost = "h"\n[[link]]\nname = "field"\npath = "/dev/ttyS0"
baud_rate = 9600\n${link}[[subdevice]]\nid = "m1"\n[[subdevice]]\nid = "m3"\n`);
  const problems = parsed.ok ? [] : parsed.problems;
  expect(problems).toMatchObject([{ path: 'subdevice[1].id', what: 'is "m3", which no link serves' }]);
  return problems[0]?.hint ?? '';
}

it.each([
  ['lines', LINES, 'subdevice_field'],
  ['modbus', MODBUS, '[[link.unit]]'],
  ['mqttsn', MQTTSN, 'leave that list empty'],
])('with a link of driver %s only', (driver, link, way) => {
  const hint = hintFor(link);
  expect(hint).toContain(`Link field (${driver}): `);
  expect(hint).toContain(way);
  for (const other of ['subdevice_field', '[[link.unit]]', 'leave that list empty'])
    if (other !== way) expect(hint).not.toContain(other);
});

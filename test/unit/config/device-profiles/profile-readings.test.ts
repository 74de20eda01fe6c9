/** Values of units with a device profile, as Home Assistant gets their descriptions. */
import { expect, it } from 'vitest';
import { driverNamed } from '../../../../src/driver/drivers.ts';
import { completeText } from '../../../../src/ops/complete-config.ts';
import { configOf } from '../config-rig.ts';

const MODBUS = driverNamed('modbus');
const HEAD = `
[gateway]
name = "gw-1"
profile_dir = "/nonexistent/profiles"
[hub]
profile = "generic"
host = "hub.example.net"
[[link]]
name = "meters"
path = "/dev/ttyUSB0"
driver = "modbus"
`;

/** @param units keys of each unit with the profile */
function readingsOf(units: readonly string[]) {
  const entries = units.map(
    (keys, at) => `[[link.unit]]\nid = "m${at}"\naddress = ${at + 1}\nprofile = "finder-7e23"\n${keys}`,
  );
  const subdevices = units.map((_, at) => `[[subdevice]]\nid = "m${at}"`);
  const [link] = configOf(completeText([HEAD, ...entries, ...subdevices].join('\n'))).links;
  return units.map((_, at) => MODBUS.readingsFor(link?.options ?? {}, `m${at}`));
}

it('have the units and classes of the profile', () => {
  const [readings] = readingsOf(['']);
  expect(readings?.[0]).toEqual({
    name: 'active_energy_import',
    topic: 'state',
    kind: 'number',
    quantity: { unit: 'kWh', deviceClass: 'energy', stateClass: 'total_increasing' },
    command: undefined,
  });
});

it('are shared by the units of a link, except what the file changes', () => {
  const own = '[[link.unit.point]]\nname = "active_energy_import"\nunit_of_measurement = "MWh"';
  const [first, second, third, fourth] = readingsOf(['', '', own, 'state_topic = "other"']);
  expect(first?.[0]).toBe(second?.[0]);
  expect(third?.[0]?.quantity).toEqual({ unit: 'MWh', deviceClass: 'energy', stateClass: 'total_increasing' });
  expect(first?.[1]).toBe(third?.[1]);
  expect(fourth?.[0]).toEqual({ ...first?.[0], topic: 'other' });
});

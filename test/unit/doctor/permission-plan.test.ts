/** Filters and topics whose permissions doctor tries. */
import { expect, it } from 'vitest';
import { permissionPlanOf } from '../../../src/doctor/hub-permissions.ts';
import { configOf } from '../config/config-rig.ts';

const UNIT = `[gateway]
name = "gw"
[hub]
profile = "generic"
host = "hub"
[[link]]
name = "l"
path = "/dev/ttyAMA0"
driver = "modbus"
[[link.unit]]
id = "boiler"
address = 1
[[link.unit.point]]
name = "level"
table = "holding"
address = 1
writable = true
[[subdevice]]
id = "boiler"
`;

it('tries the topics of each subdevice, and sends no empty message to a shared topic', () => {
  expect(permissionPlanOf(configOf(UNIT))).toEqual({
    filters: ['gw/boiler/set'],
    topics: ['gw/boiler/state', 'gw/boiler/result'],
  });
  const shared = '[[shared_topic]]\ntopic = "all"\nuplinks = ["state"]\ndownlinks = "set"\n';
  expect(permissionPlanOf(configOf(UNIT + shared))).toEqual({ filters: ['all'], topics: ['gw/boiler/result'] });
});

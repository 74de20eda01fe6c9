/**
 * The profiles that are shipped: each is valid, names its source, and reads a simulated device with the registers of its
 * manual through the driver. The device refuses registers that its manual does not have, and longer requests.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { readProfile } from '../../../../src/config/device-profiles/profile-file.ts';
import { type ModbusOptions, withNotes } from '../../../../src/driver/modbus/options.ts';
import { profileIds, readProfileFile, shippedProfiles } from '../../../../src/io/profile-files.ts';
import { completeText } from '../../../../src/ops/complete-config.ts';
import { ModbusWire } from '../../driver/modbus/modbus-wire.ts';
import { configOf } from '../config-rig.ts';
import { REGISTER_IMAGES, type RegisterImage } from './register-images.ts';

/** Classes of Home Assistant by unit; no class where its older versions refuse the unit. */
const CLASSES: Readonly<Record<string, readonly [string | undefined, string]>> = {
  V: ['voltage', 'measurement'],
  A: ['current', 'measurement'],
  W: ['power', 'measurement'],
  kW: ['power', 'measurement'],
  VA: ['apparent_power', 'measurement'],
  kVA: [undefined, 'measurement'],
  var: ['reactive_power', 'measurement'],
  kvar: [undefined, 'measurement'],
  Hz: ['frequency', 'measurement'],
  Wh: ['energy', 'total_increasing'],
  kWh: ['energy', 'total_increasing'],
  varh: [undefined, 'total_increasing'],
  kvarh: [undefined, 'total_increasing'],
  '%': [undefined, 'measurement'],
};
/** Registers of this profile are values only together with their scale factors, so they have no class. */
const WITHOUT_CLASSES = 'sunspec-inverter-103';
/** Folder without profiles of the machine. */
const NOWHERE = '/nonexistent/profiles';

function configWith(unit: string): string {
  return completeText(`
[gateway]
name = "gw-1"
profile_dir = "${NOWHERE}"
[hub]
profile = "generic"
host = "hub.example.net"
[[link]]
name = "meters"
path = "/dev/ttyUSB0"
driver = "modbus"
[[link.unit]]
id = "meter"
address = 1
${unit}
[[subdevice]]
id = "meter"
`);
}

function unitsOf(text: string): ModbusOptions['units'] {
  return configOf(text).links.flatMap(({ options }) => (options as ModbusOptions).units);
}

/** State of a device with these registers, as the driver publishes it. */
function stateOf(units: ModbusOptions['units'], { table, runs, readMax }: RegisterImage): object | undefined {
  const wire = new ModbusWire({ units: withNotes(units, new Map()), size: 65_536 });
  const device = wire.unit(1);
  const registers = table === 'input' ? device.inputs : device.holdings;
  const known = new Set<number>();
  for (const [address, ...words] of runs) {
    registers.set(words, address);
    for (let at = 0; at < words.length; at += 1) known.add(address + at);
  }
  const code = table === 'input' ? 4 : 3;
  device.exceptionTo = ({ code: asked, start, count }) => {
    if (asked !== code) return 1;
    const isKnown = Array.from({ length: count }, (_, at) => start + at).every((address) => known.has(address));
    return isKnown && count <= (readMax ?? 125) ? undefined : 2;
  };
  const names = units.flatMap(({ points }) => points.map(({ name }) => name));
  const isWhole = (values: object): boolean => names.every((name) => name in values);
  wire.run(() => wire.states.some(({ values }) => isWhole(values)));
  return wire.states.find(({ values }) => isWhole(values))?.values;
}

const values = (state: object | undefined): object =>
  Object.fromEntries(Object.entries(state ?? {}).filter(([name]) => name !== '$errors'));

/** Reasons of missing values: only a content that means "not available". */
const reasons = (state: object | undefined): unknown[] => [
  ...new Set(Object.values((state as { $errors?: object } | undefined)?.$errors ?? {})),
];

const ids = profileIds(NOWHERE);

describe('a shipped profile', () => {
  it('has a device for the test', () => {
    expect(ids).toEqual(Object.keys(REGISTER_IMAGES).sort());
    expect(readdirSync(shippedProfiles())).toEqual(ids.map((id) => `${id}.toml`));
  });

  it.each(ids)('%s is valid, and names its source', (id) => {
    const file = readProfileFile(join(shippedProfiles(), `${id}.toml`));
    const { profile, problems } = readProfile(file ?? { file: '' }, id);
    expect(problems).toEqual([]);
    expect(profile?.head.source).toMatch(/^[A-Z].{20,}/);
  });

  it.each(ids)('%s reads the registers of its manual, with sign, scale and order', (id) => {
    const image = REGISTER_IMAGES[id];
    if (image === undefined) throw new Error(`no registers for ${id}`);
    const state = stateOf(unitsOf(configWith(`profile = "${id}"`)), image);
    expect(values(state)).toEqual(image.values);
    expect(reasons(state).filter((reason) => reason !== 'not available')).toEqual([]);
  });

  it.each(ids)('%s has the classes of Home Assistant that fit its units', (id) => {
    const file = readProfileFile(join(shippedProfiles(), `${id}.toml`));
    const points = parse(file?.text ?? '').point as Record<string, string | undefined>[];
    for (const { name, unit_of_measurement: unit, device_class, state_class } of points) {
      const isFactor = unit === undefined && /^(power_factor|cos_phi)/.test(name ?? '');
      const [ofDevice, ofState] =
        id === WITHOUT_CLASSES ? [] : isFactor ? ['power_factor', 'measurement'] : (CLASSES[unit ?? ''] ?? []);
      expect({ name, device_class, state_class }).toEqual({ name, device_class: ofDevice, state_class: ofState });
    }
  });

  // negative control of the test of registers
  it('reads other values if the order of the registers is another one', () => {
    const image = REGISTER_IMAGES['peacefair-pzem016'];
    if (image === undefined) throw new Error('no registers');
    const swapped = { ...image, runs: [[0, 2200, 5, 1, 6, 1, 7, 1, 500, 98, 0] as const] };
    const read = (more: string) =>
      values(stateOf(unitsOf(configWith(`profile = "peacefair-pzem016"\n${more}`)), swapped));
    expect(read('')).toMatchObject({ current: 65.541, active_power: 6554.2, active_energy: 65_543 });
    expect(read('word_order = "ABCD"')).toMatchObject({ current: 327.681, active_power: 39_321.7 });
  });

  // negative control: the device refuses what is not in its manual
  it('has no value for a point that the device does not have', () => {
    const image = REGISTER_IMAGES['finder-7e23'];
    if (image === undefined) throw new Error('no registers');
    const more = 'profile = "finder-7e23"\n[[link.unit.point]]\nname = "other"\ntable = "holding"\naddress = 37';
    const state = stateOf(unitsOf(configWith(more)), image);
    expect(state).toMatchObject({ voltage: 230, other: null, $errors: { other: 'illegal data address' } });
  });
});

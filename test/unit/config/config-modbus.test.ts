/** Modbus lines in the configuration file: the meaning of a valid file, and the problem reported for each mistake. */
import { describe, expect, it } from 'vitest';
import { warningsOf } from '../../../src/config/warnings.ts';
import type { ModbusOptions } from '../../../src/driver/modbus/options.ts';
import { configOf, pathsOf, problemsOf } from './config-rig.ts';

const GOOD = `
[gateway]
name = "shed-3"
[hub]
profile = "generic"
host = "hub.example.net"
[[link]]
name = "meters"
path = "/dev/ttyUSB0"
driver = "modbus"
baud_rate = 9600
parity = "even"
[[link.unit]]
id = "meter-1"
address = 17
poll_ms = 500
[[link.unit.point]]
name = "power"
table = "input"
address = 100
type = "float32"
word_order = "CDAB"
[[link.unit.point]]
name = "limit"
table = "holding"
address = 7
scale = 0.1
writable = true
min = 0
max = 80.5
[[link.unit.point]]
name = "fault"
table = "discrete"
address = 3
poll_ms = 100
[[subdevice]]
id = "meter-1"
`;

/** The valid file with one text replaced by another. */
function changed(from: string, to: string): string {
  expect(GOOD).toContain(from);
  return GOOD.replace(from, to);
}

describe('a Modbus line', () => {
  it('has its units as subdevices, and its own defaults', () => {
    const [link] = configOf(GOOD).links;
    expect(link).toMatchObject({
      ...{ driver: 'modbus', parity: 'even', stopBits: 1, retryMs: 300, retriesMax: 2 },
      allowedSubdevices: ['meter-1'],
    });
    const { units } = (link?.options ?? {}) as ModbusOptions;
    expect(units).toMatchObject([
      {
        ...{ subdevice: 'meter-1', address: 17, heartbeatMs: 60_000, gapMax: 0, writeMode: 'single', busyMs: 10_000 },
        ...{ stateTopic: 'state', setTopic: 'set', resultTopic: 'result' },
        points: [
          { name: 'power', type: 'float32', order: 'CDAB', scale: 1, pollMs: 500, isWritable: false },
          { name: 'limit', type: 'uint16', scale: 0.1, isWritable: true, min: 0, max: 80.5 },
          { name: 'fault', type: 'bool', pollMs: 100 },
        ],
      },
    ]);
  });

  it('can have a unit for the broadcast address', () => {
    const all =
      '[[link.unit]]\nid = "all"\naddress = 0\npoint = [{ name = "clear", table = "coil", address = 1, writable = true }]';
    expect(pathsOf(`${GOOD}[[subdevice]]\nid = "all"`)).toEqual(['subdevice[1].id']);
    expect(pathsOf(changed('[[subdevice]]', `${all}\n[[subdevice]]\nid = "all"\n[[subdevice]]`))).toEqual([]);
  });

  it.each<{ slip: string; from: string; to: string; path: string; what: RegExp; hint: RegExp }>([
    {
      slip: 'a mistyped key of a unit',
      ...{ from: 'poll_ms = 500', to: 'pol_ms = 500', path: 'link[0].unit[0].pol_ms' },
      ...{ what: /not a key/, hint: /mean poll_ms\?/ },
    },
    {
      slip: 'a mistyped key of a point',
      ...{ from: 'scale = 0.1', to: 'scael = 0.1', path: 'link[0].unit[0].point[1].scael' },
      ...{ what: /not a key/, hint: /mean scale\?/ },
    },
    {
      slip: 'a key of the unit in a point',
      ...{ from: 'scale = 0.1', to: 'write_mode = "single"', path: 'link[0].unit[0].point[1].write_mode' },
      ...{ what: /not a key/, hint: /under \[\[link\.unit\]\]/ },
    },
    {
      slip: 'an address beyond the standard',
      ...{ from: 'address = 17', to: 'address = 256', path: 'link[0].unit[0].address' },
      ...{ what: /256, more than 255/, hint: /0 to 255/ },
    },
    {
      slip: 'a scale that is no number',
      ...{ from: 'scale = 0.1', to: 'scale = "0.1"', path: 'link[0].unit[0].point[1].scale' },
      ...{ what: /"0\.1", not a number/, hint: /number/ },
    },
    {
      slip: 'no address',
      ...{ from: 'address = 17', to: '', path: 'link[0].unit[0].address' },
      ...{ what: /missing/, hint: /Address on the line/ },
    },
  ])('reports $slip, with its place and a hint', ({ from, to, path, what, hint }) => {
    const problems = problemsOf(changed(from, to)).filter((problem) => problem.path === path);
    expect(problems).toMatchObject([{ what: expect.stringMatching(what), hint: expect.stringMatching(hint) }]);
  });

  const unitIn = (toml: string): ModbusOptions['units'][number] | undefined =>
    configOf(toml).links.flatMap(({ options }) => (options as ModbusOptions).units)[0];

  it('has pauses of the line and of each unit, which are independent', () => {
    const text = changed('poll_ms = 500', 'poll_ms = 500\npause_ms = 30').replace(
      'driver =',
      'pause_after_write_ms = 60000\ndriver =',
    );
    const [link] = configOf(text).links;
    expect(link?.options).toMatchObject({ pauseMs: 0, pauseAfterWriteMs: 60_000 });
    expect(unitIn(text)).toMatchObject({ pauseMs: 30, pauseAfterWriteMs: 0 });
    expect(pathsOf(text.replace('60000', '60001').replace('pause_ms = 30', 'pause_ms = -1'))).toEqual([
      ...['link[0].pause_after_write_ms', 'link[0].unit[0].pause_ms'],
    ]);
  });

  it('recognises an echo of the adapter by default', () => {
    expect(configOf(GOOD).links[0]?.options).toMatchObject({ echo: 'auto' });
    expect(configOf(changed('driver =', 'echo = "on"\ndriver =')).links[0]?.options).toMatchObject({ echo: 'on' });
    expect(pathsOf(changed('driver =', 'echo = true\ndriver ='))).toEqual(['link[0].echo']);
  });

  it('warns of an address that the standard reserves, and uses it', () => {
    const warned = (toml: string) => warningsOf(configOf(toml)).filter(({ path }) => path.endsWith('.address'));
    const reserved = changed('address = 17', 'address = 248');
    expect(unitIn(reserved)?.address).toBe(248);
    expect(warned(reserved)).toMatchObject([
      { path: 'link[0].unit[0].address', what: expect.stringMatching(/^is 248, which the Modbus standard reserves/) },
    ]);
    expect(warned(changed('address = 17', 'address = 247'))).toEqual([]);
  });

  it('takes contents that mean "not available" as numbers and as texts', () => {
    const unit = unitIn(changed('type = "float32"', 'type = "int64"\nnan = [-1, "0x8000000000000000"]'));
    expect(unit?.points[0]?.notAvailable).toEqual(['ffffffffffffffff', '8000000000000000']);
  });

  const POINT = 'link[0].unit[0].point';
  it.each([
    { rule: 'units need the driver', from: 'driver = "modbus"', to: '', path: 'link[0].unit' },
    {
      rule: 'the units are the subdevices',
      from: 'baud_rate',
      to: 'subdevices = ["meter-1"]\nbaud_rate',
      path: 'link[0].subdevices',
    },
    { rule: 'a unit is a subdevice', from: 'id = "meter-1"\na', to: 'id = "meter-2"\na', path: 'link[0].unit[0].id' },
    {
      rule: 'topics have no wildcards',
      from: 'poll_ms = 500',
      to: 'set_topic = "#"',
      path: 'link[0].unit[0].set_topic',
    },
    {
      rule: 'no topic leads back to the unit',
      ...{ from: 'poll_ms = 500', to: 'state_topic = "set"', path: 'link[0].unit[0].state_topic' },
    },
    { rule: 'names of points differ', from: '"fault"', to: '"power"', path: `${POINT}[2].name` },
    { rule: 'a bit is a bool', from: 'address = 3', to: 'address = 3\ntype = "int16"', path: `${POINT}[2].type` },
    { rule: 'a bool in a register has a bit', from: 'type = "float32"', to: 'type = "bool"', path: `${POINT}[0].bit` },
    {
      rule: 'a bool has no statistics',
      ...{ from: 'address = 3', to: 'address = 3\nstate_class = "total"', path: `${POINT}[2].state_class` },
    },
    { rule: 'only a bool has a bit', from: 'scale = 0.1', to: 'bit = 1', path: `${POINT}[1].bit` },
    { rule: 'a string has a length', from: 'type = "float32"', to: 'type = "string"', path: `${POINT}[0].length` },
    { rule: 'only a string has a length', from: 'scale = 0.1', to: 'length = 1', path: `${POINT}[1].length` },
    {
      rule: 'a content fits into its registers',
      ...{ from: 'scale = 0.1', to: 'nan = [0x8000, 0x10000]', path: `${POINT}[1].nan[1]` },
    },
    { rule: 'a content is a number', from: 'scale = 0.1', to: 'nan = ["8000"]', path: `${POINT}[1].nan[0]` },
    { rule: 'a bit has no content', from: 'address = 3', to: 'address = 3\nnan = [1]', path: `${POINT}[2].nan` },
    { rule: 'a scale is not 0', from: 'scale = 0.1', to: 'scale = 0', path: `${POINT}[1].scale` },
    { rule: 'a point ends in its table', from: 'address = 100', to: 'address = 65535', path: `${POINT}[0].address` },
    { rule: 'an input is not written', from: 'type = "float32"', to: 'writable = true', path: `${POINT}[0].writable` },
    { rule: 'bounds are for what is written', from: 'writable = true', to: '', path: `${POINT}[1].min` },
    { rule: 'bounds are in order', from: 'min = 0', to: 'min = 90', path: `${POINT}[1].min` },
  ])('keeps the rule that $rule', ({ from, to, path }) => {
    expect(pathsOf(changed(from, to))).toContain(path);
  });

  it('reports a second unit with the same address or id, and a line without units', () => {
    const second = '[[link.unit]]\nid = "meter-1"\naddress = 17\npoint = [{ name = "a", table = "coil", address = 1 }]';
    expect(pathsOf(changed('[[subdevice]]', `${second}\n[[subdevice]]`))).toEqual([
      ...['link[0].unit[1].id', 'link[0].unit[1].address'],
    ]);
    const none = `${GOOD.slice(0, GOOD.indexOf('[[link.unit]]'))}${GOOD.slice(GOOD.indexOf('[[subdevice]]'))}`;
    expect(pathsOf(none)).toEqual(['link[0].unit', 'subdevice[0].id']);
  });
});

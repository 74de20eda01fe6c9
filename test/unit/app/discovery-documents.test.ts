/**
 * Discovery documents against the rules of the documentation of Home Assistant, and their templates in the engine that
 * Home Assistant uses.
 */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { discoveryDocuments } from '../../../src/app/discovery-documents.ts';
import { topicsBySubdevice } from '../../../src/app/plan.ts';
import { parseConfig } from '../../../src/config/parse.ts';

const LINES = `[[link]]
name = "scale"
path = "/dev/ttyAMA2"
driver = "lines"
[link.lines]
subdevice = "scale_1"
pattern = '^(?P<n>[0-9]+) (?P<kg>[0-9.]+)$'
topic = "weight"
payload = "json"
[[subdevice]]
id = "scale_1"
`;

const METERS = `[[link]]
name = "meters"
path = "/dev/ttyAMA1"
driver = "modbus"
[[link.unit]]
id = "boiler"
address = 17
[[link.unit.point]]
name = "flow"
table = "input"
address = 100
type = "float32"
unit_of_measurement = "m³/h"
device_class = "volume_flow_rate"
state_class = "measurement"
[[link.unit.point]]
name = "setpoint"
table = "holding"
address = 7
scale = 0.1
writable = true
min = 20
max = 80
unit_of_measurement = "°C"
[[link.unit.point]]
name = "pump"
table = "coil"
address = 3
writable = true
device_class = "running"
[[link.unit.point]]
name = "alarm-1"
table = "discrete"
address = 4
device_class = "problem"
[[link.unit.point]]
name = "serial"
table = "holding"
address = 20
type = "string"
length = 8
writable = true
[[link.unit.point]]
name = "total"
table = "holding"
address = 30
type = "uint64"
writable = true
[[link.unit.point]]
name = "raw"
table = "holding"
address = 40
type = "int16"
scale = -0.5
offset = 10
writable = true
[[link.unit]]
id = "all"
address = 0
[[link.unit.point]]
name = "reset"
table = "coil"
address = 1
writable = true
[[subdevice]]
id = "boiler"
[[subdevice]]
id = "all"
`;

const AVAILABILITY = `[availability]
gateway_topic = "holdfast/{gateway}/state"
subdevice_topic = "holdfast/{gateway}/{subdevice}/state"
`;
const PREFIX = '[home_assistant]\ndiscovery_prefix = "homeassistant"\n';

function documentsOf(keys: string, gateway = 'gw-1', outbox = ''): Map<string, Record<string, unknown>> {
  const head = `[gateway]\nname = "${gateway}"\n[hub]\nprofile = "generic"\nhost = "hub"\n${outbox}`;
  const parsed = parseConfig(head + keys);
  if (!parsed.ok) throw new Error(parsed.problems.map(({ path, what }) => `${path} ${what}`).join('\n'));
  const documents = discoveryDocuments(parsed.config, topicsBySubdevice(parsed.config), '1.2.3');
  return new Map([...documents].map(([topic, text]) => [topic, JSON.parse(text) as Record<string, unknown>]));
}

const ALL = documentsOf(METERS + LINES + AVAILABILITY + PREFIX);
const at = (topic: string): Record<string, unknown> | undefined => ALL.get(`homeassistant/${topic}/config`);

/** Page "MQTT": `<discovery_prefix>/<component>/[<node_id>/]<object_id>/config`. */
const TOPIC = /^homeassistant\/(sensor|binary_sensor|number|switch)\/[a-zA-Z0-9_-]+\/[a-zA-Z0-9_-]+\/config$/;
const topic = z.string().regex(/^[^+#\0]+$/);
const template = z.string().regex(/\{\{.*\}\}/);

/** Page "MQTT", "Device registry": at least one of identifiers or connections; and "origin": the name is required. */
const device = z.strictObject({
  identifiers: z.array(z.string()).min(1),
  name: z.string(),
  model: z.string().optional(),
  sw_version: z.string().optional(),
  via_device: z.string().optional(),
});
const origin = z.strictObject({ name: z.string(), sw_version: z.string().optional() });
const availability = z.array(
  z.strictObject({ topic, payload_available: z.string(), payload_not_available: z.string() }),
);
const common = {
  name: z.string(),
  unique_id: z.string(),
  state_topic: topic,
  qos: z.int().min(0).max(2),
  device,
  origin,
  availability: availability.min(1).optional(),
  availability_mode: z.enum(['all', 'any', 'latest']).optional(),
  entity_category: z.enum(['config', 'diagnostic']).optional(),
};

const COMPONENTS = {
  /** Page "MQTT Sensor". */
  sensor: z.strictObject({
    ...common,
    value_template: template,
    device_class: z.string().optional(),
    state_class: z.enum(['measurement', 'measurement_angle', 'total', 'total_increasing']).optional(),
    unit_of_measurement: z.string().optional(),
  }),
  /** Page "MQTT binary sensor". */
  binary_sensor: z.strictObject({
    ...common,
    value_template: template.optional(),
    payload_on: z.string().default('ON'),
    payload_off: z.string().default('OFF'),
    device_class: z.string().optional(),
  }),
  /** Page "MQTT Number": the smallest step is 0.001. */
  number: z
    .strictObject({
      ...common,
      value_template: template,
      command_topic: topic,
      command_template: template,
      min: z.number(),
      max: z.number(),
      step: z.number().min(0.001),
      mode: z.enum(['auto', 'box', 'slider']),
      device_class: z.string().optional(),
      unit_of_measurement: z.string().optional(),
    })
    .refine(({ min, max }) => min < max),
  /** Page "MQTT Switch": its device classes are outlet and switch. */
  switch: z.strictObject({
    ...common,
    value_template: template,
    command_topic: topic,
    payload_on: z.string(),
    payload_off: z.string(),
    state_on: z.string(),
    state_off: z.string(),
    device_class: z.enum(['outlet', 'switch']).optional(),
  }),
} as const;

describe('discovery documents', () => {
  it('are off without a prefix', () => {
    expect(documentsOf(METERS + AVAILABILITY).size).toBe(0);
  });

  it('fit the rules of their component, each with an id and a topic of its own', () => {
    for (const [place, document] of ALL) {
      const [, component = ''] = TOPIC.exec(place) ?? [];
      const result = COMPONENTS[component as keyof typeof COMPONENTS].safeParse(document);
      expect(result.error?.message, place).toBeUndefined();
    }
    const ids = [...ALL.values()].map(({ unique_id }) => unique_id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ALL.keys()].sort()).toEqual([
      'homeassistant/binary_sensor/gw-1/connection/config',
      'homeassistant/binary_sensor/gw-1_-boiler/alarm-1/config',
      'homeassistant/number/gw-1_-boiler/raw/config',
      'homeassistant/number/gw-1_-boiler/setpoint/config',
      'homeassistant/sensor/gw-1_-boiler/flow/config',
      'homeassistant/sensor/gw-1_-boiler/serial/config',
      'homeassistant/sensor/gw-1_-boiler/total/config',
      'homeassistant/sensor/gw-1_-scale__1/kg/config',
      'homeassistant/sensor/gw-1_-scale__1/n/config',
      'homeassistant/switch/gw-1_-boiler/pump/config',
    ]);
  });

  it('a rule that a document breaks is found (negative control)', () => {
    const flow = at('sensor/gw-1_-boiler/flow');
    expect(COMPONENTS.sensor.safeParse({ ...flow, command_topic: 'a' }).success).toBe(false);
    expect(COMPONENTS.sensor.safeParse({ ...flow, device: { name: 'x' } }).success).toBe(false);
    expect(TOPIC.test('homeassistant/sensor/a b/c/config')).toBe(false);
  });

  it('have + in the place of a field of the template; with a field in a part of a level a value has none', () => {
    const stateTopic = (template: string): unknown => {
      const keys = `uplink_topic = "${template}"\n${METERS}${LINES}${AVAILABILITY}${PREFIX}`;
      return documentsOf(keys).get('homeassistant/sensor/gw-1_-boiler/flow/config')?.state_topic;
    };
    expect(stateTopic('up/{subdevice}/{field:flow}/{topic}')).toBe('up/boiler/+/state');
    expect(stateTopic('up/{subdevice}&{field_encoded:flow}/{topic}')).toBeUndefined();
  });

  it('describe a value: its topic, unit, class, device, and the two states that must be online', () => {
    expect(at('sensor/gw-1_-boiler/flow')).toEqual({
      unique_id: 'holdfast_-gw-1_-boiler_-flow',
      name: 'flow',
      state_topic: 'gw-1/boiler/state',
      value_template: "{{ value_json['flow'] | default(none) }}",
      qos: 1,
      unit_of_measurement: 'm³/h',
      device_class: 'volume_flow_rate',
      state_class: 'measurement',
      availability: [
        { topic: 'holdfast/gw-1/state', payload_available: 'online', payload_not_available: 'offline' },
        { topic: 'holdfast/gw-1/boiler/state', payload_available: 'online', payload_not_available: 'offline' },
      ],
      availability_mode: 'all',
      device: { identifiers: ['holdfast_-gw-1_-boiler'], name: 'boiler', via_device: 'holdfast_-gw-1' },
      origin: { name: 'holdfast', sw_version: '1.2.3' },
    });
    expect(at('binary_sensor/gw-1/connection')).toMatchObject({
      state_topic: 'holdfast/gw-1/state',
      ...{ payload_on: 'online', payload_off: 'offline' },
      device: { identifiers: ['holdfast_-gw-1'], name: 'gw-1' },
    });
  });

  it('describe writable points by their command: the limits of the file, else of the type and its scale', () => {
    expect(at('number/gw-1_-boiler/setpoint')).toMatchObject({
      command_topic: 'gw-1/boiler/set',
      command_template: '{"setpoint":{{ value }}}',
      ...{ min: 20, max: 80, step: 0.1 },
    });
    expect(at('number/gw-1_-boiler/raw')).toMatchObject({ min: -16_373.5, max: 16_394, step: 0.5 });
    expect(at('switch/gw-1_-boiler/pump')).toMatchObject({
      command_topic: 'gw-1/boiler/set',
      ...{ payload_on: '{"pump":true}', payload_off: '{"pump":false}' },
    });
  });

  it('have no availability and no parent device without [availability]', () => {
    const [flow] = [...documentsOf(METERS + PREFIX)].filter(([place]) => place.includes('/flow/'));
    expect(flow?.[1]).not.toHaveProperty('availability');
    expect(flow?.[1]).not.toHaveProperty('device.via_device');
  });

  it('have no entity for values on a shared topic, and no command on one', () => {
    const shared = (keys: string): string => `[[shared_topic]]\ntopic = "all"\n${keys}\n`;
    const placesWith = (keys: string): string[] => [...documentsOf(METERS + PREFIX + shared(keys)).keys()];
    expect(placesWith('uplinks = ["#"]')).toEqual([]);
    const readOnly = placesWith('downlinks = "set"');
    expect(readOnly.length).toBe(documentsOf(METERS + PREFIX).size);
    expect(readOnly.filter((place) => /\/(number|switch)\//.test(place))).toEqual([]);
  });

  it('have different ids for names that differ only in the place of a separator', () => {
    const link = (id: string, point: string): string =>
      [`[[link]]\nname = "l${id}"\npath = "/dev/${id}"\ndriver = "modbus"`, `[[link.unit]]\nid = "${id}"\naddress = 1`]
        .concat(`[[link.unit.point]]\nname = "${point}"\ntable = "input"\naddress = 1\n[[subdevice]]\nid = "${id}"\n`)
        .join('\n');
    const pairs = ['a/b_-c', 'a_-b/c', 'a_/-b', 'a/_-b', 'a__/b', 'a/__b'].map((pair) => pair.split('/'));
    const keys = pairs.map(([id = '', point = '']) => documentsOf(link(id, point) + PREFIX));
    const ids = keys.flatMap((documents) => [...documents.values()].map(({ unique_id }) => unique_id));
    expect(new Set(ids).size).toBe(pairs.length);
  });
});

/** Python of the distribution, where the package python3-jinja2 is. */
const PYTHON = '/usr/bin/python3';
/** Renders templates in Jinja, with `value_json` of the payload, as Home Assistant does. */
const PROGRAM = `import sys, json, jinja2
given = json.load(sys.stdin)
env = jinja2.Environment()
print(json.dumps([env.from_string(t).render(value_json=v, value=v) for t, v in given]))`;
const JINJA_IS_MISSING = spawnSync(PYTHON, ['-c', 'import jinja2']).status !== 0;
if (JINJA_IS_MISSING) console.warn('skipped: Jinja is not installed (apt-get install python3-jinja2)');

function rendered(...given: readonly (readonly [unknown, unknown])[]): string[] {
  const { stdout } = spawnSync(PYTHON, ['-c', PROGRAM], { input: JSON.stringify(given), encoding: 'utf8' });
  return JSON.parse(stdout);
}

describe.skipIf(JINJA_IS_MISSING)('templates in Jinja', () => {
  it('give the value of a point, ON and OFF of a bool, and None for a value that is not available', () => {
    const flow = at('sensor/gw-1_-boiler/flow')?.value_template;
    const alarm = at('binary_sensor/gw-1_-boiler/alarm-1')?.value_template;
    expect(
      rendered(
        ...[{ flow: 12.5 }, { flow: null }, {}].map((state) => [flow, state] as const),
        ...[{ 'alarm-1': true }, { 'alarm-1': false }, { 'alarm-1': null }, {}].map((state) => [alarm, state] as const),
      ),
    ).toEqual(['12.5', 'None', 'None', 'ON', 'OFF', 'None', 'None']);
  });

  it('give the value in an envelope with its configured name', () => {
    const outbox = '[outbox]\nenvelope = "json"\n[outbox.envelope_names]\npayload = "body"\n';
    const documents = documentsOf(METERS + PREFIX, 'gw-1', outbox);
    const flow = documents.get('homeassistant/sensor/gw-1_-boiler/flow/config')?.value_template;
    expect(rendered([flow, { body: { flow: 1 }, seq: 7 }], [flow, { body: { flow: null } }])).toEqual(['1', 'None']);
  });

  it('make a command that the gateway accepts', () => {
    expect(rendered([at('number/gw-1_-boiler/setpoint')?.command_template, 55])).toEqual(['{"setpoint":55}']);
  });
});

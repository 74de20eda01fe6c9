/** Tests that keys without effect for the driver of a link are reported with their places. */
import { describe, expect, it } from 'vitest';
import { configOf, GENERIC, pathsOf, problemsOf, under } from './config-rig.ts';

describe('keys and tables of another driver', () => {
  const SN_KEYS = ['framing = "sn-raw"', 'packet_bytes_max = 64', 'gateway_id = 1', 'advertise_s = 0'];

  it.each(['modbus', 'lines'])('are all reported at once on a link of driver %s, each with its remedy', (driver) => {
    const keys = [`driver = "${driver}"`, ...SN_KEYS, 'predefined_topics = []'].join('\n');
    const problems = problemsOf(under('[[subdevice]]', 'node_id = "0a"', under('[[link]]', keys)));
    const keysReported = ['framing', 'packet_bytes_max', 'gateway_id', 'advertise_s', 'predefined_topics'];
    // driver modbus has a framing too, and no such word
    const what = (path: string): string =>
      driver === 'modbus' && path.endsWith('framing') ? 'which driver "modbus" does not have' : 'has no effect';
    for (const path of [...keysReported.map((key) => `link[0].${key}`), 'subdevice[0].node_id'])
      expect(problems.filter((problem) => problem.path === path)).toMatchObject([
        { what: expect.stringContaining(what(path)), hint: expect.stringMatching(/^Remove this key|^Allowed values/) },
      ]);
  });

  it.each([
    ['mqttsn', ['link[0].unit', 'link[0].lines']],
    ['modbus', ['link[0].lines']],
    ['lines', ['link[0].unit']],
  ])('are also reported if they are tables, on a link of driver %s', (driver, paths) => {
    const tables = `[[link.unit]]\nid = "meter-1"\naddress = 1\n[[link.unit.point]]\nname = "a"\ntable = "coil"\naddress = 1
[link.lines]\nsubdevice = "meter-1"`;
    const reported = pathsOf(GENERIC.replace('[[subdevice]]', `driver = "${driver}"\n${tables}\n[[subdevice]]`));
    expect(reported).toEqual(expect.arrayContaining(paths));
  });

  it('have their defaults on an MQTT-SN link', () => {
    expect(configOf(GENERIC).links[0]?.options).toMatchObject({
      ...{ framing: 'sn-cobs', packetBytesMax: 1024, gatewayId: 1, advertiseS: 0, predefinedTopics: new Map() },
    });
  });
});

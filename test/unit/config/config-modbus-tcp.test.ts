/** Links with the frames of Modbus TCP in the configuration file: their meaning, and the problem reported for each mistake. */
import { describe, expect, it } from 'vitest';
import { warningsOf } from '../../../src/config/warnings.ts';
import { configOf, GENERIC, problemsOf, under } from './config-rig.ts';

const POINT = '[[link.unit.point]]\nname = "a"\ntable = "holding"\naddress = 0\n';

function withLink({ path = 'tcp://192.0.2.7:502', keys = 'framing = "mbap"', address = 17 } = {}): string {
  return `[gateway]
name = "shed-3"
[hub]
profile = "generic"
host = "hub.example.net"
[[link]]
name = "plc"
path = "${path}"
driver = "modbus"
${keys}
[[link.unit]]
id = "meter-1"
address = ${address}
${POINT}
[[subdevice]]
id = "meter-1"
`;
}

const reported = (toml: string) => problemsOf(toml).map(({ path, what, hint }) => [path, what, hint]);

describe('a link with Modbus TCP', () => {
  it.each([
    ['tcp://192.0.2.7:502', 1],
    ['tls://plc.example.net:802', 247],
    ['tcp://[2001:db8::7]:502', 248],
    ['tcp://192.0.2.7:502', 255],
  ])('has a port in the network such as %s, and units such as %i, without a warning', (path, address) => {
    const [link] = configOf(withLink({ path, address })).links;
    expect(link).toMatchObject({ path, retryMs: 1500, options: { framing: 'mbap', units: [{ address }] } });
    expect(warningsOf(configOf(withLink({ path, address })))).toEqual([]);
  });

  it('has RTU frames without the key, on a serial port and in the network', () => {
    for (const path of ['/dev/ttyUSB0', 'tcp://192.0.2.7:4001', 'rfc2217://192.0.2.7:4001'])
      expect(configOf(withLink({ path, keys: '' })).links[0]?.options).toMatchObject({ framing: 'rtu' });
  });

  it.each([
    ['tcp://192.0.2.7:502', '', ['link[0].framing']],
    ['tls://plc.example.net:802', 'framing = "rtu"', ['link[0].framing']],
    ['tcp://192.0.2.7:503', '', []],
    ['tcp://192.0.2.7:502', 'framing = "mbap"', []],
  ])('is probably meant by a port such as %s; with the keys "%s" the warnings are about %j', (path, keys, paths) => {
    expect(warningsOf(configOf(withLink({ path, keys }))).map((warning) => warning.path)).toEqual(paths);
  });

  it.each(['/dev/ttyUSB0', 'usb:0403:6001:A1:00', 'rfc2217://192.0.2.7:4001'])('needs a network path: %s', (path) => {
    expect(reported(withLink({ path }))).toEqual([
      ['link[0].framing', 'is "mbap", and path is a serial port', expect.stringMatching(/^Write tcp:\/\/host:502/)],
    ]);
  });

  it('has no broadcast, and no units beyond 255', () => {
    expect(reported(withLink({ address: 0 }))).toEqual([
      ['link[0].unit[0].point[0].writable', 'is false', expect.anything()],
      ['link[0].unit[0].address', 'is 0, and Modbus TCP has no broadcast', expect.stringMatching(/1 to 255/)],
    ]);
    expect(reported(withLink({ address: 256 })).map(([path]) => path)).toEqual(['link[0].unit[0].address']);
  });

  it('has no echo', () => {
    expect(reported(withLink({ keys: 'framing = "mbap"\necho = "auto"' }))).toEqual([
      ['link[0].echo', 'has no effect with framing = "mbap"', 'Remove this key.'],
    ]);
  });
});

describe('the key framing', () => {
  it.each([
    ['modbus', 'sn-raw', 'Allowed values: "rtu", "mbap".'],
    ['mqttsn', 'mbap', 'Allowed values: "sn-cobs", "sn-raw".'],
  ])('of driver %s does not have the word "%s" of another driver', (driver, word, hint) => {
    const keys = `framing = "${word}"`;
    const toml = driver === 'modbus' ? withLink({ keys }) : under('[[link]]', keys, GENERIC);
    expect(reported(toml)).toEqual([['link[0].framing', `is "${word}", which driver "${driver}" does not have`, hint]]);
  });

  it('has no effect on a driver without framings, which names both drivers that have them', () => {
    const problems = problemsOf(under('[[link]]', 'driver = "lines"\nframing = "rtu"', GENERIC));
    expect(problems.filter(({ path }) => path === 'link[0].framing')).toMatchObject([
      { hint: 'Remove this key, or write driver = "mqttsn" or driver = "modbus" in the link.' },
    ]);
  });

  it('with an unknown word is reported once, with the words of all drivers', () => {
    expect(reported(withLink({ keys: 'framing = "ascii"' })).map(([path]) => path)).toEqual(['link[0].framing']);
  });
});

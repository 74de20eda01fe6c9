/** [[link.lines.readout]] in the file: the resulting options, and the problems reported for mistakes, with their places. */
import { describe, expect, it } from 'vitest';
import type { LinesOptions } from '../../../../src/driver/lines/options.ts';
import { configOf, problemsOf } from '../../config/config-rig.ts';
import { type LinesKeys, linesText, tablesText } from './lines-rig.ts';

const LINK: LinesKeys = { baud_rate: 300, data_bits: 7, parity: 'even' };
const ONE: LinesKeys = { name: 'grid' };

interface File {
  readonly keys?: LinesKeys;
  readonly link?: LinesKeys;
  readonly readouts?: readonly LinesKeys[];
  readonly more?: string;
}

const textOf = ({ keys = {}, link = LINK, readouts = [ONE], more = '' }: File): string =>
  linesText(keys, link, `${tablesText('link.lines.readout', readouts)}\n${more}`);
/** Problems as `path: what`, with paths relative to the link. */
const problems = (file: File, path = '/dev/ttyUSB0'): string[] =>
  problemsOf(textOf(file).replace('/dev/ttyUSB0', path)).map(
    (one) => `${one.path.replace('link[0].', '')}: ${one.what}`,
  );

const ASK = '[[link.lines.ask]]\nname = "a"\nsend = "x"\n';

describe('a read-out', () => {
  it('needs no key beyond its name, on a port with 300 baud, 7 data bits and even parity', () => {
    const [options] = configOf(textOf({})).links.map((link) => link.options as LinesOptions);
    const { asks = [], attach } = options ?? {};
    expect(attach).toBe('line');
    expect(asks).toMatchObject([
      { name: 'grid', subdevice: 'meter-1', everyMs: 60_000, readout: { speedMax: 19_200 }, answer: undefined },
    ]);
    expect(Buffer.from(asks[0]?.bytes ?? []).toString()).toBe('/?!\r\n');
  });

  it.each([
    { link: { baud_rate: 300 }, keys: { bit_7: 'even' } },
    { link: { baud_rate: 300 }, keys: { bit_7: 'ignore' } },
    { link: { ...LINK, baud_rate: 9600 }, readouts: [{ ...ONE, speed_max: 9600 }] },
    { keys: { line_bytes_max: 8192, payload: 'line', topic: 'state' } },
  ] as readonly File[])('is valid with %j', (file) => {
    expect(problems(file)).toEqual([]);
  });

  it.each([
    [{ link: { data_bits: 7, parity: 'even' } }, ['baud_rate: is 115200, but a read-out begins at 300 baud']],
    [{ link: { baud_rate: 300 } }, ['data_bits: is 8, but a meter sends 7 data bits with even parity']],
    [{ link: { baud_rate: 300, data_bits: 7 } }, ['parity: is "none", but a meter sends 7 data bits with even parity']],
    [
      { link: { ...LINK, baud_rate: 9600 }, readouts: [{ ...ONE, speed_max: 300 }] },
      ['lines.readout[0].speed_max: is lower than baud_rate, which is 9600'],
    ],
    [{ keys: { start: '\u0002' } }, ['lines.start: has no effect with readout']],
    [{ keys: { check: 'xor' } }, ['lines.check: has no effect with readout']],
    [{ keys: { skip_nul: true } }, ['lines.skip_nul: has no effect with readout']],
    [{ keys: { echo: true } }, ['lines.echo: has no effect with readout']],
    [{ keys: { ack: 'OK' } }, ['lines.ack: has no effect with readout']],
    [{ keys: { downlinks: ['cmd'] } }, ['lines.downlinks: has no effect with readout']],
    [{ more: ASK }, ['lines.readout: is used together with ask']],
    [
      { readouts: [ONE, { ...ONE, address: '2' }] },
      [
        'lines.readout[0].address: is missing, but the line has several meters',
        'lines.readout[1].name: is "grid", which another request has too',
      ],
    ],
    [
      {
        readouts: [
          { ...ONE, address: '2' },
          { name: 'b', address: '2' },
        ],
      },
      ['lines.readout[1].address: is "2", which another read-out has too'],
    ],
    [
      { readouts: [{ ...ONE, subdevice: 'meter-9' }] },
      [
        'lines.readout[0].subdevice: is "meter-9", which the link does not serve',
        'lines.readout: has no request for "meter-1"',
      ],
    ],
    [{ readouts: [{ ...ONE, topic: 'a/#' }] }, ['lines.readout[0].topic: is a topic name with a wildcard']],
    [{ readouts: [{ ...ONE, speed_max: 1000 }] }, ['lines.readout[0].speed_max: is 1000']],
    [{ readouts: [{ ...ONE, address: '12!' }] }, ['lines.readout[0].address: is "12!"']],
    [
      { readouts: [{ ...ONE, topic: '{n}' }] },
      ['lines.readout[0].topic: names the field "n", but pattern has no group of this name'],
    ],
  ] as readonly (readonly [File, readonly string[]])[])('with %j has the problems %j', (file, expected) => {
    expect(problems(file).toSorted()).toEqual(expected.toSorted());
  });
});

describe('a port in the network', () => {
  it.each(['tcp', 'tls'])('behind %s:// has one speed, which speed_max must be', (protocol) => {
    const path = `${protocol}://10.0.0.5:4001`;
    expect(problems({}, path)).toEqual([
      `lines.readout[0].speed_max: is 19200, but the speed of a port behind ${protocol}:// cannot be changed`,
    ]);
    expect(problems({ readouts: [{ ...ONE, speed_max: 300 }] }, path)).toEqual([]);
  });

  it('behind rfc2217:// can change its speed', () => {
    expect(problems({}, 'rfc2217://10.0.0.5:4001')).toEqual([]);
  });
});

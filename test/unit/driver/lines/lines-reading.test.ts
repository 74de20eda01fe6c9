/** Conversion of a line to a message: sentences, CSV, JSON; and tests that no line reaches a topic of another subdevice. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterMatches, topicProblem } from '../../../../src/base/topic.ts';
import { LinesBench, type LinesKeys } from './lines-rig.ts';

function uplinksOf(keys: LinesKeys, text: string, others: readonly string[] = []) {
  const bench = new LinesBench(keys, others);
  bench.receive(text);
  return bench.uplinks;
}

describe('a line', () => {
  it('is a message on the topic of its link, unchanged', () => {
    expect(uplinksOf({}, 'hello\n\nworld\n')).toEqual([
      ['line', 'hello'],
      ['line', 'world'],
    ]);
  });

  it('of NMEA has the talker in its topic, and is passed on without its check', () => {
    const keys = { check: 'nmea', delimiter: '\r\n', pattern: '^\\$(?P<talker>GP[A-Z]{3}),', topic: 'gps/{talker}' };
    const line = '$GPGLL,4916.45,N,12311.12,W,225444,A';
    expect(uplinksOf(keys, `${line}*31\r\n${line}*32\r\n${line}\r\n`)).toEqual([['gps/GPGLL', line]]);
  });

  it('of CSV becomes JSON of its fields, without empty ones', () => {
    const pattern = '^(?P<id>\\w+),(?P<temp>-?[0-9.]+)(?:,(?P<hum>[0-9.]+))?$';
    const keys = { pattern, topic: 'room/{id}', payload: 'json' };
    expect(uplinksOf(keys, 'hall,21.5,40\nattic,-3\nnonsense\n')).toEqual([
      ['room/hall', '{"id":"hall","temp":"21.5","hum":"40"}'],
      ['room/attic', '{"id":"attic","temp":"-3"}'],
    ]);
  });

  it('of NDJSON has members in its topic, and is passed on octet by octet', () => {
    const keys = { format: 'ndjson', topic: '{site}/{ok}' };
    const good = '{"site":7, "ok":true, "big":12345678901234567890}';
    const others = ['[1]', '{"site":7}', '{"site":null,"ok":1}', '{"site":{},"ok":1}', '{', ''];
    expect(uplinksOf(keys, `${[good, ...others].join('\n')}\n`)).toEqual([['7/true', good]]);
  });

  it.each([
    ['beyond 2^53', '9007199254740993'],
    ['of 30 digits', '123456789012345678901234567890'],
    ['with a fraction that ends in 0', '1.50'],
    ['with an exponent', '1e3'],
    ['negative', '-7'],
  ])('of NDJSON keeps a number %s as it is written', (_, numeral) => {
    const bench = new LinesBench({ format: 'ndjson', topic: '{n}', ack: '{"ok":{n}}', sequence: 'n' });
    bench.receive(`{"n":${numeral}}\n`);
    bench.command({ kind: 'acknowledge', token: bench.of('uplink')[0]?.token ?? 0 });
    expect([bench.uplinks[0]?.[0], bench.written]).toEqual([numeral, `{"ok":${numeral}}\n`]);
  });

  it('with CRLF is read as with LF, by text, NDJSON and check alike', () => {
    expect(uplinksOf({ pattern: '^(?P<kg>[0-9.]+)$', payload: 'json' }, '12.5\r\n7\n')).toEqual([
      ['line', '{"kg":"12.5"}'],
      ['line', '{"kg":"7"}'],
    ]);
    expect(uplinksOf({ format: 'ndjson' }, '{"a":1}\r\n')).toEqual([['line', '{"a":1}']]);
    expect(uplinksOf({ check: 'crc32' }, '123456789*CBF43926\r\n')).toEqual([['line', '123456789']]);
    expect(uplinksOf({ echo: true }, 'hello\r\n')).toEqual([['line', 'hello']]);
  });

  it('can name another subdevice of the link, and no other one', () => {
    const keys = { format: 'ndjson', subdevice_field: 'id' };
    const bench = new LinesBench(keys, ['meter-2']);
    bench.receive('{"id":"meter-2"}\n{"id":"meter-9"}\n{"id":"../x"}\n{"v":1}\n');
    expect(bench.of('uplink').map(({ subdevice }) => subdevice)).toEqual(['meter-2', 'meter-1']);
    expect(bench.of('attach').map(({ subdevice }) => subdevice)).toEqual(['meter-1', 'meter-2']);
    expect(bench.link.counters.malformedPackets).toBe(2);
  });

  it.each([
    ['utf-8', 'caf\xc3\xa9\ncaf\xe9\n', ['café']],
    ['latin1', 'caf\xe9\n', ['café']],
  ])('in %s is decoded to its characters', (encoding, text, payloads) => {
    expect(uplinksOf({ encoding }, text).map(([, payload]) => payload)).toEqual(payloads);
  });

  it('is passed on unchanged if its encoding is unknown', () => {
    const bench = new LinesBench({ encoding: 'bytes' });
    bench.receive('\xff\x00\n');
    expect(bench.of('uplink')[0]?.payload).toEqual(Uint8Array.of(0xff, 0));
  });

  it('is dropped and counted if it is no message', () => {
    const bench = new LinesBench({ check: 'crc32', line_bytes_max: 20, topic: '{n}', pattern: '^(?P<n>[0-9]*)' });
    bench.receive('123456789*CBF43926\n123456789*CBF43927\n*00000000\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n');
    expect(bench.uplinks).toEqual([['123456789', '123456789']]);
    expect(bench.link.counters).toMatchObject({ framesIn: 1, crcErrors: 1, malformedPackets: 1, oversizeFrames: 1 });
  });
});

describe('a value in a topic', () => {
  const HOSTILE = fc.string({
    unit: fc.constantFrom('/', '+', '#', '$', '%', '.', ' ', 'a', 'é', '\u0000', '\u2028', '😀', '*', "'"),
    minLength: 1,
    maxLength: 20,
  });

  it('adds no level, no wildcard and no service topic, and different values result in different topics', () => {
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(HOSTILE, (value) => {
        const [uplink] = uplinksOf({ format: 'ndjson', topic: '{v}' }, `${asBytes(JSON.stringify({ v: value }))}\n`);
        const topic = uplink?.[0] ?? '';
        expect(topic).toMatch(/^[A-Za-z0-9%._~-]+$/);
        expect(topicProblem(topic)).toBeUndefined();
        expect(filterMatches('+', topic)).toBe(true);
        expect(seen.get(topic) ?? value).toBe(value);
        seen.set(topic, value);
      }),
    );
  });

  it('negative control: adds levels, wildcards and invalid topics if it is inserted unchanged', () => {
    const values = fc.sample(HOSTILE, { numRuns: 200, seed: 1 });
    expect(values.some((value) => topicProblem(value) !== undefined)).toBe(true);
    expect(values.some((value) => topicProblem(value) === undefined && !filterMatches('+', value))).toBe(true);
  });

  it('that is too long for a topic, or invalid text, results in no message', () => {
    const keys = { format: 'ndjson', topic: '{v}' };
    expect(uplinksOf(keys, `{"v":"${'x'.repeat(129)}"}\n{"v":"\\ud800"}\n{"v":""}\n{"v":"ok"}\n`)).toHaveLength(1);
  });
});

describe('for any bytes on the line', () => {
  it.each<[string, LinesKeys]>([
    ['text', { pattern: '^(?P<a>.*?)[;,](?P<b>.*)$', topic: '{a}', payload: 'json', ack: 'OK {b}', sequence: 'b' }],
    ['NDJSON', { format: 'ndjson', topic: '{a}', ack: '{"ok":"{b}"}', downlink_ack: '^DONE' }],
    ['anything', { encoding: 'bytes', delimiter: ';', echo: true, check: 'nmea' }],
  ])('the link never throws, and answers with whole lines: %s', (_, keys) => {
    const unit = fc.constantFrom('a', ';', ',', '\n', '\r', '{"a":1,"b":"\\n"}', '"', '{', '\xff', '*00', 'DONE');
    fc.assert(
      fc.property(fc.array(fc.array(unit, { maxLength: 30 }), { maxLength: 10 }), (chunks) => {
        const bench = new LinesBench(keys);
        for (const chunk of chunks) {
          bench.receive(chunk.join(''));
          for (const { token = 0 } of bench.of('uplink')) bench.command({ kind: 'acknowledge', token });
        }
        const ending = keys.delimiter === ';' ? ';' : '\n';
        expect(bench.written === '' || bench.written.endsWith(ending)).toBe(true);
        const { duplicates, malformedPackets } = bench.link.counters;
        expect(bench.written.split('\n').length - 1).toBeLessThanOrEqual(
          bench.uplinks.length + duplicates + malformedPackets,
        );
      }),
    );
  });
});

function asBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

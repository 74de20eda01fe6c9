/**
 * Lines that are no messages: each is counted once and reported with its reason, and is answered if the device waits
 * for an answer.
 */
import { describe, expect, it } from 'vitest';
import { sampleWords } from '../../../../src/base/discard.ts';
import { LinesBench, type LinesKeys } from './lines-rig.ts';

const WEIGHT: LinesKeys = { pattern: '^(?P<kg>[0-9.]+)$' };
const TEXT: LinesKeys = {
  ...{ pattern: '^(?P<n>[0-9]+)? ?(?P<kind>[a-z]*)$', topic: '{kind}', sequence: 'n' },
  ...{ ack: 'OK {n}', refused: 'NO {n}' },
};
const JSON_LINES: LinesKeys = {
  ...{ format: 'ndjson', topic: '{kind}', sequence: 'seq', ack: '{"ok":{seq}}', refused: '{"no":{seq}}' },
};

/** Length limit: 64 bytes end at the digit in `"seq":1`. */
const LONG: LinesKeys = { ...JSON_LINES, line_bytes_max: 64 };

const discards = (bench: LinesBench): string[] =>
  bench.of('discarded').map(({ reason, sample }) => `${reason}: ${sampleWords(sample)}`);

describe('a line that is no message', () => {
  it.each<[string, LinesKeys, string, string]>([
    ['does not match the pattern', WEIGHT, 'boot v1', 'line pattern: "boot v1"'],
    ['is Latin-1 and not UTF-8', {}, 'caf\xe9', 'line encoding: "caf\\xe9"'],
    ['is no JSON', { format: 'ndjson' }, '{"a":', 'line not JSON: "{"a":"'],
    ['is noise', WEIGHT, '\x00\xf8\x80\xfe1', 'line noise: hex 00 f8 80 fe 31'],
    ['has a wrong check', { check: 'crc32' }, 'x*00000000', 'line check: "x*00000000"'],
    ['is too long', { line_bytes_max: 16 }, 'x'.repeat(17), `line too long: "${'x'.repeat(17)}"`],
    ['lacks a field of its topic', { format: 'ndjson', topic: '{k}' }, '{}', 'line field: k is missing: "{}"'],
    ['lacks its sequence', JSON_LINES, '{"kind":"a"}', 'line sequence: seq is missing: "{"kind":"a"}"'],
  ])('because it %s is counted once, as damaged, and reported with its sample', (_, keys, line, sample) => {
    const bench = new LinesBench(keys);
    bench.receive(`${line}\n`);
    expect(discards(bench)).toEqual([sample]);
    const { framesIn, crcErrors, malformedPackets, oversizeFrames } = bench.link.counters;
    expect([framesIn, crcErrors + malformedPackets + oversizeFrames]).toEqual([0, 1]);
  });

  it('is reported without a subdevice if each line names its subdevice', () => {
    const bench = new LinesBench({ format: 'ndjson', subdevice_field: 'id' }, ['meter-2']);
    bench.receive('{"id":"meter-9"}\n');
    expect(bench.of('discarded')).toMatchObject([{ subdevice: undefined, reason: 'line subdevice' }]);
  });
});

describe('bytes without a delimiter', () => {
  it('are reported after five seconds, with their number, and again when more have arrived', () => {
    const bench = new LinesBench({ delimiter: '\r\n' });
    bench.receive('12.5\n12.6\n');
    bench.pass(4999);
    expect(bench.of('discarded')).toEqual([]);
    bench.pass(1);
    expect(bench.of('discarded')).toMatchObject([{ reason: 'line not ended', count: 10 }]);
    bench.pass(60_000);
    bench.receive('12.7\n');
    bench.pass(5000);
    expect(bench.of('discarded').map(({ count }) => count)).toEqual([10, 5]);
  });

  it('are not reported if the delimiter arrives in time', () => {
    const bench = new LinesBench();
    bench.receive('12');
    bench.pass(4000);
    bench.receive('.5\n12.6\n');
    bench.pass(60_000);
    expect([bench.of('discarded'), bench.uplinks.length]).toEqual([[], 2]);
  });

  it('are not reported if each read ends within another line', () => {
    const bench = new LinesBench();
    bench.receive('1');
    for (let count = 0; count < 20; count += 1) {
      bench.pass(1000);
      bench.receive('2.5\n1');
    }
    expect([bench.of('discarded'), bench.uplinks.length]).toEqual([[], 20]);
  });

  it('are also reported if they are dropped as the first line', () => {
    const bench = new LinesBench({ skip_first_line: true });
    bench.receive('12.5;12.6;');
    bench.pass(5000);
    expect(bench.of('discarded')).toMatchObject([{ reason: 'line not ended', count: 10 }]);
  });
});

describe('a device that waits for an answer', () => {
  it.each<[string, LinesKeys, string, string]>([
    ['JSON that ends too soon', JSON_LINES, '{"seq":7,"kind":"a"', '{"no":7}\n'],
    ['JSON with other text after it', JSON_LINES, '{"kind":"a","seq":7}}', '{"no":7}\n'],
    [
      'a number beyond 2^53 in invalid JSON',
      JSON_LINES,
      '{"seq":12345678901234567890 ,',
      '{"no":12345678901234567890}\n',
    ],
    ['a missing field', JSON_LINES, '{"seq":7}', '{"no":7}\n'],
    ['a field that is null', JSON_LINES, '{"seq":7,"kind":null}', '{"no":7}\n'],
    ['a Latin-1 character', JSON_LINES, '{"seq":7,"kind":"\xe9"}', '{"no":7}\n'],
    ['a text field that is empty', TEXT, '7 ', 'NO 7\n'],
    ['no match, and a refusal without fields', { ...WEIGHT, ack: 'OK', refused: 'NO' }, 'boot', 'NO\n'],
    ['more bytes than the longest', LONG, `{"seq":7,"kind":"${'a'.repeat(64)}"}`, '{"no":7}\n'],
    [
      'more bytes than the longest, and a refusal without fields',
      { ...LONG, ack: 'OK', refused: 'NO' },
      ' '.repeat(65),
      'NO\n',
    ],
    [
      'an unknown subdevice',
      { format: 'ndjson', subdevice_field: 'id', ack: 'OK', refused: 'NO {id}' },
      '{"id":"x"}',
      'NO x\n',
    ],
  ])('receives a rejection for a line with %s', (_, keys, line, answer) => {
    const bench = new LinesBench(keys, ['meter-2']);
    bench.receive(`${line}\n`);
    expect([bench.written, bench.uplinks, bench.of('discarded').length]).toEqual([answer, [], 1]);
  });

  it.each<[string, LinesKeys, string]>([
    ['no number is legible', JSON_LINES, '{"kind":"a"}'],
    ['two numbers are legible', JSON_LINES, '{"seq":7{"seq":8,"kind":"a"}'],
    ['its number may continue after the kept part', LONG, `{${' '.repeat(55)}"seq":123456789}`],
    ['its number may be incomplete', JSON_LINES, '{"kind":"a","seq":7x'],
    [
      'its check is wrong, so that the line may come again undamaged',
      { ...WEIGHT, check: 'crc32', ack: 'OK', refused: 'NO' },
      'x',
    ],
    ['the device does not wait for an answer', WEIGHT, 'boot'],
  ])('receives no answer if %s', (_, keys, line) => {
    const bench = new LinesBench(keys);
    bench.receive(`${line}\n`);
    expect([bench.written, bench.of('discarded').length]).toEqual(['', 1]);
  });

  it.each<[string, LinesKeys, string, string]>([
    ['a wrong check', { ...JSON_LINES, check: 'crc32' }, '{"seq":7,"kind":"a"}*00000000', '{"later":7}*'],
    ['a wrong check, two lines in one', { ...LONG, check: 'crc32' }, `${' '.repeat(64)}{"seq":7}*00000000`, ''],
    ['noise in it', JSON_LINES, '{"seq":7,"k\x00\xf8\x80\xfe\x00\xf8\x80\xfe\x00\xf8', '{"later":7}\n'],
  ])('is asked to repeat a line with %s, since the repeated line may be undamaged', (_, keys, line, answer) => {
    const bench = new LinesBench({ ...keys, busy: '{"later":{seq}}' });
    bench.receive(`${line}\n`);
    expect([bench.written.slice(0, answer.length), bench.written === '']).toEqual([answer, answer === '']);
    expect(bench.link.counters.malformedPackets).toBe(0);
  });

  it.each(['{"seq":7,"kind":"a"', '{"seq":7}', '{"seq":7,"kind":"\xe9"}'])(
    'negative control: waits without end for the answer to %s, on a link without "refused"',
    (line) => {
      const { refused: _, ...unrefused } = JSON_LINES;
      const bench = new LinesBench(unrefused);
      bench.receive(`${line}\n`);
      bench.pass(3_600_000);
      expect([bench.written, bench.of('discarded').length]).toEqual(['', 1]);
    },
  );

  it('is answered in the order of its lines', () => {
    const bench = new LinesBench(JSON_LINES);
    bench.receive('{"seq":1,"kind":"a"}\n{"seq":2}\n');
    expect(bench.written).toBe('');
    bench.command({ kind: 'acknowledge', token: bench.of('uplink')[0]?.token ?? 0 });
    expect(bench.written).toBe('{"ok":1}\n{"no":2}\n');
  });
});

describe('a line without an answer', () => {
  it('is lost if there is no room for it, and the loss is reported', () => {
    const bench = new LinesBench();
    bench.receive('a\n');
    bench.command({ kind: 'refuse', token: bench.of('uplink')[0]?.token ?? 0, why: 'congestion' });
    expect(bench.of('discarded')).toMatchObject([{ reason: 'no room' }]);
  });

  it('is lost if its subdevice is not served, and the loss is reported for the subdevice', () => {
    const bench = new LinesBench({ attach: 'line' });
    bench.isWelcoming = false;
    bench.receive('a\nb\n');
    expect(bench.of('discarded').map(({ subdevice, reason }) => [subdevice, reason])).toEqual([
      ['meter-1', 'not served'],
      ['meter-1', 'not served'],
    ]);
  });

  it('is not a loss if its device repeats it', () => {
    const bench = new LinesBench({ ack: 'OK', busy: 'BUSY' });
    bench.receive('a\n');
    bench.command({ kind: 'refuse', token: bench.of('uplink')[0]?.token ?? 0, why: 'congestion' });
    expect([bench.of('discarded'), bench.written]).toEqual([[], 'BUSY\n']);
  });
});

describe('a downlink', () => {
  const TAKEN: LinesKeys = {
    ...{ downlinks: ['cmd'], downlink: 'DO {number} {payload}', downlink_ack: '^DONE (?P<number>[0-9]+)$' },
    downlink_refused: '^FAIL (?P<number>[0-9]+)(?: (?P<reason>.*))?$',
  };

  it('that the device rejects ends with the reason of the device, and the next one is sent', () => {
    const bench = new LinesBench(TAKEN);
    bench.deliver(7, 'open');
    bench.receive('FAIL 1 door is blocked\n');
    expect(bench.of('undelivered')).toEqual([
      { kind: 'undelivered', token: 7, why: 'refused', because: 'door is blocked' },
    ]);
    bench.deliver(8, 'close');
    bench.receive('FAIL 2\n');
    expect(bench.of('undelivered')[1]).toMatchObject({ token: 8, because: 'FAIL 2' });
    bench.deliver(9, 'stop');
    bench.receive('DONE 3\n');
    expect(bench.of('delivered')).toMatchObject([{ token: 9 }]);
  });

  it('is not ended by the rejection of another one', () => {
    const bench = new LinesBench(TAKEN);
    bench.deliver(7, 'open');
    bench.receive('FAIL 4711 late\n');
    expect([bench.of('undelivered'), bench.link.counters.unexpectedPackets]).toEqual([[], 1]);
  });

  it.each<[string, LinesKeys, string, string]>([
    ['topic', { downlinks: ['x'] }, 'on', 'no filter in downlinks matches cmd'],
    ['payload', { downlinks: ['cmd'], format: 'ndjson' }, 'on', 'the payload is not JSON'],
    ['octets', { downlinks: ['cmd'] }, '\xff', 'the payload is not valid UTF-8'],
    ['delimiter', { downlinks: ['cmd'], delimiter: ';' }, 'a;b', 'the text contains the line delimiter'],
  ])('that cannot be written because of its %s reports the reason', (_, keys, payload, because) => {
    const bench = new LinesBench(keys);
    bench.deliver(7, payload);
    expect(bench.of('undelivered')).toMatchObject([{ token: 7, why: 'invalid', because }]);
  });

  it('that is longer than a line reports the largest length', () => {
    const bench = new LinesBench({ downlinks: ['cmd'], line_bytes_max: 16 });
    bench.deliver(7, 'x'.repeat(17));
    const size = { bytes: 17, bytesMax: 16, key: { name: 'line_bytes_max', largest: 16_384 } };
    expect(bench.of('undelivered')).toEqual([{ kind: 'undelivered', token: 7, why: 'too large', size }]);
  });
});

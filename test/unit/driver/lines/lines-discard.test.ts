/** Lines that are no messages: each counted once and told of by its reason, and answered where somebody waits. */
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

/** 64 bytes are the end of the digit in `"seq":1`. */
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
  ])('because it %s is counted once, as broken, and told with its sample', (_, keys, line, told) => {
    const bench = new LinesBench(keys);
    bench.receive(`${line}\n`);
    expect(discards(bench)).toEqual([told]);
    const { framesIn, crcErrors, malformedPackets, oversizeFrames } = bench.link.counters;
    expect([framesIn, crcErrors + malformedPackets + oversizeFrames]).toEqual([0, 1]);
  });

  it('is told as of nobody where each line names its subdevice', () => {
    const bench = new LinesBench({ format: 'ndjson', subdevice_field: 'id' }, ['meter-2']);
    bench.receive('{"id":"meter-9"}\n');
    expect(bench.of('discarded')).toMatchObject([{ subdevice: undefined, reason: 'line subdevice' }]);
  });
});

describe('bytes that no delimiter follows', () => {
  it('are told of after five seconds, by their number, and again when more have come', () => {
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

  it('are no matter of concern once it has come', () => {
    const bench = new LinesBench();
    bench.receive('12');
    bench.pass(4000);
    bench.receive('.5\n12.6\n');
    bench.pass(60_000);
    expect([bench.of('discarded'), bench.uplinks.length]).toEqual([[], 2]);
  });

  it('are told of also where they are dropped as the first line', () => {
    const bench = new LinesBench({ skip_first_line: true });
    bench.receive('12.5;12.6;');
    bench.pass(5000);
    expect(bench.of('discarded')).toMatchObject([{ reason: 'line not ended', count: 10 }]);
  });
});

describe('a device that waits for an answer', () => {
  it.each<[string, LinesKeys, string, string]>([
    ['JSON that ends too soon', JSON_LINES, '{"seq":7,"kind":"a"', '{"no":7}\n'],
    ['JSON with rubbish behind it', JSON_LINES, '{"kind":"a","seq":7}}', '{"no":7}\n'],
    [
      'a number beyond 2^53 in JSON that is none',
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
      'another subdevice than any',
      { format: 'ndjson', subdevice_field: 'id', ack: 'OK', refused: 'NO {id}' },
      '{"id":"x"}',
      'NO x\n',
    ],
  ])('is refused a line with %s', (_, keys, line, answer) => {
    const bench = new LinesBench(keys, ['meter-2']);
    bench.receive(`${line}\n`);
    expect([bench.written, bench.uplinks, bench.of('discarded').length]).toEqual([answer, [], 1]);
  });

  it.each<[string, LinesKeys, string]>([
    ['no number is legible', JSON_LINES, '{"kind":"a"}'],
    ['two are', JSON_LINES, '{"seq":7{"seq":8,"kind":"a"}'],
    ['its number may go on behind what was kept of it', LONG, `{${' '.repeat(55)}"seq":123456789}`],
    ['half of one may be', JSON_LINES, '{"kind":"a","seq":7x'],
    [
      'its check does not hold, so that it may come whole',
      { ...WEIGHT, check: 'crc32', ack: 'OK', refused: 'NO' },
      'x',
    ],
    ['nobody waits', WEIGHT, 'boot'],
  ])('is not answered where %s', (_, keys, line) => {
    const bench = new LinesBench(keys);
    bench.receive(`${line}\n`);
    expect([bench.written, bench.of('discarded').length]).toEqual(['', 1]);
  });

  it.each<[string, LinesKeys, string, string]>([
    ['a wrong check', { ...JSON_LINES, check: 'crc32' }, '{"seq":7,"kind":"a"}*00000000', '{"later":7}*'],
    ['a wrong check, two lines in one', { ...LONG, check: 'crc32' }, `${' '.repeat(64)}{"seq":7}*00000000`, ''],
    ['noise in it', JSON_LINES, '{"seq":7,"k\x00\xf8\x80\xfe\x00\xf8\x80\xfe\x00\xf8', '{"later":7}\n'],
  ])('is asked to repeat a line with %s, since that may come whole', (_, keys, line, answer) => {
    const bench = new LinesBench({ ...keys, busy: '{"later":{seq}}' });
    bench.receive(`${line}\n`);
    expect([bench.written.slice(0, answer.length), bench.written === '']).toEqual([answer, answer === '']);
    expect(bench.link.counters.malformedPackets).toBe(0);
  });

  it.each(['{"seq":7,"kind":"a"', '{"seq":7}', '{"seq":7,"kind":"\xe9"}'])(
    'would wait for ever for the answer to %s, in a link without "refused" (control)',
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
    bench.order({ kind: 'acknowledge', token: bench.of('uplink')[0]?.token ?? 0 });
    expect(bench.written).toBe('{"ok":1}\n{"no":2}\n');
  });
});

describe('a line that nobody answers', () => {
  it('is lost where there is no room for it, and that is told', () => {
    const bench = new LinesBench();
    bench.receive('a\n');
    bench.order({ kind: 'refuse', token: bench.of('uplink')[0]?.token ?? 0, why: 'congestion' });
    expect(bench.of('discarded')).toMatchObject([{ reason: 'no room' }]);
  });

  it('is lost where its subdevice is not let in, and that is told of the subdevice', () => {
    const bench = new LinesBench({ attach: 'line' });
    bench.isWelcoming = false;
    bench.receive('a\nb\n');
    expect(bench.of('discarded').map(({ subdevice, reason }) => [subdevice, reason])).toEqual([
      ['meter-1', 'not served'],
      ['meter-1', 'not served'],
    ]);
  });

  it('is no loss where its device repeats it', () => {
    const bench = new LinesBench({ ack: 'OK', busy: 'BUSY' });
    bench.receive('a\n');
    bench.order({ kind: 'refuse', token: bench.of('uplink')[0]?.token ?? 0, why: 'congestion' });
    expect([bench.of('discarded'), bench.written]).toEqual([[], 'BUSY\n']);
  });
});

describe('a downlink', () => {
  const TAKEN: LinesKeys = {
    ...{ downlinks: ['cmd'], downlink: 'DO {number} {payload}', downlink_ack: '^DONE (?P<number>[0-9]+)$' },
    downlink_refused: '^FAIL (?P<number>[0-9]+)(?: (?P<reason>.*))?$',
  };

  it('that the device refuses ends, with the words of the device, and the next one goes', () => {
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

  it('is not ended by a refusal of another one', () => {
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
  ])('that cannot be written for its %s says why', (_, keys, payload, because) => {
    const bench = new LinesBench(keys);
    bench.deliver(7, payload);
    expect(bench.of('undelivered')).toMatchObject([{ token: 7, why: 'invalid', because }]);
  });

  it('that is longer than a line says how long', () => {
    const bench = new LinesBench({ downlinks: ['cmd'], line_bytes_max: 16 });
    bench.deliver(7, 'x'.repeat(17));
    const size = { bytes: 17, bytesMax: 16, key: { name: 'line_bytes_max', largest: 4096 } };
    expect(bench.of('undelivered')).toEqual([{ kind: 'undelivered', token: 7, why: 'too large', size }]);
  });
});

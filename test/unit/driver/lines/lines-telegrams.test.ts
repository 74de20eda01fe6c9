/** Telegrams and lines with a mark on a link: one is one message, and damage costs one. */
import { describe, expect, it } from 'vitest';
import { sampleWords } from '../../../../src/base/discard.ts';
import { appendCheck } from '../../../../src/codec/line-check.ts';
import { LINES } from '../../../../src/driver/lines/definition.ts';
import { LinesBench, type LinesKeys, linesOptions } from './lines-rig.ts';

const P1: LinesKeys = { delimiter: '\r\n', telegram_begin: '^/', telegram_end: '^!', check: 'dsmr', topic: 'p1' };
const bodyOf = (kwh: string): string => `/XYZ5\\meter\r\n\r\n1-0:1.8.1(${kwh}*kWh)\r\n`;
const withCheck = (body: string): string =>
  `${Buffer.from(appendCheck(Buffer.from(body), { kind: 'dsmr', separator: Buffer.from('!') }))}\r\n`;
const discards = (bench: LinesBench): string[] =>
  bench.of('discarded').map(({ reason, sample }) => `${reason}: ${sampleWords(sample)}`);

describe('a P1 telegram', () => {
  it('is one message, without its check', () => {
    const bench = new LinesBench(P1);
    bench.receive(withCheck(bodyOf('000001.5')) + withCheck(bodyOf('000001.6')));
    expect(bench.uplinks).toEqual([
      ['p1', bodyOf('000001.5')],
      ['p1', bodyOf('000001.6')],
    ]);
    expect(bench.link.counters).toMatchObject({ framesIn: 2, crcErrors: 0 });
  });

  it('that was damaged is counted with a sample, and the next one is a message', () => {
    const bench = new LinesBench(P1);
    bench.receive(withCheck(bodyOf('000001.5')).replace('1.5', '7.5') + withCheck(bodyOf('000001.6')));
    expect(bench.uplinks).toEqual([['p1', bodyOf('000001.6')]]);
    expect(discards(bench)).toEqual(['line check: "/XYZ5\\meter\\r\\n\\r\\n1-0:1.8.1(000007.…"']);
    expect(bench.link.counters).toMatchObject({ framesIn: 1, crcErrors: 1 });
  });

  it('negative control: a damaged one passes without the check', () => {
    const bench = new LinesBench({ ...P1, check: 'none' });
    bench.receive(withCheck(bodyOf('000001.5')).replace('1.5', '7.5'));
    expect(bench.uplinks[0]?.[1]).toContain('000007.5');
  });

  it('whose end was lost is counted once, when the next one begins', () => {
    const bench = new LinesBench(P1);
    bench.receive(bodyOf('1') + withCheck(bodyOf('2')));
    expect([bench.uplinks.length, discards(bench)]).toEqual([
      1,
      ['line cut: "/XYZ5\\meter\\r\\n\\r\\n1-0:1.8.1(1*kWh)\\r…"'],
    ]);
  });

  it('that stops in the middle is reported after 5 s, with the number of its bytes', () => {
    const bench = new LinesBench(P1);
    bench.receive(bodyOf('1'));
    bench.pass(5000);
    expect(bench.of('discarded')).toMatchObject([{ reason: 'line not ended', count: bodyOf('1').length }]);
  });

  it('that has begun before the port was opened is counted, except with skip_first_line', () => {
    for (const [skip_first_line, expected] of [
      [false, ['line not begun: "1-0:1.8.1(1*kWh)"', 'line not begun: "!0000"']],
      [true, []],
    ] as const) {
      const bench = new LinesBench({ ...P1, skip_first_line });
      bench.receive(`1-0:1.8.1(1*kWh)\r\n!0000\r\n${withCheck(bodyOf('2'))}`);
      expect([bench.uplinks.length, discards(bench)]).toEqual([1, expected]);
    }
  });

  it('above line_bytes_max is counted and needs no more memory', () => {
    const bench = new LinesBench({ ...P1, line_bytes_max: 64 });
    bench.receive(`/A\r\n${'x\r\n'.repeat(10_000)}!\r\n${withCheck('/B\r\n')}`);
    expect(bench.uplinks).toEqual([['p1', '/B\r\n']]);
    expect(bench.of('discarded').map(({ reason }) => reason)).toEqual(['line too long']);
  });
});

describe('a scale that sends a fixed number of characters after STX', () => {
  const SCALE: LinesKeys = { start: '\u0002', line_bytes: 6, pattern: '^(?P<kg>[0-9]{4})kg$', payload: 'json' };

  it('is understood, with the bytes between its lines left out', () => {
    const bench = new LinesBench(SCALE);
    bench.receive('\x020012kg\r\n\x020013kg\r\n');
    expect([bench.uplinks.map(([, payload]) => payload), bench.of('discarded')]).toEqual([
      ['{"kg":"0012"}', '{"kg":"0013"}'],
      [],
    ]);
  });

  it('is understood again after lost characters', () => {
    const bench = new LinesBench(SCALE);
    bench.receive('\x02001kg\r\n\x020013kg\r\n\x020014kg\r\n\x020015kg');
    expect(bench.uplinks.at(-1)?.[1]).toBe('{"kg":"0015"}');
    expect(bench.uplinks.length + bench.of('discarded').length).toBeGreaterThanOrEqual(3);
  });
});

describe('a slow line', () => {
  it('has as much time for a line as its largest line takes', () => {
    const { baudRate } = linesOptions({}, []);
    expect(baudRate).toBe(115_200);
    const bench = new LinesBench({ line_bytes_max: 4096 }, [], { baud_rate: 300 });
    bench.receive('x');
    bench.pass(150_000);
    expect(bench.of('discarded')).toEqual([]);
    bench.pass(1000);
    expect(bench.of('discarded')).toMatchObject([{ reason: 'line not ended' }]);
  });
});

describe('the frames of a recording', () => {
  const framesOf = (keys: LinesKeys, text: string): unknown[] =>
    LINES.newFrameSource(linesOptions(keys))
      .read(Uint8Array.from(Buffer.from(text, 'latin1')))
      .map(({ packet }) => (packet as { text?: string } | undefined)?.text);

  it('are the lines of a telegram, and the lines with a mark', () => {
    expect(framesOf(P1, '/A\r\n!1234\r\n')).toEqual(['/A', '!1234']);
    expect(framesOf({ start: '\u0002', line_bytes: 3 }, 'x\x02abc\x02def')).toEqual(['abc', 'def']);
    expect(framesOf({ start: '\u0002', delimiter: '\u0003' }, '\x02abc\x03\x02d\x03')).toEqual(['abc', 'd']);
  });
});

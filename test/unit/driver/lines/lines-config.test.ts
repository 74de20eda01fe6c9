/** [link.lines] in the file: the resulting options, and the problems reported for mistakes, with their places. */
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../../../src/config/kinds/pattern.ts';
import { configOf, GENERIC, problemsOf, under } from '../../config/config-rig.ts';
import { type LinesKeys, linesText } from './lines-rig.ts';

describe('a link of lines', () => {
  it('needs no key beyond its subdevice', () => {
    const [link] = configOf(linesText({})).links;
    expect(link).toMatchObject({
      driver: 'lines',
      allowedSubdevices: ['meter-1'],
      overflow: 'drop-newest',
      acknowledges: false,
    });
    expect(link?.options).toMatchObject({
      delimiter: Uint8Array.of(0x0a),
      answers: undefined,
      check: { kind: 'none' },
    });
  });

  it('lets its lines wait for durability if its device is answered, as other links do', () => {
    expect(configOf(linesText({ ack: 'OK' })).links[0]?.overflow).toBe('reject');
    expect(configOf(linesText({}, { overflow: 'keep-latest' })).links[0]?.overflow).toBe('keep-latest');
  });

  it('has a valid configuration in the guide', () => {
    const guide = readFileSync(new URL('../../../../docs/lines.md', import.meta.url), 'utf8');
    const [, ...examples] = guide.split('```toml\n').map((part) => part.split('```')[0] ?? '');
    for (const example of examples) expect(configOf(example).links[0]?.driver).toBe('lines');
    expect(examples).toHaveLength(8);
  });

  const slips: readonly (readonly [LinesKeys, string, RegExp])[] = [
    [{ pattern: '(a' }, 'pattern', /missing closing \)/],
    [{ pattern: '(?=a)' }, 'pattern', /Perl syntax/],
    [{ pattern: '(a)\\1' }, 'pattern', /escape/],
    [{ pattern: '(?:[a-z]{1,100}){9}' }, 'pattern', /too large/],
    [{ downlink_ack: '[' }, 'downlink_ack', /missing closing \]/],
    [{ topic: 'a/{id}' }, 'topic', /"id", but pattern has no group/],
    [{ topic: 'a/#' }, 'topic', /wildcard/],
    [{ ack: 'OK {n}' }, 'ack', /"n"/],
    [{ ack: 'OK', sequence: 'n' }, 'sequence', /"n"/],
    [{ ack: 'OK\n' }, 'ack', /delimiter/],
    [{ busy: 'BUSY' }, 'busy', /requires ack/],
    [{ payload: 'json' }, 'payload', /no fields/],
    [{ format: 'ndjson', payload: 'json' }, 'payload', /is "json"/],
    [{ format: 'ndjson', pattern: 'a' }, 'pattern', /format "text" only/],
    [{ format: 'ndjson', encoding: 'latin1' }, 'encoding', /latin1/],
    [{ format: 'ndjson', subdevice_field: 'id' }, 'subdevice_field', /list/],
    [{ downlink: 'D' }, 'downlink', /does not contain/],
    [{ downlink: '{payload}{id}' }, 'downlink', /unknown field "id"/],
    [{ downlinks: ['ok', 'a/#/b'] }, 'downlinks[1]', /not a topic filter/],
    [{ subdevice: 'meter-9' }, 'subdevice', /no \[\[subdevice\]\] has that id/],
    [{ line_bytes_max: 8 }, 'line_bytes_max', /less than 16/],
    [{ delimeter: ';' }, 'delimeter', /not a key/],
    [{ line_bytes: 8 }, 'line_bytes', /requires start/],
    [{ start: 'x', line_bytes: 65, line_bytes_max: 64 }, 'line_bytes', /larger than line_bytes_max/],
    [{ telegram_begin: '^/' }, 'telegram_begin', /requires telegram_end/],
    [{ telegram_end: '^!' }, 'telegram_end', /requires telegram_begin/],
    [{ telegram_begin: '(', telegram_end: '^!' }, 'telegram_begin', /not a valid pattern/],
    [{ telegram_begin: '^/', telegram_end: '^!', start: 'x' }, 'start', /no effect with telegram_begin/],
    [{ check: 'dsmr' }, 'check', /check of a telegram/],
    [{ start: 'x', echo: true }, 'echo', /without start and telegrams/],
    [{ pattern: 7 }, 'pattern', /not a text/],
  ];

  it.each(slips)('%j is reported at %s', (keys, key, words) => {
    const [problem, ...others] = problemsOf(linesText(keys)).filter(({ path }) => path !== 'subdevice[0].id');
    expect([problem?.path, others]).toEqual([`link[0].lines.${key}`, []]);
    expect(problem?.what).toMatch(words);
    expect(problem?.hint).not.toBe('');
  });

  it('reports a mistake with the hint of the key', () => {
    expect(problemsOf(linesText({ delimeter: ';' }))[0]?.hint).toBe('Did you mean delimiter?');
    expect(problemsOf(linesText({ line_bytes_max: 8 }))[0]?.hint).toBe('Allowed: integer, 16 to 16384.');
  });

  it.each([
    [under('[[link]]', 'driver = "lines"'), 'link[0].lines'],
    [linesText({}).replace('driver = "lines"', 'driver = "mqttsn"'), 'link[0].lines'],
    [under('[[link]]', 'driver = "lines"\nlines = 7'), 'link[0].lines'],
    [linesText({}, { overflow: 'reject' }), 'link[0].overflow'],
    [linesText({ bit_7: 'even' }, { data_bits: 7 }), 'link[0].lines.bit_7'],
    [linesText({}, { subdevices: ['meter-2'] }).concat('[[subdevice]]\nid = "meter-2"\n'), 'link[0].lines.subdevice'],
    [`${linesText({})}\n[[subdevice]]\nid = "meter-2"\n`, 'subdevice[1].id'],
    [GENERIC.replace('[[subdevice]]', '[link.lines]\n[[subdevice]]'), 'link[0].lines.subdevice'],
  ])('reports a conflict between its driver and its table (%#)', (text, path) => {
    expect(problemsOf(text).map((problem) => problem.path)).toContain(path);
  });
});

describe('a pattern', () => {
  it('returns the groups that matched, by name', () => {
    const compiled = compilePattern('(?P<a>x)|(?P<b>y)');
    expect(compiled.ok && [compiled.value.fields, [...(compiled.value.match('zy') ?? [])]]).toEqual([
      ['a', 'b'],
      [['b', 'y']],
    ]);
  });

  it('negative control: hangs a backtracking engine', () => {
    const script = `/^(a+)+$/.test('a'.repeat(4095) + '!')`;
    expect(() => runInNewContext(script, {}, { timeout: 100 })).toThrow(/timed out/);
  });

  // Each pattern takes a backtracking engine more steps on this line than the test has time for.
  it.each(['^(a+)+$', '^(a|a)*$', '^(a|aa)+$', '^(.*a){12}$', '(a*)*b'])(
    '%s reaches its end on a hostile line',
    (source) => {
      const compiled = compilePattern(source);
      expect(compiled.ok && compiled.value.match(`${'a'.repeat(4095)}!`)).toBeUndefined();
    },
  );
});

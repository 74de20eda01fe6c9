/**
 * Downlinks as lines: written, answered or not, repeated, rejected; and still in custody while no device has accepted
 * them.
 */
import { describe, expect, it } from 'vitest';
import { LinesBench } from './lines-rig.ts';

describe('a downlink', () => {
  const ANSWERED = { downlinks: ['cmd'], downlink: 'D {number} {payload}', downlink_ack: '^DONE(?: (?P<number>.+))?$' };

  it('is delivered when it is written, if the device does not answer', () => {
    const bench = new LinesBench({ downlinks: ['cmd/+'], downlink: '{topic}={payload}', check: 'crc16-modbus' });
    bench.deliver(7, 'on', 'cmd/lamp');
    expect(bench.written).toMatch(/^cmd\/lamp=on\*[0-9A-F]{4}\n$/);
    expect(bench.of('delivered')).toEqual([{ kind: 'delivered', token: 7 }]);
  });

  it('is delivered when it is answered by its number, and not by another line', () => {
    const bench = new LinesBench(ANSWERED);
    bench.deliver(7, 'on');
    bench.receive('DONE 0\nDONE x\nhello\n');
    expect([bench.written, bench.of('delivered')]).toEqual(['D 1 on\n', []]);
    bench.receive('DONE 1\nDONE 1\n');
    expect(bench.of('delivered')).toEqual([{ kind: 'delivered', token: 7 }]);
    expect([bench.uplinks.length, bench.link.counters.unexpectedPackets]).toEqual([1, 3]);
  });

  it('is written again until it is answered; then the subdevice counts as lost, and is back with its next line', () => {
    const bench = new LinesBench(ANSWERED);
    bench.deliver(7, 'on');
    bench.pass(300);
    expect([bench.written, bench.link.counters.retries]).toEqual(['D 1 on\nD 1 on\nD 1 on\n', 2]);
    expect(bench.of('undelivered')).toEqual([{ kind: 'undelivered', token: 7, why: 'lost' }]);
    expect(bench.of('detach')).toEqual([{ kind: 'detach', subdevice: 'meter-1', cause: 'no answer' }]);
    bench.receive('a\n');
    expect([bench.link.attachedSubdevices(), bench.uplinks.length]).toEqual([['meter-1'], 1]);
  });

  it('stays in custody if the line closes before the answer', () => {
    const bench = new LinesBench(ANSWERED);
    bench.deliver(7, 'on');
    bench.command({ kind: 'closed', reason: 'unplugged' });
    expect(bench.of('undelivered')).toEqual([{ kind: 'undelivered', token: 7, why: 'lost' }]);
    bench.deliver(8, 'on');
    expect(bench.of('undelivered')).toHaveLength(2);
  });

  it('stays in custody if the subdevice has been silent for too long', () => {
    const bench = new LinesBench({ ...ANSWERED, silence_s: 1 });
    bench.pass(950);
    bench.deliver(7, 'on');
    bench.pass(50);
    expect(bench.reports.slice(-2).map(({ kind }) => kind)).toEqual(['undelivered', 'detach']);
    bench.receive('a\n');
    bench.deliver(8, 'on');
    expect(bench.written).toBe('D 1 on\nD 2 on\n');
  });

  it('waits for the answer to the previous one, of any subdevice on the line', () => {
    const bench = new LinesBench({ ...ANSWERED, subdevice_field: 'id', format: 'ndjson' }, ['meter-2']);
    bench.receive('{"id":"meter-2"}\n');
    bench.deliver(7, '1');
    bench.deliver(8, '2', 'cmd', 'meter-2');
    expect(bench.takeWritten()).toBe('D 1 1\n');
    bench.receive('DONE 1\n');
    expect(bench.takeWritten()).toBe('D 2 2\n');
  });

  it.each([
    ['has a second line in it', {}, 'a\nb', 'invalid'],
    ['is no UTF-8', {}, '\xff', 'invalid'],
    ['cannot be spelt on the line', { encoding: 'latin1' }, '\xe2\x82\xac', 'invalid'],
    ['is empty', {}, '', 'empty'],
    ['is empty on a line of JSON', { format: 'ndjson' }, '', 'empty'],
    ['is no JSON on a line of JSON', { format: 'ndjson' }, 'on', 'invalid'],
    ['is longer than a line', { line_bytes_max: 16 }, 'x'.repeat(17), 'too large'],
  ] as const)('is rejected if it %s', (_, keys, text, why) => {
    const bench = new LinesBench({ downlinks: ['cmd'], ...keys });
    bench.deliver(7, text);
    expect([bench.written, bench.of('undelivered')]).toMatchObject(['', [{ kind: 'undelivered', token: 7, why }]]);
  });

  it('on a topic that is no longer configured is rejected', () => {
    const bench = new LinesBench({ downlinks: ['cmd'] });
    bench.deliver(7, 'on', 'old');
    expect(bench.of('undelivered')).toHaveLength(1);
  });

  it('of JSON is written on one line, with its values unchanged', () => {
    const bench = new LinesBench({ downlinks: ['cmd'], format: 'ndjson', downlink: '{"t":"{topic}","p":{payload}}' });
    bench.deliver(7, '{\r\n "big": 12345678901234567890,\n "text": "a\\nb" }');
    expect(bench.written).toBe('{"t":"cmd","p":{   "big": 12345678901234567890,  "text": "a\\nb" }}\n');
  });

  it('that the device echoes is no message from the device', () => {
    const bench = new LinesBench({ downlinks: ['cmd'], echo: true });
    bench.deliver(7, 'on');
    bench.deliver(8, 'off');
    bench.receive('off\non\noff\n');
    expect(bench.uplinks.map(([, payload]) => payload)).toEqual(['on', 'off']);
  });
});

/** The link of lines with its flow: when a subdevice is attached, and how a line is answered. */
import { describe, expect, it } from 'vitest';
import { withParity } from '../../../../src/codec/bit-seven.ts';
import { LinesBench, type LinesKeys } from './lines-rig.ts';

const NUMBERED: LinesKeys = {
  pattern: '^(?P<n>[0-9]+) ',
  sequence: 'n',
  ack: 'OK {n}',
  busy: 'BUSY {n}',
  refused: 'NO {n}',
};

/** Tokens of the uplinks offered so far. */
const tokens = (bench: LinesBench): number[] => bench.of('uplink').map(({ token }) => token ?? 0);

describe('the subdevice of a line', () => {
  it('is attached when the port opens, subscribed on its behalf, and detached when the port closes', () => {
    const bench = new LinesBench({ downlinks: ['cmd', 'set/#'] });
    expect(bench.reports.map(({ kind }) => kind)).toEqual(['attach', 'subscribe', 'subscribe']);
    expect(bench.link.attachedSubdevices()).toEqual(['meter-1']);
    bench.command({ kind: 'closed', reason: 'unplugged' });
    expect(bench.of('detach')).toEqual([{ kind: 'detach', subdevice: 'meter-1', cause: 'link closed' }]);
    bench.pass(1000);
    bench.command({ kind: 'opened' });
    expect(bench.of('attach')).toHaveLength(2);
  });

  it('is attached with its first valid line if the configuration says so', () => {
    const bench = new LinesBench({ attach: 'line', check: 'crc32' });
    bench.receive('noise\n');
    expect(bench.of('attach')).toEqual([]);
    bench.receive('123456789*CBF43926\n');
    expect(bench.reports.map(({ kind }) => kind)).toEqual(['discarded', 'attach', 'uplink']);
  });

  it('is detached after its silence, and attached again with its next line', () => {
    const bench = new LinesBench({ silence_s: 5 });
    bench.pass(3000);
    bench.receive('a\n');
    bench.pass(4000);
    expect(bench.of('detach')).toEqual([]);
    bench.pass(2000);
    expect(bench.of('detach')).toEqual([{ kind: 'detach', subdevice: 'meter-1', cause: 'keep alive ran out' }]);
    bench.receive('b\n');
    expect(bench.uplinks).toHaveLength(2);
  });

  it('that is rejected is asked to retry, and attached later', () => {
    const bench = new LinesBench({ ...NUMBERED, attach: 'line' });
    bench.isWelcoming = false;
    bench.receive('1 a\n');
    expect([bench.uplinks, bench.takeWritten()]).toEqual([[], 'BUSY 1\n']);
    bench.isWelcoming = true;
    bench.pass(10_000);
    bench.receive('1 a\n');
    expect(bench.uplinks).toHaveLength(1);
  });

  it('requests again a subscription for which there was no room', () => {
    const bench = new LinesBench({ downlinks: ['cmd'] });
    const [first] = bench.of('subscribe');
    bench.command({ kind: 'refuse', token: first?.token ?? 0, why: 'congestion' });
    bench.pass(10_000);
    expect(bench.of('subscribe')).toHaveLength(2);
  });
});

describe('a line with an answer', () => {
  it('is answered when it is safe, not before, and in its order', () => {
    const bench = new LinesBench(NUMBERED);
    bench.receive('1 a\n2 b\n');
    const [first = 0, second = 0] = tokens(bench);
    bench.command({ kind: 'acknowledge', token: second });
    expect(bench.takeWritten()).toBe('');
    bench.command({ kind: 'acknowledge', token: first });
    expect(bench.takeWritten()).toBe('OK 1\nOK 2\n');
  });

  it('that is repeated is the same message, before its answer and after', () => {
    const bench = new LinesBench(NUMBERED);
    bench.receive('1 a\n1 a\n');
    expect(tokens(bench)).toHaveLength(1);
    bench.command({ kind: 'acknowledge', token: tokens(bench)[0] ?? 0 });
    bench.receive('1 a\n');
    expect([bench.takeWritten(), bench.link.counters.duplicates]).toEqual(['OK 1\nOK 1\n', 2]);
  });

  it('with the same number and another content is another message', () => {
    const bench = new LinesBench(NUMBERED);
    bench.receive('1 a\n1 b\n');
    expect(bench.uplinks).toHaveLength(2);
  });

  it('is a new message after its device may have restarted: after a new connection, or after its retries', () => {
    const bench = new LinesBench(NUMBERED);
    const send = (): void => {
      bench.receive('1 a\n');
      bench.command({ kind: 'acknowledge', token: tokens(bench).at(-1) ?? 0 });
    };
    send();
    bench.pass(1000);
    send();
    bench.command({ kind: 'closed', reason: 'unplugged' });
    bench.pass(200);
    bench.command({ kind: 'opened' });
    send();
    expect(bench.uplinks).toHaveLength(3);
  });

  it('without a number is a new message each time', () => {
    const bench = new LinesBench({ ack: 'OK' });
    bench.receive('a\na\n');
    expect(bench.uplinks).toHaveLength(2);
  });

  it('that must be sent again blocks the later lines, but only for a limited time', () => {
    const bench = new LinesBench(NUMBERED);
    bench.receive('1 a\n');
    bench.command({ kind: 'refuse', token: tokens(bench)[0] ?? 0, why: 'congestion' });
    bench.receive('2 b\n');
    expect([bench.uplinks.length, bench.takeWritten()]).toEqual([1, 'BUSY 1\nBUSY 2\n']);
    bench.receive('1 a\n2 b\n');
    expect(bench.uplinks).toHaveLength(3);
    bench.command({ kind: 'refuse', token: tokens(bench)[1] ?? 0, why: 'congestion' });
    bench.pass(1000);
    bench.receive('3 c\n');
    expect(bench.uplinks).toHaveLength(4);
  });

  it('is rejected permanently only if it can never be accepted', () => {
    const bench = new LinesBench(NUMBERED);
    bench.receive('1 a\n');
    bench.command({ kind: 'refuse', token: tokens(bench)[0] ?? 0, why: 'too large' });
    expect(bench.takeWritten()).toBe('NO 1\n');
  });

  it('beyond the bound of unanswered lines is rejected, and no later line passes it', () => {
    const bench = new LinesBench(NUMBERED);
    bench.receive('1 a\n2 a\n3 a\n4 a\n5 a\n6 a\n');
    expect(bench.uplinks).toHaveLength(4);
    for (const token of tokens(bench)) bench.command({ kind: 'acknowledge', token });
    bench.receive('6 a\n');
    expect([bench.uplinks.length, bench.takeWritten()]).toEqual([4, 'OK 1\nOK 2\nOK 3\nOK 4\nBUSY 6\n']);
  });

  it('cannot insert a second line into the answer', () => {
    const bench = new LinesBench({ format: 'ndjson', ack: '{"ok":"{n}"}', delimiter: ';' });
    bench.receive('{"n":"a\\u003b"};{"n":"\\n\\""};');
    expect(bench.uplinks).toHaveLength(1);
    bench.command({ kind: 'acknowledge', token: tokens(bench)[0] ?? 0 });
    expect(bench.written).toBe('{"ok":"\\n\\""};');
  });
});

describe('a line without an answer', () => {
  it('is offered for custody as well, and counted if there is no room for it', () => {
    const bench = new LinesBench();
    bench.receive('a\nb\n');
    expect(bench.of('uplink').map(({ qos }) => qos)).toEqual([1, 1]);
    const [first = 0, second = 0] = tokens(bench);
    bench.command({ kind: 'acknowledge', token: first });
    bench.command({ kind: 'refuse', token: second, why: 'congestion' });
    expect([bench.written, bench.link.counters.refusedUplinks]).toEqual(['', 1]);
  });
});

describe('a device with 7 data bits on a line of 8', () => {
  const parity = (text: string): string =>
    Buffer.from(withParity(Buffer.from(text), { bitSeven: 'even' })).toString('latin1');

  it('is read without its parity bits and NUL bytes, and answered with parity', () => {
    const bench = new LinesBench({ bit_7: 'even', skip_nul: true, pattern: '^[0-9]+$', ack: 'OK', echo: true });
    bench.receive(parity('\0\u000012\u00003\n'));
    expect(bench.uplinks).toEqual([['line', '123']]);
    bench.command({ kind: 'acknowledge', token: tokens(bench)[0] ?? 0 });
    expect(bench.takeWritten()).toBe(parity('OK\n'));
    bench.receive(parity('OK\n'));
    expect(bench.link.counters).toMatchObject({ echoes: 1, malformedPackets: 0 });
  });

  it('negative control: is not understood if bit 7 is data', () => {
    const bench = new LinesBench({ encoding: 'latin1', pattern: '^[0-9]+$' });
    bench.receive(parity('123\n'));
    expect(bench.uplinks).toEqual([]);
  });

  it('gets no downlink with a character of 8 bits', () => {
    const bench = new LinesBench({ bit_7: 'ignore', downlinks: ['cmd'], encoding: 'latin1' });
    bench.deliver(1, Buffer.from('caf\u00e9').toString('latin1'));
    expect(bench.of('undelivered')).toMatchObject([
      { why: 'invalid', because: 'the text has characters of more than 7 bits' },
    ]);
  });
});

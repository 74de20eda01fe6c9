/** The link of lines among its neighbours: who is there, and what is answered. */
import { describe, expect, it } from 'vitest';
import { LinesBench, type LinesKeys } from './lines-rig.ts';

const NUMBERED: LinesKeys = {
  pattern: '^(?P<n>[0-9]+) ',
  sequence: 'n',
  ack: 'OK {n}',
  busy: 'BUSY {n}',
  refused: 'NO {n}',
};

/** The tokens of what was offered so far. */
const tokens = (bench: LinesBench): number[] => bench.of('uplink').map(({ token }) => token ?? 0);

describe('the subdevice of a line', () => {
  it('is there once the port is open, subscribed on its behalf, and gone with it', () => {
    const bench = new LinesBench({ downlinks: ['cmd', 'set/#'] });
    expect(bench.reports.map(({ kind }) => kind)).toEqual(['attach', 'subscribe', 'subscribe']);
    expect(bench.link.attachedSubdevices()).toEqual(['meter-1']);
    bench.order({ kind: 'closed', reason: 'unplugged' });
    expect(bench.of('detach')).toEqual([{ kind: 'detach', subdevice: 'meter-1', cause: 'link closed' }]);
    bench.pass(1000);
    bench.order({ kind: 'opened' });
    expect(bench.of('attach')).toHaveLength(2);
  });

  it('is there with its first good line, where the configuration says so', () => {
    const bench = new LinesBench({ attach: 'line', check: 'crc32' });
    bench.receive('noise\n');
    expect(bench.of('attach')).toEqual([]);
    bench.receive('123456789*CBF43926\n');
    expect(bench.reports.map(({ kind }) => kind)).toEqual(['discarded', 'attach', 'uplink']);
  });

  it('is gone after its silence, and back with its next line', () => {
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

  it('that is turned away is told to come back, and let in later', () => {
    const bench = new LinesBench({ ...NUMBERED, attach: 'line' });
    bench.isWelcoming = false;
    bench.receive('1 a\n');
    expect([bench.uplinks, bench.takeWritten()]).toEqual([[], 'BUSY 1\n']);
    bench.isWelcoming = true;
    bench.pass(10_000);
    bench.receive('1 a\n');
    expect(bench.uplinks).toHaveLength(1);
  });

  it('asks again for a subscription that there was no room for', () => {
    const bench = new LinesBench({ downlinks: ['cmd'] });
    const [first] = bench.of('subscribe');
    bench.order({ kind: 'refuse', token: first?.token ?? 0, why: 'congestion' });
    bench.pass(10_000);
    expect(bench.of('subscribe')).toHaveLength(2);
  });
});

describe('a line that is answered', () => {
  it('is answered when it is safe, not before, and in its turn', () => {
    const bench = new LinesBench(NUMBERED);
    bench.receive('1 a\n2 b\n');
    const [first = 0, second = 0] = tokens(bench);
    bench.order({ kind: 'acknowledge', token: second });
    expect(bench.takeWritten()).toBe('');
    bench.order({ kind: 'acknowledge', token: first });
    expect(bench.takeWritten()).toBe('OK 1\nOK 2\n');
  });

  it('that comes again is the same message, before its answer and after', () => {
    const bench = new LinesBench(NUMBERED);
    bench.receive('1 a\n1 a\n');
    expect(tokens(bench)).toHaveLength(1);
    bench.order({ kind: 'acknowledge', token: tokens(bench)[0] ?? 0 });
    bench.receive('1 a\n');
    expect([bench.takeWritten(), bench.link.counters.duplicates]).toEqual(['OK 1\nOK 1\n', 2]);
  });

  it('with the same number and other words is another message', () => {
    const bench = new LinesBench(NUMBERED);
    bench.receive('1 a\n1 b\n');
    expect(bench.uplinks).toHaveLength(2);
  });

  it('is a new message once its device may have restarted: after a new connection, or after its retries', () => {
    const bench = new LinesBench(NUMBERED);
    const send = (): void => {
      bench.receive('1 a\n');
      bench.order({ kind: 'acknowledge', token: tokens(bench).at(-1) ?? 0 });
    };
    send();
    bench.pass(1000);
    send();
    bench.order({ kind: 'closed', reason: 'unplugged' });
    bench.pass(200);
    bench.order({ kind: 'opened' });
    send();
    expect(bench.uplinks).toHaveLength(3);
  });

  it('without a number is a new message each time', () => {
    const bench = new LinesBench({ ack: 'OK' });
    bench.receive('a\na\n');
    expect(bench.uplinks).toHaveLength(2);
  });

  it('that was told to come again is waited for by those behind it, but not for ever', () => {
    const bench = new LinesBench(NUMBERED);
    bench.receive('1 a\n');
    bench.order({ kind: 'refuse', token: tokens(bench)[0] ?? 0, why: 'congestion' });
    bench.receive('2 b\n');
    expect([bench.uplinks.length, bench.takeWritten()]).toEqual([1, 'BUSY 1\nBUSY 2\n']);
    bench.receive('1 a\n2 b\n');
    expect(bench.uplinks).toHaveLength(3);
    bench.order({ kind: 'refuse', token: tokens(bench)[1] ?? 0, why: 'congestion' });
    bench.pass(1000);
    bench.receive('3 c\n');
    expect(bench.uplinks).toHaveLength(4);
  });

  it('is refused for good only where it will never be taken', () => {
    const bench = new LinesBench(NUMBERED);
    bench.receive('1 a\n');
    bench.order({ kind: 'refuse', token: tokens(bench)[0] ?? 0, why: 'too large' });
    expect(bench.takeWritten()).toBe('NO 1\n');
  });

  it('beyond the bound of unanswered ones is not let in, and nothing passes it', () => {
    const bench = new LinesBench(NUMBERED);
    bench.receive('1 a\n2 a\n3 a\n4 a\n5 a\n6 a\n');
    expect(bench.uplinks).toHaveLength(4);
    for (const token of tokens(bench)) bench.order({ kind: 'acknowledge', token });
    bench.receive('6 a\n');
    expect([bench.uplinks.length, bench.takeWritten()]).toEqual([4, 'OK 1\nOK 2\nOK 3\nOK 4\nBUSY 6\n']);
  });

  it('can put no second line into the answer', () => {
    const bench = new LinesBench({ format: 'ndjson', ack: '{"ok":"{n}"}', delimiter: ';' });
    bench.receive('{"n":"a\\u003b"};{"n":"\\n\\""};');
    expect(bench.uplinks).toHaveLength(1);
    bench.order({ kind: 'acknowledge', token: tokens(bench)[0] ?? 0 });
    expect(bench.written).toBe('{"ok":"\\n\\""};');
  });
});

describe('a line that nobody answers', () => {
  it('is offered for custody all the same, and counted where there is no room for it', () => {
    const bench = new LinesBench();
    bench.receive('a\nb\n');
    expect(bench.of('uplink').map(({ qos }) => qos)).toEqual([1, 1]);
    const [first = 0, second = 0] = tokens(bench);
    bench.order({ kind: 'acknowledge', token: first });
    bench.order({ kind: 'refuse', token: second, why: 'congestion' });
    expect([bench.written, bench.link.counters.refusedUplinks]).toEqual(['', 1]);
  });
});

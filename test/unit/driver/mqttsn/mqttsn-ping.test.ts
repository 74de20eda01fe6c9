/** The probe of an MQTT-SN link: one PINGREQ with at most one answer, and no effect on anything else. */
import { describe, expect, it } from 'vitest';
import type { DriverReport } from '../../../../src/driver/driver.ts';
import { delivery, LINK_OPTIONS, LinkBench, publish } from './mqttsn-bench.ts';

const PINGREQ = { kind: 'pingreq', clientId: '' } as const;
const PINGRESP = { kind: 'pingresp' } as const;
const { retryMs } = LINK_OPTIONS;

const probe = (token: number, subdevice = 'pump-7') => ({ kind: 'probe', subdevice, token }) as const;
const asked = (token: number, tripMs: number | undefined): DriverReport => ({
  ...{ kind: 'probed', token },
  outcome: { kind: 'asked', requests: 1, answers: tripMs === undefined ? 0 : 1, damaged: 0, tripMs },
});
const notAsked = (token: number, why: RegExp) => ({
  ...{ kind: 'probed', token },
  outcome: { kind: 'not asked', why: expect.stringMatching(why) },
});

describe('a probe', () => {
  it('is a PINGREQ, and reports the time until the PINGRESP', () => {
    const bench = new LinkBench().attach();
    bench.command(probe(1));
    expect(bench.received()).toEqual([PINGREQ]);
    bench.after(12);
    bench.send(PINGRESP);
    expect(bench.reported()).toEqual([asked(1, 12)]);
    expect(bench.link.counters.unexpectedPackets).toBe(0);
  });

  it('without an answer ends when a retry would be due, and ends no connection', () => {
    const bench = new LinkBench().attach();
    bench.command(probe(1));
    bench.after(retryMs - 1);
    expect(bench.reported()).toEqual([]);
    bench.after(1);
    expect(bench.reported()).toEqual([asked(1, undefined)]);
    expect(bench.link.attachedSubdevices()).toEqual(['pump-7']);
    expect(bench.link.wakeAtMs()).toBeUndefined();
  });

  it('does not accept the late answer to the previous one', () => {
    const bench = new LinkBench().attach();
    bench.command(probe(1));
    bench.after(retryMs);
    bench.command(probe(2));
    bench.received();
    bench.after(100);
    bench.send(PINGRESP);
    expect(bench.reported()).toEqual([asked(1, undefined)]);
    bench.after(retryMs - 100);
    expect(bench.received()).toEqual([PINGREQ]);
    bench.after(5);
    bench.send(PINGRESP);
    expect(bench.reported()).toEqual([asked(2, 5)]);
    expect(bench.link.counters.unexpectedPackets).toBe(0);
  });

  it('is rejected while another one is in progress', () => {
    const bench = new LinkBench().attach();
    bench.command(probe(1), probe(2));
    expect(bench.reported()).toEqual([notAsked(2, /already/)]);
    expect(bench.received()).toEqual([PINGREQ]);
  });

  it('of an unconnected or sleeping subdevice sends nothing', () => {
    const bench = new LinkBench().attach();
    bench.command(probe(1, 'mill-2'));
    bench.send({ kind: 'disconnect', durationS: 60 });
    bench.reported();
    bench.command(probe(2));
    expect(bench.reported()).toEqual([notAsked(2, /asleep/)]);
    expect(bench.received()).toEqual([{ kind: 'disconnect', durationS: undefined }]);
    expect(bench.link.probeable()).toEqual([]);
  });

  it.each([
    ['falls asleep', { kind: 'disconnect', durationS: 60 }],
    ['leaves', { kind: 'disconnect', durationS: undefined }],
  ] as const)('ends when its client %s, and is not counted as lost', (_, goodbye) => {
    const bench = new LinkBench().attach();
    bench.command(probe(1));
    bench.send(goodbye);
    expect(bench.reported()).toContainEqual(notAsked(1, /meanwhile/));
  });

  it('ends when the line closes', () => {
    const bench = new LinkBench().attach();
    bench.command(probe(1));
    bench.input({ kind: 'closed', reason: 'unplugged' });
    expect(bench.reported()).toContainEqual(notAsked(1, /meanwhile/));
  });

  it('runs in parallel to a delivery and a publication, which are neither repeated, delayed nor given up', () => {
    const bench = new LinkBench().attach();
    bench.command(delivery(3), probe(1));
    bench.send(publish(9));
    expect(bench.received().map(({ kind }) => kind)).toEqual(['publish', 'pingreq']);
    bench.after(retryMs - 1);
    bench.send({ kind: 'puback', topicId: 0x7431, messageId: 1, returnCode: 0 });
    expect(bench.reported()).toMatchObject([{ kind: 'uplink' }, { kind: 'delivered', token: 3 }]);
    bench.after(1);
    expect(bench.reported()).toEqual([asked(1, undefined)]);
    expect(bench.link.counters.retries).toBe(0);
  });

  it('of a node behind a forwarder is sent to that node', () => {
    const bench = new LinkBench().open();
    const node = Uint8Array.of(0x2a);
    const wrap = (packet: Uint8Array) => ({ kind: 'encapsulated', radius: 0, node, packet }) as const;
    bench.send(wrap(Uint8Array.of(0x0c, 0x04, 0x00, 0x01, 0x00, 0x00, ...Buffer.from('mill-2'))));
    bench.command({ kind: 'attached', subdevice: 'mill-2', answer: { accepted: true, topicIds: new Map() } });
    bench.received();
    bench.command(probe(1, 'mill-2'));
    expect(bench.received()).toEqual([wrap(Uint8Array.of(0x02, 0x16))]);
  });
});

it('an unrequested PINGRESP is unexpected', () => {
  const bench = new LinkBench().attach();
  bench.send(PINGRESP);
  expect(bench.link.counters.unexpectedPackets).toBe(1);
});

it('a sleeping subdevice is reported with the time of its loss until it wakes', () => {
  const bench = new LinkBench().attach();
  expect(bench.link.sleepers()).toEqual(new Map());
  bench.send({ kind: 'disconnect', durationS: 60 });
  expect(bench.link.sleepers()).toEqual(new Map([['pump-7', bench.nowMs + 90_000]]));
  bench.after(30_000);
  bench.send({ kind: 'pingreq', clientId: 'pump-7' });
  expect(bench.link.sleepers()).toEqual(new Map());
  bench.command({ kind: 'rest', subdevice: 'pump-7' });
  expect(bench.link.sleepers()).toEqual(new Map([['pump-7', bench.nowMs + 90_000]]));
});

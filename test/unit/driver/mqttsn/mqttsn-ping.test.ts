/** The probe of an MQTT-SN link: one PINGREQ, one answer or none, and nothing else is touched by it. */
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
  it('is a PINGREQ, and says how long the PINGRESP took', () => {
    const bench = new LinkBench().attach();
    bench.order(probe(1));
    expect(bench.heard()).toEqual([PINGREQ]);
    bench.after(12);
    bench.say(PINGRESP);
    expect(bench.reported()).toEqual([asked(1, 12)]);
    expect(bench.link.counters.unexpectedPackets).toBe(0);
  });

  it('without an answer ends when a retry would be due, and ends no connection', () => {
    const bench = new LinkBench().attach();
    bench.order(probe(1));
    bench.after(retryMs - 1);
    expect(bench.reported()).toEqual([]);
    bench.after(1);
    expect(bench.reported()).toEqual([asked(1, undefined)]);
    expect(bench.link.attachedSubdevices()).toEqual(['pump-7']);
    expect(bench.link.wakeAtMs()).toBeUndefined();
  });

  it('does not take the late answer to the one before for its own', () => {
    const bench = new LinkBench().attach();
    bench.order(probe(1));
    bench.after(retryMs);
    bench.order(probe(2));
    bench.heard();
    bench.after(100);
    bench.say(PINGRESP);
    expect(bench.reported()).toEqual([asked(1, undefined)]);
    bench.after(retryMs - 100);
    expect(bench.heard()).toEqual([PINGREQ]);
    bench.after(5);
    bench.say(PINGRESP);
    expect(bench.reported()).toEqual([asked(2, 5)]);
    expect(bench.link.counters.unexpectedPackets).toBe(0);
  });

  it('is refused while another is under way', () => {
    const bench = new LinkBench().attach();
    bench.order(probe(1), probe(2));
    expect(bench.reported()).toEqual([notAsked(2, /already/)]);
    expect(bench.heard()).toEqual([PINGREQ]);
  });

  it('of nobody who is connected, or of one that sleeps, asks nothing', () => {
    const bench = new LinkBench().attach();
    bench.order(probe(1, 'mill-2'));
    bench.say({ kind: 'disconnect', durationS: 60 });
    bench.reported();
    bench.order(probe(2));
    expect(bench.reported()).toEqual([notAsked(2, /asleep/)]);
    expect(bench.heard()).toEqual([{ kind: 'disconnect', durationS: undefined }]);
    expect(bench.link.probeable()).toEqual([]);
  });

  it.each([
    ['falls asleep', { kind: 'disconnect', durationS: 60 }],
    ['leaves', { kind: 'disconnect', durationS: undefined }],
  ] as const)('is over when its client %s, without having been lost', (_, goodbye) => {
    const bench = new LinkBench().attach();
    bench.order(probe(1));
    bench.say(goodbye);
    expect(bench.reported()).toContainEqual(notAsked(1, /meanwhile/));
  });

  it('is over when the line closes', () => {
    const bench = new LinkBench().attach();
    bench.order(probe(1));
    bench.input({ kind: 'closed', reason: 'unplugged' });
    expect(bench.reported()).toContainEqual(notAsked(1, /meanwhile/));
  });

  it('goes beside a delivery and a publication, and neither is repeated, delayed or given up for it', () => {
    const bench = new LinkBench().attach();
    bench.order(delivery(3), probe(1));
    bench.say(publish(9));
    expect(bench.heard().map(({ kind }) => kind)).toEqual(['publish', 'pingreq']);
    bench.after(retryMs - 1);
    bench.say({ kind: 'puback', topicId: 0x7431, messageId: 1, returnCode: 0 });
    expect(bench.reported()).toMatchObject([{ kind: 'uplink' }, { kind: 'delivered', token: 3 }]);
    bench.after(1);
    expect(bench.reported()).toEqual([asked(1, undefined)]);
    expect(bench.link.counters.retries).toBe(0);
  });

  it('of a node behind a forwarder goes to that node', () => {
    const bench = new LinkBench().open();
    const node = Uint8Array.of(0x2a);
    const wrap = (packet: Uint8Array) => ({ kind: 'encapsulated', radius: 0, node, packet }) as const;
    bench.say(wrap(Uint8Array.of(0x0c, 0x04, 0x00, 0x01, 0x00, 0x00, ...Buffer.from('mill-2'))));
    bench.order({ kind: 'attached', subdevice: 'mill-2', answer: { accepted: true, topicIds: new Map() } });
    bench.heard();
    bench.order(probe(1, 'mill-2'));
    expect(bench.heard()).toEqual([wrap(Uint8Array.of(0x02, 0x16))]);
  });
});

it('a PINGRESP that nobody asked for is unexpected', () => {
  const bench = new LinkBench().attach();
  bench.say(PINGRESP);
  expect(bench.link.counters.unexpectedPackets).toBe(1);
});

it('who sleeps is known until it wakes, with the time of its loss', () => {
  const bench = new LinkBench().attach();
  expect(bench.link.sleepers()).toEqual(new Map());
  bench.say({ kind: 'disconnect', durationS: 60 });
  expect(bench.link.sleepers()).toEqual(new Map([['pump-7', bench.nowMs + 90_000]]));
  bench.after(30_000);
  bench.say({ kind: 'pingreq', clientId: 'pump-7' });
  expect(bench.link.sleepers()).toEqual(new Map());
  bench.order({ kind: 'rest', subdevice: 'pump-7' });
  expect(bench.link.sleepers()).toEqual(new Map([['pump-7', bench.nowMs + 90_000]]));
});

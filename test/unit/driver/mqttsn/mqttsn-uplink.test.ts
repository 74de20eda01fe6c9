import { describe, expect, it } from 'vitest';
import { encodeFrame } from '../../../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../../../src/codec/mqttsn-encode.ts';
import { LINK_OPTIONS, LinkBench, puback, publish, tokensOf } from './mqttsn-bench.ts';

/** Publishes and lets the flow acknowledge. */
function publishAcknowledged(bench: LinkBench, messageId: number): void {
  bench.send(publish(messageId));
  for (const token of tokensOf(bench.reported())) bench.command({ kind: 'acknowledge', token });
  bench.received();
}

describe('a QoS 1 publication', () => {
  it('is acknowledged when the flow has taken custody, not before', () => {
    const bench = new LinkBench().attach();
    bench.send(publish(7));
    const reports = bench.reported();
    expect(reports).toEqual([
      {
        kind: 'uplink',
        subdevice: 'pump-7',
        topic: 't1',
        payload: Uint8Array.of(7),
        qos: 1,
        token: expect.any(Number),
      },
    ]);
    expect(bench.received()).toEqual([]);
    for (const token of tokensOf(reports)) bench.command({ kind: 'acknowledge', token });
    expect(bench.received()).toEqual([puback(7)]);
  });

  it('is acknowledged in one write with the other ones that are in custody', () => {
    const bench = new LinkBench().attach();
    bench.send(publish(7), publish(8));
    const uplinks = tokensOf(bench.reported()).map((token) => ({ subdevice: 'pump-7', token }));
    expect(bench.link.handle({ kind: 'acknowledge', uplinks }, bench.nowMs)).toEqual([
      {
        kind: 'write',
        bytes: new Uint8Array([puback(7), puback(8)].flatMap((one) => [...encodeFrame(encodePacket(one))])),
      },
    ]);
  });

  it.each([
    ['congestion', 1],
    ['invalid topic', 2],
    ['not allowed', 3],
    ['too large', 3],
  ] as const)('rejected for %s gets return code %i, and can be sent again', (why, returnCode) => {
    const bench = new LinkBench().attach();
    bench.send(publish(7));
    for (const token of tokensOf(bench.reported())) bench.command({ kind: 'refuse', token, why });
    expect(bench.received()).toEqual([puback(7, returnCode)]);
    bench.send(publish(7, { dup: true }));
    expect(bench.reported()).toHaveLength(1);
    expect(bench.link.counters.duplicates).toBe(0);
  });

  it('repeated before its answer is not reported again', () => {
    const bench = new LinkBench().attach();
    bench.send(publish(7), publish(7, { dup: true }), publish(7, { dup: true }));
    expect(bench.reported()).toHaveLength(1);
    expect(bench.received()).toEqual([]);
    expect(bench.link.counters.duplicates).toBe(2);
  });

  it('repeated after its acknowledgement is acknowledged again and not reported again', () => {
    const bench = new LinkBench().attach();
    publishAcknowledged(bench, 7);
    bench.send(publish(7, { dup: true }));
    expect(bench.reported()).toEqual([]);
    expect(bench.received()).toEqual([puback(7)]);
    expect(bench.link.counters.duplicates).toBe(1);
  });

  it.each([
    ['another payload', { dup: true, payload: Uint8Array.of(99) }],
    ['another topic', { dup: true, topic: { type: 'short', name: 't2' } }],
    ['no DUP', { dup: false }],
  ] as const)('with a known MsgId and %s is a new message', (_what, fields) => {
    const bench = new LinkBench().attach();
    publishAcknowledged(bench, 7);
    bench.send(publish(7, fields));
    expect(bench.reported()).toHaveLength(1);
  });

  it('whose MsgId was used again is not acknowledged in place of the new one', () => {
    const bench = new LinkBench().attach();
    bench.send(publish(7), publish(7, { payload: Uint8Array.of(8) }));
    const [older, newer] = tokensOf(bench.reported());
    bench.command({ kind: 'acknowledge', token: older ?? 0 });
    expect(bench.received()).toEqual([]);
    bench.command({ kind: 'acknowledge', token: newer ?? 0 });
    expect(bench.received()).toEqual([puback(7)]);
  });

  it('whose MsgId has been used again since is no duplicate any more', () => {
    const bench = new LinkBench().attach();
    publishAcknowledged(bench, 7);
    bench.send(publish(7, { payload: Uint8Array.of(8) }));
    for (const token of tokensOf(bench.reported())) bench.command({ kind: 'acknowledge', token });
    bench.send(publish(7, { dup: true }));
    expect(bench.reported()).toHaveLength(1);
  });

  it('is forgotten as a duplicate after sixteen later ones', () => {
    const bench = new LinkBench().attach();
    for (let messageId = 1; messageId <= 17; messageId += 1) publishAcknowledged(bench, messageId);
    bench.send(publish(2, { dup: true }));
    expect(bench.reported()).toHaveLength(0);
    bench.send(publish(1, { dup: true }));
    expect(bench.reported()).toHaveLength(1);
  });

  it('is recognised over a new connection of a lasting session', () => {
    const bench = new LinkBench().attach();
    publishAcknowledged(bench, 7);
    bench.input({ kind: 'closed', reason: 'unplugged' });
    bench.after(60_000);
    bench.input({ kind: 'opened' });
    bench.attach();
    bench.send(publish(7, { dup: true }));
    expect(bench.reported()).toEqual([]);
    expect(bench.received()).toEqual([puback(7)]);
  });

  it('is forgotten as a duplicate after sixty-four other clients on its link', () => {
    const comeBackAfter = (others: number) => {
      const bench = new LinkBench().attach();
      publishAcknowledged(bench, 7);
      for (let other = 1; other <= others; other += 1) bench.attach(new Map(), { clientId: `other-${other}` });
      bench.attach();
      bench.send(publish(7, { dup: true }));
      return bench.reported().length;
    };
    expect([comeBackAfter(63), comeBackAfter(64)]).toEqual([0, 1]);
  });

  it('answered while the subdevice was away is acknowledged when the subdevice repeats it', () => {
    const bench = new LinkBench().attach();
    bench.send(publish(7), publish(8), { kind: 'disconnect', durationS: undefined });
    const [seven] = tokensOf(bench.reported());
    bench.received();
    bench.command({ kind: 'acknowledge', token: seven ?? 0 });
    expect(bench.received()).toEqual([]);
    bench.attach();
    bench.send(publish(7, { dup: true }), publish(8, { dup: true }));
    expect(bench.received()).toEqual([puback(7)]);
    expect(bench.reported()).toEqual([]);
  });

  it('is new in a clean session, and the old answers are not sent', () => {
    const bench = new LinkBench().attach();
    publishAcknowledged(bench, 7);
    bench.send(publish(8));
    const [old] = tokensOf(bench.reported());
    bench.attach(new Map(), { clean: true });
    bench.command({ kind: 'acknowledge', token: old ?? 0 });
    expect(bench.received()).toEqual([]);
    bench.send(publish(7, { dup: true }), publish(8, { dup: true }));
    expect(bench.reported()).toHaveLength(2);
  });

  it('beyond the bound of unanswered ones is rejected for congestion', () => {
    const bench = new LinkBench().attach();
    for (let messageId = 1; messageId <= LINK_OPTIONS.uplinksMax + 1; messageId += 1) bench.send(publish(messageId));
    expect(bench.reported()).toHaveLength(LINK_OPTIONS.uplinksMax);
    expect(bench.received()).toEqual([puback(LINK_OPTIONS.uplinksMax + 1, 1)]);
  });
});

describe('a publication', () => {
  it.each([1, 0, -1] as const)('of QoS %i is reported with RETAIN if the flag is set, and only then', (qos) => {
    const bench = new LinkBench().attach();
    bench.send(
      publish(7, { qos, retain: true }),
      publish(8, { qos }),
      publish(9, { qos, payload: new Uint8Array(0), retain: true }),
    );
    const retains = bench.reported().map((report) => ('retain' in report ? report.retain : 'absent'));
    expect(retains).toEqual([true, 'absent', true]);
  });

  it('of QoS 0 is reported without a token and not answered', () => {
    const bench = new LinkBench().attach();
    bench.send(publish(0, { qos: 0 }), publish(0, { qos: -1 }));
    const report = {
      kind: 'uplink',
      subdevice: 'pump-7',
      topic: 't1',
      payload: Uint8Array.of(0),
      qos: 0,
      token: undefined,
    };
    expect(bench.reported()).toEqual([report, report]);
    expect(bench.received()).toEqual([]);
  });

  it('of QoS 2 is not supported', () => {
    const bench = new LinkBench().attach();
    bench.send(publish(3, { qos: 2 }));
    expect(bench.received()).toEqual([puback(3, 3)]);
    expect(bench.reported()).toEqual([]);
  });

  it.each([0, 1] as const)('of QoS %i with an unknown topic id is rejected with the code for it', (qos) => {
    const bench = new LinkBench().attach(new Map([[5, 'a/b']]));
    const topics = [
      { type: 'normal', id: 6 },
      { type: 'predefined', id: 6 },
    ] as const;
    for (const topic of topics) bench.send(publish(3, { qos, topic }));
    expect(bench.received()).toEqual([puback(3, 2, 6), puback(3, 2, 6)]);
    expect(bench.reported()).toEqual([]);
  });

  it('with a wildcard as a short topic name is rejected', () => {
    const bench = new LinkBench().attach();
    bench.send(publish(3, { topic: { type: 'short', name: '/#' } }));
    expect(bench.received()).toEqual([puback(3, 2, 0x2f23)]);
  });

  it('can use a topic id of the lasting session at once after a restart of the gateway', () => {
    const bench = new LinkBench().attach(new Map([[5, 'a/b']]));
    bench.send(publish(3, { topic: { type: 'normal', id: 5 } }), publish(4, { topic: { type: 'predefined', id: 77 } }));
    expect(bench.reported()).toMatchObject([{ topic: 'a/b' }, { topic: 'alarm/fire' }]);
  });
});

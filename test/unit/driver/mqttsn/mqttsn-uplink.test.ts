import { describe, expect, it } from 'vitest';
import { LINK_OPTIONS, LinkBench, puback, publish, tokensOf } from './mqttsn-bench.ts';

/** Publishes and lets the flow acknowledge. */
function publishAcknowledged(bench: LinkBench, messageId: number): void {
  bench.say(publish(messageId));
  for (const token of tokensOf(bench.reported())) bench.order({ kind: 'acknowledge', token });
  bench.heard();
}

describe('a QoS 1 publication', () => {
  it('is acknowledged when the flow has taken custody, not before', () => {
    const bench = new LinkBench().attach();
    bench.say(publish(7));
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
    expect(bench.heard()).toEqual([]);
    for (const token of tokensOf(reports)) bench.order({ kind: 'acknowledge', token });
    expect(bench.heard()).toEqual([puback(7)]);
  });

  it.each([
    ['congestion', 1],
    ['invalid topic', 2],
    ['not allowed', 3],
    ['too large', 3],
  ] as const)('refused for %s gets return code %i, and may come again', (why, returnCode) => {
    const bench = new LinkBench().attach();
    bench.say(publish(7));
    for (const token of tokensOf(bench.reported())) bench.order({ kind: 'refuse', token, why });
    expect(bench.heard()).toEqual([puback(7, returnCode)]);
    bench.say(publish(7, { dup: true }));
    expect(bench.reported()).toHaveLength(1);
    expect(bench.link.counters.duplicates).toBe(0);
  });

  it('repeated while unanswered is not reported again', () => {
    const bench = new LinkBench().attach();
    bench.say(publish(7), publish(7, { dup: true }), publish(7, { dup: true }));
    expect(bench.reported()).toHaveLength(1);
    expect(bench.heard()).toEqual([]);
    expect(bench.link.counters.duplicates).toBe(2);
  });

  it('repeated after its acknowledgement is acknowledged again and not reported again', () => {
    const bench = new LinkBench().attach();
    publishAcknowledged(bench, 7);
    bench.say(publish(7, { dup: true }));
    expect(bench.reported()).toEqual([]);
    expect(bench.heard()).toEqual([puback(7)]);
    expect(bench.link.counters.duplicates).toBe(1);
  });

  it.each([
    ['another payload', { dup: true, payload: Uint8Array.of(99) }],
    ['another topic', { dup: true, topic: { type: 'short', name: 't2' } }],
    ['no DUP', { dup: false }],
  ] as const)('with a MsgId seen before and %s is a new message', (_what, fields) => {
    const bench = new LinkBench().attach();
    publishAcknowledged(bench, 7);
    bench.say(publish(7, fields));
    expect(bench.reported()).toHaveLength(1);
  });

  it('whose MsgId is used anew is not acknowledged in the name of the new one', () => {
    const bench = new LinkBench().attach();
    bench.say(publish(7), publish(7, { payload: Uint8Array.of(8) }));
    const [older, newer] = tokensOf(bench.reported());
    bench.order({ kind: 'acknowledge', token: older ?? 0 });
    expect(bench.heard()).toEqual([]);
    bench.order({ kind: 'acknowledge', token: newer ?? 0 });
    expect(bench.heard()).toEqual([puback(7)]);
  });

  it('whose MsgId has been used anew since is no duplicate any more', () => {
    const bench = new LinkBench().attach();
    publishAcknowledged(bench, 7);
    bench.say(publish(7, { payload: Uint8Array.of(8) }));
    for (const token of tokensOf(bench.reported())) bench.order({ kind: 'acknowledge', token });
    bench.say(publish(7, { dup: true }));
    expect(bench.reported()).toHaveLength(1);
  });

  it('is forgotten as a duplicate after sixteen later ones', () => {
    const bench = new LinkBench().attach();
    for (let messageId = 1; messageId <= 17; messageId += 1) publishAcknowledged(bench, messageId);
    bench.say(publish(2, { dup: true }));
    expect(bench.reported()).toHaveLength(0);
    bench.say(publish(1, { dup: true }));
    expect(bench.reported()).toHaveLength(1);
  });

  it('is known again over a new connection of a lasting session', () => {
    const bench = new LinkBench().attach();
    publishAcknowledged(bench, 7);
    bench.input({ kind: 'closed', reason: 'unplugged' });
    bench.after(60_000);
    bench.input({ kind: 'opened' });
    bench.attach();
    bench.say(publish(7, { dup: true }));
    expect(bench.reported()).toEqual([]);
    expect(bench.heard()).toEqual([puback(7)]);
  });

  it('is forgotten as a duplicate after sixty-four other clients on its link', () => {
    const comeBackAfter = (others: number) => {
      const bench = new LinkBench().attach();
      publishAcknowledged(bench, 7);
      for (let other = 1; other <= others; other += 1) bench.attach(new Map(), { clientId: `other-${other}` });
      bench.attach();
      bench.say(publish(7, { dup: true }));
      return bench.reported().length;
    };
    expect([comeBackAfter(63), comeBackAfter(64)]).toEqual([0, 1]);
  });

  it('answered while the subdevice was away is acknowledged when it asks again', () => {
    const bench = new LinkBench().attach();
    bench.say(publish(7), publish(8), { kind: 'disconnect', durationS: undefined });
    const [seven] = tokensOf(bench.reported());
    bench.heard();
    bench.order({ kind: 'acknowledge', token: seven ?? 0 });
    expect(bench.heard()).toEqual([]);
    bench.attach();
    bench.say(publish(7, { dup: true }), publish(8, { dup: true }));
    expect(bench.heard()).toEqual([puback(7)]);
    expect(bench.reported()).toEqual([]);
  });

  it('is new in a clean session, and old answers reach nobody', () => {
    const bench = new LinkBench().attach();
    publishAcknowledged(bench, 7);
    bench.say(publish(8));
    const [old] = tokensOf(bench.reported());
    bench.attach(new Map(), { clean: true });
    bench.order({ kind: 'acknowledge', token: old ?? 0 });
    expect(bench.heard()).toEqual([]);
    bench.say(publish(7, { dup: true }), publish(8, { dup: true }));
    expect(bench.reported()).toHaveLength(2);
  });

  it('beyond the bound of unanswered ones is refused for congestion', () => {
    const bench = new LinkBench().attach();
    for (let messageId = 1; messageId <= LINK_OPTIONS.uplinksMax + 1; messageId += 1) bench.say(publish(messageId));
    expect(bench.reported()).toHaveLength(LINK_OPTIONS.uplinksMax);
    expect(bench.heard()).toEqual([puback(LINK_OPTIONS.uplinksMax + 1, 1)]);
  });
});

describe('a publication', () => {
  it.each([1, 0, -1] as const)('of QoS %i is reported with RETAIN where it has it, and only there', (qos) => {
    const bench = new LinkBench().attach();
    bench.say(
      publish(7, { qos, retain: true }),
      publish(8, { qos }),
      publish(9, { qos, payload: new Uint8Array(0), retain: true }),
    );
    const retains = bench.reported().map((report) => ('retain' in report ? report.retain : 'absent'));
    expect(retains).toEqual([true, 'absent', true]);
  });

  it('of QoS 0 is reported without a token and not answered', () => {
    const bench = new LinkBench().attach();
    bench.say(publish(0, { qos: 0 }), publish(0, { qos: -1 }));
    const report = {
      kind: 'uplink',
      subdevice: 'pump-7',
      topic: 't1',
      payload: Uint8Array.of(0),
      qos: 0,
      token: undefined,
    };
    expect(bench.reported()).toEqual([report, report]);
    expect(bench.heard()).toEqual([]);
  });

  it('of QoS 2 is not supported', () => {
    const bench = new LinkBench().attach();
    bench.say(publish(3, { qos: 2 }));
    expect(bench.heard()).toEqual([puback(3, 3)]);
    expect(bench.reported()).toEqual([]);
  });

  it.each([0, 1] as const)('of QoS %i with an unknown topic id is refused as such', (qos) => {
    const bench = new LinkBench().attach(new Map([[5, 'a/b']]));
    const topics = [
      { type: 'normal', id: 6 },
      { type: 'predefined', id: 6 },
    ] as const;
    for (const topic of topics) bench.say(publish(3, { qos, topic }));
    expect(bench.heard()).toEqual([puback(3, 2, 6), puback(3, 2, 6)]);
    expect(bench.reported()).toEqual([]);
  });

  it('with a wildcard for a short topic name is refused', () => {
    const bench = new LinkBench().attach();
    bench.say(publish(3, { topic: { type: 'short', name: '/#' } }));
    expect(bench.heard()).toEqual([puback(3, 2, 0x2f23)]);
  });

  it('may use a topic id of the lasting session at once, though the gateway was restarted', () => {
    const bench = new LinkBench().attach(new Map([[5, 'a/b']]));
    bench.say(publish(3, { topic: { type: 'normal', id: 5 } }), publish(4, { topic: { type: 'predefined', id: 77 } }));
    expect(bench.reported()).toMatchObject([{ topic: 'a/b' }, { topic: 'alarm/fire' }]);
  });
});

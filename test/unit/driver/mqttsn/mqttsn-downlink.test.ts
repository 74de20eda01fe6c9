import { describe, expect, it } from 'vitest';
import { REPLACEABLE_ID_MIN } from '../../../../src/driver/mqttsn/topics.ts';
import { delivery, LinkBench, publish } from './mqttsn-bench.ts';

const NORMAL_5 = { type: 'normal', id: 5 } as const;
const AB = { topic: 'a/b' } as const;
const FIRST = REPLACEABLE_ID_MIN;
const known = new Map([[5, 'a/b']]);

function regack(messageId: number, returnCode = 0) {
  return { kind: 'regack', topicId: 5, messageId, returnCode } as const;
}

function puback(messageId: number, returnCode = 0, topicId = 5) {
  return { kind: 'puback', topicId, messageId, returnCode } as const;
}

function publication(messageId: number, token: number, dup = false) {
  const payload = Uint8Array.of(token);
  return { kind: 'publish', dup, qos: 1, retain: false, topic: NORMAL_5, messageId, payload };
}

/** Attached subdevice that knows id 5 as a/b: the next MsgId is 3. */
function benchThatKnows(): LinkBench {
  const bench = new LinkBench().attach(known);
  bench.command(delivery(1, AB));
  bench.send(regack(1), puback(2));
  bench.received();
  bench.reported();
  return bench;
}

describe('a delivery', () => {
  it('with an id that was not registered in this connection is preceded by REGISTER, even if the session knows it', () => {
    const bench = new LinkBench().attach(known);
    bench.command(delivery(1, AB));
    expect(bench.received()).toEqual([{ kind: 'register', topicId: 5, messageId: 1, topic: 'a/b' }]);
    bench.send(regack(1));
    expect(bench.received()).toEqual([publication(2, 1)]);
    expect(bench.reported()).toEqual([]);
    bench.send(puback(2));
    expect(bench.reported()).toEqual([{ kind: 'delivered', token: 1 }]);
  });

  it('on a topic without an id waits until its new id is durable', () => {
    const bench = new LinkBench().attach();
    bench.command(delivery(1, AB));
    expect(bench.received()).toEqual([]);
    expect(bench.reported()).toEqual([
      { kind: 'topicBound', subdevice: 'pump-7', topicId: FIRST, topic: 'a/b', token: expect.any(Number) },
    ]);
    bench.command({ kind: 'confirm', token: 1 });
    expect(bench.received()).toEqual([{ kind: 'register', topicId: FIRST, messageId: 1, topic: 'a/b' }]);
  });

  it('whose new id cannot be stored now is tried again later', () => {
    const bench = new LinkBench().attach();
    bench.command(delivery(1, AB), { kind: 'refuse', token: 1, why: 'congestion' });
    expect(bench.reported()).toHaveLength(1);
    bench.after(1000);
    expect(bench.reported()).toMatchObject([{ kind: 'topicBound', topic: 'a/b', topicId: FIRST, token: 2 }]);
  });

  it('is sent at once with an id from REGACK or SUBACK', () => {
    const bench = benchThatKnows();
    bench.command(delivery(2, AB));
    expect(bench.received()).toEqual([publication(3, 2)]);
    bench.send({ kind: 'register', topicId: 0, messageId: 1, topic: 'c/d' });
    bench.command({ kind: 'confirm', token: 1 });
    bench.send(puback(3));
    bench.received();
    bench.command(delivery(3, { topic: 'c/d' }));
    expect(bench.received()).toMatchObject([{ kind: 'publish', topic: { type: 'normal', id: 6 } }]);
  });

  it('uses a predefined id or a short name without a REGISTER', () => {
    const bench = new LinkBench().attach();
    bench.command(delivery(1, { topic: 'alarm/fire', qos: 0 }), delivery(2, { topic: 't1', qos: 0 }));
    expect(bench.received()).toMatchObject([
      { kind: 'publish', topic: { type: 'predefined', id: 77 } },
      { kind: 'publish', topic: { type: 'short', name: 't1' } },
    ]);
  });

  it('of QoS 0 is delivered when it is written, after its REGISTER was accepted', () => {
    const bench = new LinkBench().attach(known);
    bench.command(delivery(1, { ...AB, qos: 0, dup: true }));
    expect(bench.reported()).toEqual([]);
    bench.send(regack(1));
    expect(bench.received().at(-1)).toMatchObject({ kind: 'publish', qos: 0, dup: false, messageId: 0 });
    expect(bench.reported()).toEqual([{ kind: 'delivered', token: 1 }]);
  });

  it.each([2, 3, 200])('whose REGISTER is rejected with code %i is rejected, and no PUBLISH follows', (returnCode) => {
    const bench = new LinkBench().attach(known);
    bench.command(delivery(1, AB));
    bench.send(regack(1, returnCode));
    bench.after(60_000);
    expect(bench.received().map(({ kind }) => kind)).toEqual(['register']);
    expect(bench.reported()).toEqual([{ kind: 'undelivered', token: 1, why: 'refused' }]);
  });

  it('without an answer is repeated with DUP and the same MsgId, then given back, and the subdevice is detached', () => {
    const bench = benchThatKnows();
    bench.command(delivery(2, AB));
    bench.after(999);
    expect(bench.received()).toEqual([publication(3, 2)]);
    bench.after(2001);
    expect(bench.received()).toEqual([publication(3, 2, true), publication(3, 2, true), publication(3, 2, true)]);
    expect(bench.reported()).toEqual([]);
    bench.after(1000);
    expect(bench.received()).toEqual([]);
    expect(bench.reported()).toEqual([
      { kind: 'undelivered', token: 2, why: 'lost' },
      { kind: 'detach', subdevice: 'pump-7', cause: 'no answer' },
    ]);
    expect(bench.link.counters.retries).toBe(3);
    expect(bench.link.wakeAtMs()).toBeUndefined();
  });

  it('over a new connection of the session is preceded by REGISTER again', () => {
    const bench = benchThatKnows();
    bench.attach(known);
    bench.command(delivery(2, AB));
    expect(bench.received()).toMatchObject([{ kind: 'register', topicId: 5 }]);
  });

  it('started again in a clean session has a new MsgId', () => {
    const bench = new LinkBench().attach();
    bench.command(delivery(1));
    bench.attach(new Map(), { clean: true });
    bench.command(delivery(2, { payload: Uint8Array.of(1), dup: true }));
    expect(bench.received()).toMatchObject([{ kind: 'publish', messageId: 2 }]);
  });

  it('keeps its MsgId if it is started again in the same session', () => {
    const bench = benchThatKnows();
    bench.command(delivery(2, AB));
    bench.attach(known);
    bench.command(delivery(3, { ...AB, payload: Uint8Array.of(2), dup: true }));
    bench.send(regack(4));
    expect(bench.received().at(-1)).toEqual(publication(3, 2, true));
  });

  it('has a MsgId that follows from its number, so that it is the same after a restart of the gateway', () => {
    for (const [number, messageId] of [
      [0, 1],
      [65_534, 65_535],
      [65_535, 1],
    ] as const) {
      const restarted = new LinkBench().attach();
      restarted.command(delivery(1, { number, dup: true }));
      expect(restarted.received()).toMatchObject([{ kind: 'publish', messageId, dup: true }]);
    }
  });

  it('to a congested subdevice is repeated for as long as the subdevice reports congestion', () => {
    const bench = benchThatKnows();
    bench.command(delivery(2, AB));
    for (let refusal = 0; refusal < 20; refusal += 1) {
      bench.send(puback(3, 1));
      bench.received();
      bench.after(999);
      expect(bench.received()).toEqual([]);
      bench.after(1);
      expect(bench.received()).toEqual([publication(3, 2, true)]);
    }
    bench.send(puback(3));
    expect(bench.reported()).toEqual([{ kind: 'delivered', token: 2 }]);
  });

  it('whose topic id is unknown to the subdevice is registered again, once', () => {
    const bench = benchThatKnows();
    bench.command(delivery(2, AB));
    bench.send(puback(3, 2));
    expect(bench.received().at(-1)).toEqual({ kind: 'register', topicId: 5, messageId: 4, topic: 'a/b' });
    bench.send(regack(4));
    expect(bench.received()).toEqual([publication(5, 2)]);
    bench.send(puback(5, 2));
    expect(bench.reported()).toEqual([{ kind: 'undelivered', token: 2, why: 'refused' }]);
  });

  it('of QoS 0 with an unknown topic id makes the next one register', () => {
    const bench = benchThatKnows();
    bench.command(delivery(2, { ...AB, qos: 0 }));
    bench.send(puback(0, 2));
    bench.received();
    bench.command(delivery(3, AB));
    expect(bench.received()).toMatchObject([{ kind: 'register', topicId: 5 }]);
  });

  it('that the subdevice does not support is rejected', () => {
    const bench = benchThatKnows();
    bench.command(delivery(2, AB));
    bench.send(puback(3, 3));
    expect(bench.reported()).toEqual([{ kind: 'undelivered', token: 2, why: 'refused' }]);
  });

  it.each([0, 1] as const)(
    'of QoS %i larger than the link allows is given back as too large; the largest is sent',
    (qos) => {
      const bench = new LinkBench().attach();
      // Seven octets precede the payload while Length is short, nine from 256 on: no packet has 256 octets.
      bench.command(delivery(1, { qos, payload: new Uint8Array(249) }));
      expect(bench.reported()).toEqual([
        {
          kind: 'undelivered',
          token: 1,
          why: 'too large',
          size: { bytes: 258, bytesMax: 256, key: { name: 'packet_bytes_max', largest: 4096 } },
        },
      ]);
      bench.command(delivery(2, { qos, payload: new Uint8Array(248) }));
      expect(bench.received()).toHaveLength(1);
    },
  );

  it('is not affected by a stray PUBACK or REGACK', () => {
    const bench = benchThatKnows();
    bench.command(delivery(2, AB));
    bench.send(puback(2), regack(3), puback(4));
    expect(bench.reported()).toEqual([]);
    expect(bench.link.counters.unexpectedPackets).toBe(3);
  });

  it('continues in parallel to uplinks, and is given back when the subdevice leaves', () => {
    const bench = benchThatKnows();
    bench.command(delivery(2, AB));
    bench.send(publish(3), { kind: 'disconnect', durationS: undefined });
    expect(bench.reported()).toMatchObject([
      { kind: 'uplink' },
      { kind: 'undelivered', token: 2, why: 'lost' },
      { kind: 'detach', cause: 'asked' },
    ]);
  });

  it('that starts before the previous one has ended is a broken invariant', () => {
    const bench = benchThatKnows();
    bench.command(delivery(2, AB));
    expect(() => bench.command(delivery(3, AB))).toThrow('second delivery');
  });
});

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

/** Attached, and the subdevice was told that 5 is a/b: the next MsgId is 3. */
function benchThatKnows(): LinkBench {
  const bench = new LinkBench().attach(known);
  bench.order(delivery(1, AB));
  bench.say(regack(1), puback(2));
  bench.heard();
  bench.reported();
  return bench;
}

describe('a delivery', () => {
  it('with an id that was not told in this connection is preceded by REGISTER, though the session knows it', () => {
    const bench = new LinkBench().attach(known);
    bench.order(delivery(1, AB));
    expect(bench.heard()).toEqual([{ kind: 'register', topicId: 5, messageId: 1, topic: 'a/b' }]);
    bench.say(regack(1));
    expect(bench.heard()).toEqual([publication(2, 1)]);
    expect(bench.reported()).toEqual([]);
    bench.say(puback(2));
    expect(bench.reported()).toEqual([{ kind: 'delivered', token: 1 }]);
  });

  it('on a topic without an id waits until its new id is durable', () => {
    const bench = new LinkBench().attach();
    bench.order(delivery(1, AB));
    expect(bench.heard()).toEqual([]);
    expect(bench.reported()).toEqual([
      { kind: 'topicBound', subdevice: 'pump-7', topicId: FIRST, topic: 'a/b', token: expect.any(Number) },
    ]);
    bench.order({ kind: 'confirm', token: 1 });
    expect(bench.heard()).toEqual([{ kind: 'register', topicId: FIRST, messageId: 1, topic: 'a/b' }]);
  });

  it('whose new id the flow cannot keep now asks again later', () => {
    const bench = new LinkBench().attach();
    bench.order(delivery(1, AB), { kind: 'refuse', token: 1, why: 'congestion' });
    expect(bench.reported()).toHaveLength(1);
    bench.after(1000);
    expect(bench.reported()).toMatchObject([{ kind: 'topicBound', topic: 'a/b', topicId: FIRST, token: 2 }]);
  });

  it('is sent at once with an id that was told by REGACK or SUBACK', () => {
    const bench = benchThatKnows();
    bench.order(delivery(2, AB));
    expect(bench.heard()).toEqual([publication(3, 2)]);
    bench.say({ kind: 'register', topicId: 0, messageId: 1, topic: 'c/d' });
    bench.order({ kind: 'confirm', token: 1 });
    bench.say(puback(3));
    bench.heard();
    bench.order(delivery(3, { topic: 'c/d' }));
    expect(bench.heard()).toMatchObject([{ kind: 'publish', topic: { type: 'normal', id: 6 } }]);
  });

  it('goes by predefined id or short name without a REGISTER', () => {
    const bench = new LinkBench().attach();
    bench.order(delivery(1, { topic: 'alarm/fire', qos: 0 }), delivery(2, { topic: 't1', qos: 0 }));
    expect(bench.heard()).toMatchObject([
      { kind: 'publish', topic: { type: 'predefined', id: 77 } },
      { kind: 'publish', topic: { type: 'short', name: 't1' } },
    ]);
  });

  it('of QoS 0 is delivered when it is written, after its REGISTER was accepted', () => {
    const bench = new LinkBench().attach(known);
    bench.order(delivery(1, { ...AB, qos: 0, dup: true }));
    expect(bench.reported()).toEqual([]);
    bench.say(regack(1));
    expect(bench.heard().at(-1)).toMatchObject({ kind: 'publish', qos: 0, dup: false, messageId: 0 });
    expect(bench.reported()).toEqual([{ kind: 'delivered', token: 1 }]);
  });

  it.each([2, 3, 200])('whose REGISTER is rejected with code %i is refused, and no PUBLISH follows', (returnCode) => {
    const bench = new LinkBench().attach(known);
    bench.order(delivery(1, AB));
    bench.say(regack(1, returnCode));
    bench.after(60_000);
    expect(bench.heard().map(({ kind }) => kind)).toEqual(['register']);
    expect(bench.reported()).toEqual([{ kind: 'undelivered', token: 1, why: 'refused' }]);
  });

  it('unanswered is repeated with DUP and the same MsgId, then given back, and the subdevice detached', () => {
    const bench = benchThatKnows();
    bench.order(delivery(2, AB));
    bench.after(999);
    expect(bench.heard()).toEqual([publication(3, 2)]);
    bench.after(2001);
    expect(bench.heard()).toEqual([publication(3, 2, true), publication(3, 2, true), publication(3, 2, true)]);
    expect(bench.reported()).toEqual([]);
    bench.after(1000);
    expect(bench.heard()).toEqual([]);
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
    bench.order(delivery(2, AB));
    expect(bench.heard()).toMatchObject([{ kind: 'register', topicId: 5 }]);
  });

  it('begun again in a clean session has a new MsgId', () => {
    const bench = new LinkBench().attach();
    bench.order(delivery(1));
    bench.attach(new Map(), { clean: true });
    bench.order(delivery(2, { payload: Uint8Array.of(1), dup: true }));
    expect(bench.heard()).toMatchObject([{ kind: 'publish', messageId: 2 }]);
  });

  it('keeps its MsgId when it is begun again in the same session', () => {
    const bench = benchThatKnows();
    bench.order(delivery(2, AB));
    bench.attach(known);
    bench.order(delivery(3, { ...AB, payload: Uint8Array.of(2), dup: true }));
    bench.say(regack(4));
    expect(bench.heard().at(-1)).toEqual(publication(3, 2, true));
  });

  it('to a congested subdevice is tried for as long as it keeps saying so', () => {
    const bench = benchThatKnows();
    bench.order(delivery(2, AB));
    for (let refusal = 0; refusal < 20; refusal += 1) {
      bench.say(puback(3, 1));
      bench.heard();
      bench.after(999);
      expect(bench.heard()).toEqual([]);
      bench.after(1);
      expect(bench.heard()).toEqual([publication(3, 2, true)]);
    }
    bench.say(puback(3));
    expect(bench.reported()).toEqual([{ kind: 'delivered', token: 2 }]);
  });

  it('whose topic id the subdevice has lost is registered again, once', () => {
    const bench = benchThatKnows();
    bench.order(delivery(2, AB));
    bench.say(puback(3, 2));
    expect(bench.heard().at(-1)).toEqual({ kind: 'register', topicId: 5, messageId: 4, topic: 'a/b' });
    bench.say(regack(4));
    expect(bench.heard()).toEqual([publication(5, 2)]);
    bench.say(puback(5, 2));
    expect(bench.reported()).toEqual([{ kind: 'undelivered', token: 2, why: 'refused' }]);
  });

  it('of QoS 0 that met a lost topic id makes the next one register', () => {
    const bench = benchThatKnows();
    bench.order(delivery(2, { ...AB, qos: 0 }));
    bench.say(puback(0, 2));
    bench.heard();
    bench.order(delivery(3, AB));
    expect(bench.heard()).toMatchObject([{ kind: 'register', topicId: 5 }]);
  });

  it('that the subdevice does not support is refused', () => {
    const bench = benchThatKnows();
    bench.order(delivery(2, AB));
    bench.say(puback(3, 3));
    expect(bench.reported()).toEqual([{ kind: 'undelivered', token: 2, why: 'refused' }]);
  });

  it.each([0, 1] as const)(
    'of QoS %i larger than the link allows is given back as such; the largest is sent',
    (qos) => {
      const bench = new LinkBench().attach();
      // Seven octets before the payload while Length is short, nine from 256 on: nothing is 256 octets long.
      bench.order(delivery(1, { qos, payload: new Uint8Array(249) }));
      expect(bench.reported()).toEqual([
        {
          kind: 'undelivered',
          token: 1,
          why: 'too large',
          size: { bytes: 258, bytesMax: 256, key: { name: 'packet_bytes_max', largest: 4096 } },
        },
      ]);
      bench.order(delivery(2, { qos, payload: new Uint8Array(248) }));
      expect(bench.heard()).toHaveLength(1);
    },
  );

  it('is answered by no stray PUBACK or REGACK', () => {
    const bench = benchThatKnows();
    bench.order(delivery(2, AB));
    bench.say(puback(2), regack(3), puback(4));
    expect(bench.reported()).toEqual([]);
    expect(bench.link.counters.unexpectedPackets).toBe(3);
  });

  it('goes on beside uplinks, and is given back when the subdevice leaves', () => {
    const bench = benchThatKnows();
    bench.order(delivery(2, AB));
    bench.say(publish(3), { kind: 'disconnect', durationS: undefined });
    expect(bench.reported()).toMatchObject([
      { kind: 'uplink' },
      { kind: 'undelivered', token: 2, why: 'lost' },
      { kind: 'detach', cause: 'asked' },
    ]);
  });

  it('that begins before the last one has ended is a broken invariant', () => {
    const bench = benchThatKnows();
    bench.order(delivery(2, AB));
    expect(() => bench.order(delivery(3, AB))).toThrow('second delivery');
  });
});

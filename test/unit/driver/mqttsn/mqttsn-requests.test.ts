import { describe, expect, it } from 'vitest';
import { REPLACEABLE_ID_MIN } from '../../../../src/driver/mqttsn/topics.ts';
import { CONNECT, LINK_OPTIONS, LinkBench, puback, publish, tokensOf } from './mqttsn-bench.ts';

describe('a request', () => {
  const register = (messageId: number, topic: string) => ({ kind: 'register', topicId: 0, messageId, topic }) as const;
  const subscribe = (messageId: number, name: string) =>
    ({ kind: 'subscribe', dup: false, qos: 1, messageId, filter: { type: 'name', name } }) as const;
  const confirmAll = (bench: LinkBench) => {
    for (const token of tokensOf(bench.reported())) bench.command({ kind: 'confirm', token });
  };

  it('to register a topic is acknowledged once the id is durable', () => {
    const bench = new LinkBench().attach();
    bench.send(register(1, 'a/b'), register(1, 'a/b'), publish(2, { topic: { type: 'normal', id: 1 } }));
    expect(bench.received()).toEqual([puback(2, 2, 1)]);
    const reports = bench.reported();
    expect(reports).toEqual([
      { kind: 'topicBound', subdevice: 'pump-7', topicId: 1, topic: 'a/b', token: expect.any(Number) },
    ]);
    for (const token of tokensOf(reports)) bench.command({ kind: 'confirm', token });
    expect(bench.received()).toEqual([{ kind: 'regack', topicId: 1, messageId: 1, returnCode: 0 }]);
    bench.send(publish(2, { topic: { type: 'normal', id: 1 } }));
    expect(bench.reported()).toMatchObject([{ kind: 'uplink', topic: 'a/b' }]);
  });

  it('to register a topic that has an id gets that id at once', () => {
    const bench = new LinkBench().attach(new Map([[5, 'a/b']]));
    bench.send(register(1, 'a/b'));
    expect(bench.received()).toEqual([{ kind: 'regack', topicId: 5, messageId: 1, returnCode: 0 }]);
    expect(bench.reported()).toEqual([]);
  });

  it('to register never gets an id that the session has used', () => {
    const bench = new LinkBench().attach(new Map([[5, 'a/b']]));
    bench.send(register(1, 'c/d'));
    expect(bench.reported()).toMatchObject([{ topicId: 6 }]);
    bench.attach(new Map([[5, 'a/b']]));
    bench.send(register(1, 'e/f'));
    expect(bench.reported()).toMatchObject([{ topicId: 7 }]);
  });

  it('to register in a clean session gets ids from the first again, so that they never run out', () => {
    const bench = new LinkBench().attach(new Map(), { clean: true });
    bench.send(register(1, 'a/b'));
    confirmAll(bench);
    bench.attach(new Map(), { clean: true });
    bench.send(register(1, 'c/d'));
    expect(bench.reported()).toMatchObject([{ topicId: 1, topic: 'c/d' }]);
  });

  it('to register more topics than the session keeps gets an id that can be replaced', () => {
    const bench = new LinkBench().attach(
      new Map([
        [1, 'a/a'],
        [2, 'b/b'],
        [3, 'c/c'],
      ]),
    );
    bench.send(register(1, 'd/d'), subscribe(2, 'e/e'), register(3, 'c/c'));
    expect(bench.received()).toEqual([{ kind: 'regack', topicId: 3, messageId: 3, returnCode: 0 }]);
    confirmAll(bench);
    expect(bench.received()).toEqual([
      { kind: 'regack', topicId: REPLACEABLE_ID_MIN, messageId: 1, returnCode: 0 },
      { kind: 'suback', qos: 1, topicId: REPLACEABLE_ID_MIN + 1, messageId: 2, returnCode: 0 },
    ]);
  });

  it('to register a filter is rejected', () => {
    const bench = new LinkBench().attach();
    bench.send(register(1, 'a/#'));
    expect(bench.received()).toEqual([{ kind: 'regack', topicId: 0, messageId: 1, returnCode: 3 }]);
  });

  it.each([
    ['a control character in the topic', 'a/\u0001b', 'a/\\x01b'],
    ['a control character in the topic', 'a/\0b', 'a/\\x00b'],
    ['a control character in the topic', 'a/\u009fb', 'a/\\x9fb'],
    ['a topic that is not UTF-8', 'a/\udcffb', 'a/\\udcffb'],
  ])('with %s, %j, is rejected and counted with its packet, in each request', (problem, topic, shown) => {
    const bench = new LinkBench().attach();
    bench.send(register(1, topic), subscribe(2, topic));
    bench.send({ kind: 'willtopicupd', will: { qos: 1, retain: false, topic } });
    bench.send({ kind: 'unsubscribe', messageId: 3, filter: { type: 'name', name: topic } });
    expect(bench.received()).toEqual([
      { kind: 'regack', topicId: 0, messageId: 1, returnCode: 3 },
      { kind: 'suback', qos: 0, topicId: 0, messageId: 2, returnCode: 3 },
      { kind: 'willtopicresp', returnCode: 3 },
      { kind: 'unsuback', messageId: 3 },
    ]);
    expect(bench.reported()).toEqual([]);
    expect(bench.discards).toEqual(
      ['REGISTER', 'SUBSCRIBE', 'WILLTOPICUPD'].map((packet) => `invalid topic: ${packet} with ${problem}: "${shown}"`),
    );
    expect(bench.link.counters).toMatchObject({ crcErrors: 0, malformedPackets: 0 });
  });

  it('to register a topic with a space and with letters beyond ASCII is accepted', () => {
    const bench = new LinkBench().attach();
    bench.send(register(1, 'Behälter 1/\u00a0'));
    expect(bench.reported()).toMatchObject([{ kind: 'topicBound' }]);
    expect(bench.discards).toEqual([]);
  });

  it('to publish on a short name with a control character is answered "invalid topic id"', () => {
    const bench = new LinkBench().attach();
    bench.send(publish(1, { topic: { type: 'short', name: 'a\0' } }));
    bench.send(publish(2, { topic: { type: 'short', name: '\udcff\udcfe' } }));
    expect(bench.received()).toEqual([puback(1, 2, 0x6100), puback(2, 2, 0xfffe)]);
    expect(bench.reported()).toEqual([]);
    expect(bench.discards).toHaveLength(2);
  });

  it('to connect with an impossible client id or will is rejected and counted', () => {
    const bench = new LinkBench().open();
    bench.send({ ...CONNECT, clientId: 'pump\0' });
    bench.send({ ...CONNECT, will: true }, { kind: 'willtopic', will: { qos: 1, retain: false, topic: 'a\n' } });
    expect(bench.received()).toEqual([
      { kind: 'connack', returnCode: 3 },
      { kind: 'willtopicreq' },
      { kind: 'connack', returnCode: 3 },
    ]);
    expect(bench.reported()).toEqual([]);
    expect(bench.discards).toEqual([
      'client id invalid: "pump\\x00": a client id has 1 to 64 letters, digits, - and _',
      'invalid topic: WILLTOPIC with a control character in the topic: "a\\n"',
    ]);
  });

  it('to register that the flow rejects leaves no id behind', () => {
    const bench = new LinkBench().attach();
    bench.send(register(1, 'a/b'));
    for (const token of tokensOf(bench.reported())) bench.command({ kind: 'refuse', token, why: 'congestion' });
    expect(bench.received()).toEqual([{ kind: 'regack', topicId: 0, messageId: 1, returnCode: 1 }]);
    bench.send(publish(2, { topic: { type: 'normal', id: 1 } }));
    expect(bench.received()).toEqual([puback(2, 2, 1)]);
  });

  it('to subscribe by name is granted with a topic id, once durable', () => {
    const bench = new LinkBench().attach();
    bench.send(subscribe(1, 'a/b'), subscribe(1, 'a/b'));
    expect(bench.received()).toEqual([]);
    const reports = bench.reported();
    expect(reports).toMatchObject([{ kind: 'subscribe', filter: 'a/b', qos: 1, topicId: 1 }]);
    for (const token of tokensOf(reports)) bench.command({ kind: 'confirm', token });
    expect(bench.received()).toEqual([{ kind: 'suback', qos: 1, topicId: 1, messageId: 1, returnCode: 0 }]);
  });

  it.each([
    ['with a wildcard', { type: 'name', name: 'a/#' }, 'a/#', 0],
    ['by predefined id', { type: 'predefined', id: 77 }, 'alarm/fire', 77],
    ['by short name', { type: 'short', name: 't1' }, 't1', 0],
  ] as const)('to subscribe %s is granted without a new id', (_how, filter, name, topicId) => {
    const bench = new LinkBench().attach();
    bench.send({ kind: 'subscribe', dup: false, qos: 2, messageId: 1, filter });
    const reports = bench.reported();
    expect(reports).toMatchObject([{ kind: 'subscribe', filter: name, qos: 1, topicId: undefined }]);
    for (const token of tokensOf(reports)) bench.command({ kind: 'confirm', token });
    expect(bench.received()).toEqual([{ kind: 'suback', qos: 1, topicId, messageId: 1, returnCode: 0 }]);
  });

  it('to subscribe by an unknown id is rejected, and so is one that the flow rejects', () => {
    const bench = new LinkBench().attach();
    bench.send({ kind: 'subscribe', dup: false, qos: 1, messageId: 1, filter: { type: 'predefined', id: 1 } });
    expect(bench.received()).toEqual([{ kind: 'suback', qos: 0, topicId: 0, messageId: 1, returnCode: 2 }]);
    bench.send(subscribe(2, 'secret'));
    for (const token of tokensOf(bench.reported())) bench.command({ kind: 'refuse', token, why: 'not allowed' });
    expect(bench.received()).toEqual([{ kind: 'suback', qos: 0, topicId: 0, messageId: 2, returnCode: 3 }]);
  });

  it('to unsubscribe is acknowledged once durable', () => {
    const bench = new LinkBench().attach();
    bench.send({ kind: 'unsubscribe', messageId: 1, filter: { type: 'name', name: 'a/b' } });
    expect(bench.received()).toEqual([]);
    confirmAll(bench);
    expect(bench.received()).toEqual([{ kind: 'unsuback', messageId: 1 }]);
  });

  it('is one of a bounded number, and its answer reaches no later connection', () => {
    const bench = new LinkBench({ topicIdsMax: 100 }).attach();
    for (let messageId = 1; messageId <= 10; messageId += 1) bench.send(subscribe(messageId, `topic/${messageId}`));
    const reports = bench.reported();
    expect(reports).toHaveLength(LINK_OPTIONS.uplinksMax);
    bench.attach();
    for (const token of tokensOf(reports)) bench.command({ kind: 'confirm', token });
    expect(bench.received()).toEqual([]);
  });
});

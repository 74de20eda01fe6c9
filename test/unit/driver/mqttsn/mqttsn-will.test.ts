import { describe, expect, it } from 'vitest';
import type { Packet, SnQos } from '../../../../src/codec/mqttsn-packets.ts';
import { CONNECT, LinkBench, tokensOf } from './mqttsn-bench.ts';

const WITH_WILL = { ...CONNECT, will: true };
const TOPIC: Packet = { kind: 'willtopic', will: { qos: 1, retain: false, topic: 'gone' } };
const MESSAGE: Packet = { kind: 'willmsg', payload: Uint8Array.of(1, 2) };
const WILL = { topic: 'gone', qos: 1, payload: Uint8Array.of(1, 2) };
const ACCEPTED = {
  kind: 'attached',
  subdevice: 'pump-7',
  answer: { accepted: true, topicIds: new Map<number, string>() },
} as const;

function topicOf(qos: SnQos, topic: string): Packet {
  return { kind: 'willtopic', will: { qos, retain: false, topic } };
}

describe('a CONNECT with a will', () => {
  it('is asked for the topic, then for the message, and is accepted when the flow has both', () => {
    const bench = new LinkBench().open();
    bench.say(WITH_WILL);
    expect(bench.heard()).toEqual([{ kind: 'willtopicreq' }]);
    bench.say(TOPIC);
    expect(bench.heard()).toEqual([{ kind: 'willmsgreq' }]);
    expect(bench.reported()).toEqual([]);
    bench.say(MESSAGE);
    expect(bench.heard()).toEqual([]);
    expect(bench.reported()).toEqual([{ kind: 'attach', subdevice: 'pump-7', clean: false, aliveMs: 0, will: WILL }]);
    bench.order(ACCEPTED);
    expect(bench.heard()).toEqual([{ kind: 'connack', returnCode: 0 }]);
  });

  it('with RETAIN is reported so', () => {
    const bench = new LinkBench().open();
    bench.say(WITH_WILL, { kind: 'willtopic', will: { qos: 1, retain: true, topic: 'gone' } }, MESSAGE);
    expect(bench.reported()).toMatchObject([{ kind: 'attach', will: { ...WILL, retain: true } }]);
  });

  it('is asked again for what it repeats, and attached once', () => {
    const bench = new LinkBench().open();
    bench.say(WITH_WILL, WITH_WILL, TOPIC, TOPIC, MESSAGE, MESSAGE);
    expect(bench.heard().map(({ kind }) => kind)).toEqual(['willtopicreq', 'willtopicreq', 'willmsgreq', 'willmsgreq']);
    expect(bench.reported()).toHaveLength(1);
  });

  it('and a repeated WILLTOPIC or WILLMSG is answered again after the CONNACK, and changes nothing', () => {
    const bench = new LinkBench().open();
    bench.say(WITH_WILL, TOPIC, MESSAGE);
    bench.order(ACCEPTED);
    bench.heard();
    bench.reported();
    bench.say(MESSAGE, TOPIC, MESSAGE);
    const connack = { kind: 'connack', returnCode: 0 };
    expect(bench.heard()).toEqual([connack, { kind: 'willmsgreq' }, connack]);
    expect(bench.reported()).toEqual([]);
    expect(bench.link.counters.unexpectedPackets).toBe(0);
    bench.say({ kind: 'willmsg', payload: Uint8Array.of(3) });
    expect(bench.heard()).toEqual([]);
  });

  it('and a repeated packet while the flow is asked begins no second change of the session', () => {
    const bench = new LinkBench().open();
    bench.say(WITH_WILL, TOPIC, MESSAGE, MESSAGE, TOPIC, MESSAGE);
    expect(bench.heard().map(({ kind }) => kind)).toEqual(['willtopicreq', 'willmsgreq', 'willmsgreq']);
    expect(bench.reported()).toHaveLength(1);
    bench.order(ACCEPTED);
    expect(bench.heard()).toEqual([{ kind: 'connack', returnCode: 0 }]);
  });

  it('that was refused, or that wants no will, is answered again with the same code', () => {
    const bench = new LinkBench().open();
    bench.say(WITH_WILL, TOPIC, MESSAGE);
    bench.order({ ...ACCEPTED, answer: { accepted: false, why: 'congestion' } });
    bench.heard();
    bench.say(MESSAGE);
    expect(bench.heard()).toEqual([{ kind: 'connack', returnCode: 1 }]);
    bench.say(WITH_WILL, topicOf(2, 'gone'), topicOf(2, 'gone'));
    expect(bench.heard().slice(1)).toEqual([
      { kind: 'connack', returnCode: 3 },
      { kind: 'connack', returnCode: 3 },
    ]);
    bench.say(WITH_WILL, { kind: 'willtopic', will: undefined });
    bench.order(ACCEPTED);
    bench.heard();
    bench.say({ kind: 'willtopic', will: undefined });
    expect(bench.heard()).toEqual([{ kind: 'connack', returnCode: 0 }]);
  });

  it('whose CONNECT comes once more between WILLTOPIC and WILLMSG still knows the topic', () => {
    const bench = new LinkBench().open();
    bench.say(WITH_WILL, TOPIC, WITH_WILL, MESSAGE);
    expect(bench.reported()).toMatchObject([{ kind: 'attach', will: WILL }]);
  });

  it('that is repeated as a whole while the flow is asked gets the CONNACK', () => {
    const bench = new LinkBench().open();
    bench.say(WITH_WILL, TOPIC, MESSAGE, WITH_WILL);
    bench.heard();
    bench.order(ACCEPTED);
    expect(bench.heard()).toEqual([{ kind: 'connack', returnCode: 0 }]);
  });

  it('and an empty WILLTOPIC wants none: what the session had is deleted', () => {
    const bench = new LinkBench().open();
    bench.say(WITH_WILL, { kind: 'willtopic', will: undefined });
    expect(bench.reported()).toMatchObject([{ kind: 'attach', will: undefined }]);
  });

  it.each([
    ['QoS 2', topicOf(2, 'gone')],
    ['QoS -1', topicOf(-1, 'gone')],
    ['a wildcard', topicOf(1, 'gone/#')],
    ['no topic', topicOf(1, '')],
  ])('with %s is not supported', (_, topic) => {
    const bench = new LinkBench().open();
    bench.say(WITH_WILL, topic, MESSAGE);
    expect(bench.heard().slice(1, 2)).toEqual([{ kind: 'connack', returnCode: 3 }]);
    expect(bench.reported()).toEqual([]);
  });

  it('that the flow does not take is refused', () => {
    const bench = new LinkBench().open();
    bench.say(WITH_WILL, TOPIC, MESSAGE);
    bench.heard();
    bench.order({ ...ACCEPTED, answer: { accepted: false, why: 'not supported' } });
    expect(bench.heard()).toEqual([{ kind: 'connack', returnCode: 3 }]);
  });

  it('begun anew by whoever is connected leaves the connection until it is complete, and its keep alive runs on', () => {
    const bench = new LinkBench().attach(new Map(), { durationS: 10 });
    bench.say(WITH_WILL, TOPIC);
    expect(bench.link.attachedSubdevices()).toEqual(['pump-7']);
    bench.after(15_000);
    expect(bench.reported()).toMatchObject([{ kind: 'detach', cause: 'keep alive ran out' }]);
  });

  it('interrupted by a CONNECT without one is forgotten', () => {
    const bench = new LinkBench().open();
    bench.say(WITH_WILL, TOPIC, CONNECT);
    expect(bench.reported()).toMatchObject([{ kind: 'attach', will: 'unchanged' }]);
  });

  it('is not continued over another opening of the port', () => {
    const bench = new LinkBench().open();
    bench.say(WITH_WILL, TOPIC);
    bench.input({ kind: 'closed', reason: 'unplugged' });
    bench.after(1000);
    bench.input({ kind: 'opened' });
    bench.say(MESSAGE);
    expect(bench.reported()).toEqual([]);
  });
});

describe('a will', () => {
  it.each([
    [
      { kind: 'willtopicupd', will: { qos: 0, retain: false, topic: 'off' } },
      { part: 'topic', topic: 'off', qos: 0 },
    ],
    [
      { kind: 'willtopicupd', will: { qos: 1, retain: true, topic: 'off' } },
      { part: 'topic', topic: 'off', qos: 1, retain: true },
    ],
    [
      { kind: 'willtopicupd', will: undefined },
      { part: 'all', will: undefined },
    ],
    [
      { kind: 'willmsgupd', payload: Uint8Array.of(9) },
      { part: 'payload', payload: Uint8Array.of(9) },
    ],
  ] as const)('is changed by $kind, answered once durable', (packet, change) => {
    const bench = new LinkBench().attach();
    bench.say(packet, packet);
    const reports = bench.reported();
    expect(reports).toMatchObject([{ kind: 'will', subdevice: 'pump-7', change }]);
    expect(bench.heard()).toEqual([]);
    bench.order({ kind: 'confirm', token: tokensOf(reports)[0] ?? 0 });
    const kind = packet.kind === 'willtopicupd' ? 'willtopicresp' : 'willmsgresp';
    expect(bench.heard()).toEqual([{ kind, returnCode: 0 }]);
  });

  it.each([
    [
      { kind: 'willtopicupd', will: { qos: 0, retain: false, topic: 'off' } },
      { kind: 'willtopicupd', will: { qos: 1, retain: false, topic: 'off' } },
      { kind: 'willtopicupd', will: { qos: 2, retain: false, topic: 'off' } },
    ],
    [
      { kind: 'willmsgupd', payload: Uint8Array.of(9) },
      { kind: 'willmsgupd', payload: Uint8Array.of(9, 9) },
      undefined,
    ],
  ] as const)(
    'that is changed again before the answer is changed to the newest, and each $kind is answered in order',
    (first, second, invalid) => {
      const bench = new LinkBench().attach();
      bench.say(first, second, second, first);
      if (invalid !== undefined) bench.say(invalid);
      const reports = bench.reported();
      const changes = reports.flatMap((report) => (report.kind === 'will' ? [report.change] : []));
      expect(changes).toHaveLength(3);
      expect(changes[2]).toEqual(changes[0]);
      expect(changes[1]).not.toEqual(changes[0]);
      const kind = first.kind === 'willtopicupd' ? 'willtopicresp' : 'willmsgresp';
      const [one = 0, two = 0, three = 0] = tokensOf(reports);
      // a refusal needs no commit and may be there first
      bench.order({ kind: 'refuse', token: two, why: 'not supported' });
      bench.order({ kind: 'confirm', token: three });
      expect(bench.heard()).toEqual([]);
      bench.order({ kind: 'confirm', token: one });
      const codes = [0, 3, 0, ...(invalid === undefined ? [] : [3])];
      expect(bench.heard()).toEqual(codes.map((returnCode) => ({ kind, returnCode })));
      bench.say(first);
      expect(bench.reported()).toMatchObject([{ kind: 'will', change: changes[0] }]);
    },
  );

  it('that the flow or the standard does not allow is refused', () => {
    const bench = new LinkBench().attach();
    bench.say({ kind: 'willmsgupd', payload: new Uint8Array(0) });
    bench.order({ kind: 'refuse', token: tokensOf(bench.reported())[0] ?? 0, why: 'not supported' });
    bench.say({ kind: 'willtopicupd', will: { qos: 2, retain: false, topic: 'off' } });
    expect(bench.heard()).toEqual([
      { kind: 'willmsgresp', returnCode: 3 },
      { kind: 'willtopicresp', returnCode: 3 },
    ]);
  });

  it('of a client that is gone by the time comes with the time at which it may count as lost', () => {
    const bench = new LinkBench().attach(new Map(), { durationS: 10 });
    const lastReceivedMs = bench.nowMs;
    bench.after(4000);
    bench.input({ kind: 'closed', reason: 'unplugged' });
    expect(bench.reported()).toMatchObject([{ cause: 'link closed', aliveUntilMs: lastReceivedMs + 15_000 }]);
  });
});

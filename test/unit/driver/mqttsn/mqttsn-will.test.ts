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
    bench.send(WITH_WILL);
    expect(bench.received()).toEqual([{ kind: 'willtopicreq' }]);
    bench.send(TOPIC);
    expect(bench.received()).toEqual([{ kind: 'willmsgreq' }]);
    expect(bench.reported()).toEqual([]);
    bench.send(MESSAGE);
    expect(bench.received()).toEqual([]);
    expect(bench.reported()).toEqual([{ kind: 'attach', subdevice: 'pump-7', clean: false, aliveMs: 0, will: WILL }]);
    bench.command(ACCEPTED);
    expect(bench.received()).toEqual([{ kind: 'connack', returnCode: 0 }]);
  });

  it('with RETAIN is reported with it', () => {
    const bench = new LinkBench().open();
    bench.send(WITH_WILL, { kind: 'willtopic', will: { qos: 1, retain: true, topic: 'gone' } }, MESSAGE);
    expect(bench.reported()).toMatchObject([{ kind: 'attach', will: { ...WILL, retain: true } }]);
  });

  it('gets the same request again if it is repeated, and is attached once', () => {
    const bench = new LinkBench().open();
    bench.send(WITH_WILL, WITH_WILL, TOPIC, TOPIC, MESSAGE, MESSAGE);
    expect(bench.received().map(({ kind }) => kind)).toEqual([
      'willtopicreq',
      'willtopicreq',
      'willmsgreq',
      'willmsgreq',
    ]);
    expect(bench.reported()).toHaveLength(1);
  });

  it('and a repeated WILLTOPIC or WILLMSG is answered again after the CONNACK, without a change', () => {
    const bench = new LinkBench().open();
    bench.send(WITH_WILL, TOPIC, MESSAGE);
    bench.command(ACCEPTED);
    bench.received();
    bench.reported();
    bench.send(MESSAGE, TOPIC, MESSAGE);
    const connack = { kind: 'connack', returnCode: 0 };
    expect(bench.received()).toEqual([connack, { kind: 'willmsgreq' }, connack]);
    expect(bench.reported()).toEqual([]);
    expect(bench.link.counters.unexpectedPackets).toBe(0);
    bench.send({ kind: 'willmsg', payload: Uint8Array.of(3) });
    expect(bench.received()).toEqual([]);
  });

  it('and a repeated packet while the flow decides start no second change of the session', () => {
    const bench = new LinkBench().open();
    bench.send(WITH_WILL, TOPIC, MESSAGE, MESSAGE, TOPIC, MESSAGE);
    expect(bench.received().map(({ kind }) => kind)).toEqual(['willtopicreq', 'willmsgreq', 'willmsgreq']);
    expect(bench.reported()).toHaveLength(1);
    bench.command(ACCEPTED);
    expect(bench.received()).toEqual([{ kind: 'connack', returnCode: 0 }]);
  });

  it('that was rejected, or one without a will, is answered again with the same code', () => {
    const bench = new LinkBench().open();
    bench.send(WITH_WILL, TOPIC, MESSAGE);
    bench.command({ ...ACCEPTED, answer: { accepted: false, why: 'congestion' } });
    bench.received();
    bench.send(MESSAGE);
    expect(bench.received()).toEqual([{ kind: 'connack', returnCode: 1 }]);
    bench.send(WITH_WILL, topicOf(2, 'gone'), topicOf(2, 'gone'));
    expect(bench.received().slice(1)).toEqual([
      { kind: 'connack', returnCode: 3 },
      { kind: 'connack', returnCode: 3 },
    ]);
    bench.send(WITH_WILL, { kind: 'willtopic', will: undefined });
    bench.command(ACCEPTED);
    bench.received();
    bench.send({ kind: 'willtopic', will: undefined });
    expect(bench.received()).toEqual([{ kind: 'connack', returnCode: 0 }]);
  });

  it('keeps the topic if the CONNECT is repeated between WILLTOPIC and WILLMSG', () => {
    const bench = new LinkBench().open();
    bench.send(WITH_WILL, TOPIC, WITH_WILL, MESSAGE);
    expect(bench.reported()).toMatchObject([{ kind: 'attach', will: WILL }]);
  });

  it('that is repeated completely while the flow decides gets the CONNACK', () => {
    const bench = new LinkBench().open();
    bench.send(WITH_WILL, TOPIC, MESSAGE, WITH_WILL);
    bench.received();
    bench.command(ACCEPTED);
    expect(bench.received()).toEqual([{ kind: 'connack', returnCode: 0 }]);
  });

  it('and an empty WILLTOPIC has no will: the will of the session is deleted', () => {
    const bench = new LinkBench().open();
    bench.send(WITH_WILL, { kind: 'willtopic', will: undefined });
    expect(bench.reported()).toMatchObject([{ kind: 'attach', will: undefined }]);
  });

  it.each([
    ['QoS 2', topicOf(2, 'gone')],
    ['QoS -1', topicOf(-1, 'gone')],
    ['a wildcard', topicOf(1, 'gone/#')],
    ['no topic', topicOf(1, '')],
  ])('with %s is not supported', (_, topic) => {
    const bench = new LinkBench().open();
    bench.send(WITH_WILL, topic, MESSAGE);
    expect(bench.received().slice(1, 2)).toEqual([{ kind: 'connack', returnCode: 3 }]);
    expect(bench.reported()).toEqual([]);
  });

  it('that the flow does not accept is rejected', () => {
    const bench = new LinkBench().open();
    bench.send(WITH_WILL, TOPIC, MESSAGE);
    bench.received();
    bench.command({ ...ACCEPTED, answer: { accepted: false, why: 'not supported' } });
    expect(bench.received()).toEqual([{ kind: 'connack', returnCode: 3 }]);
  });

  it('started again by a connected client does not change the connection until it is complete, and its keep alive still applies', () => {
    const bench = new LinkBench().attach(new Map(), { durationS: 10 });
    bench.send(WITH_WILL, TOPIC);
    expect(bench.link.attachedSubdevices()).toEqual(['pump-7']);
    bench.after(15_000);
    expect(bench.reported()).toMatchObject([{ kind: 'detach', cause: 'keep alive ran out' }]);
  });

  it('interrupted by a CONNECT without a will is forgotten', () => {
    const bench = new LinkBench().open();
    bench.send(WITH_WILL, TOPIC, CONNECT);
    expect(bench.reported()).toMatchObject([{ kind: 'attach', will: 'unchanged' }]);
  });

  it('is not continued after the port was opened again', () => {
    const bench = new LinkBench().open();
    bench.send(WITH_WILL, TOPIC);
    bench.input({ kind: 'closed', reason: 'unplugged' });
    bench.after(1000);
    bench.input({ kind: 'opened' });
    bench.send(MESSAGE);
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
    bench.send(packet, packet);
    const reports = bench.reported();
    expect(reports).toMatchObject([{ kind: 'will', subdevice: 'pump-7', change }]);
    expect(bench.received()).toEqual([]);
    bench.command({ kind: 'confirm', token: tokensOf(reports)[0] ?? 0 });
    const kind = packet.kind === 'willtopicupd' ? 'willtopicresp' : 'willmsgresp';
    expect(bench.received()).toEqual([{ kind, returnCode: 0 }]);
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
    'that is changed again before the answer has the newest value, and each $kind is answered in order',
    (first, second, invalid) => {
      const bench = new LinkBench().attach();
      bench.send(first, second, second, first);
      if (invalid !== undefined) bench.send(invalid);
      const reports = bench.reported();
      const changes = reports.flatMap((report) => (report.kind === 'will' ? [report.change] : []));
      expect(changes).toHaveLength(3);
      expect(changes[2]).toEqual(changes[0]);
      expect(changes[1]).not.toEqual(changes[0]);
      const kind = first.kind === 'willtopicupd' ? 'willtopicresp' : 'willmsgresp';
      const [one = 0, two = 0, three = 0] = tokensOf(reports);
      // A rejection needs no commit and can arrive first.
      bench.command({ kind: 'refuse', token: two, why: 'not supported' });
      bench.command({ kind: 'confirm', token: three });
      expect(bench.received()).toEqual([]);
      bench.command({ kind: 'confirm', token: one });
      const codes = [0, 3, 0, ...(invalid === undefined ? [] : [3])];
      expect(bench.received()).toEqual(codes.map((returnCode) => ({ kind, returnCode })));
      bench.send(first);
      expect(bench.reported()).toMatchObject([{ kind: 'will', change: changes[0] }]);
    },
  );

  it('that the flow or the standard does not allow is rejected', () => {
    const bench = new LinkBench().attach();
    bench.send({ kind: 'willmsgupd', payload: new Uint8Array(0) });
    bench.command({ kind: 'refuse', token: tokensOf(bench.reported())[0] ?? 0, why: 'not supported' });
    bench.send({ kind: 'willtopicupd', will: { qos: 2, retain: false, topic: 'off' } });
    expect(bench.received()).toEqual([
      { kind: 'willmsgresp', returnCode: 3 },
      { kind: 'willtopicresp', returnCode: 3 },
    ]);
  });

  it('of a client that was lost meanwhile is reported with the time at which the client counts as lost', () => {
    const bench = new LinkBench().attach(new Map(), { durationS: 10 });
    const lastReceivedMs = bench.nowMs;
    bench.after(4000);
    bench.input({ kind: 'closed', reason: 'unplugged' });
    expect(bench.reported()).toMatchObject([{ cause: 'link closed', aliveUntilMs: lastReceivedMs + 15_000 }]);
  });
});

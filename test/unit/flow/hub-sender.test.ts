import { describe, expect, it } from 'vitest';
import { opened } from '../../envelope-reader.ts';
import { NAMES } from '../outbox/outbox-rig.ts';
import { SenderBench } from './sender-rig.ts';

describe('the hub sender', () => {
  it('sends once for all messages of a task', () => {
    const bench = new SenderBench();
    bench.mailbox.post(() => {
      for (const topic of ['a', 'b', 'c', 'd']) bench.offer(topic);
      expect(bench.sent, 'within the task').toEqual([]);
    });
    expect([bench.sent, bench.looks]).toEqual([['a', 'b', 'c', 'd'], 1]);
  });

  it('keeps the order of messages with QoS 0 and QoS 1 that come in one task', () => {
    const bench = new SenderBench();
    bench.mailbox.post(() => {
      bench.offer('a');
      bench.offerQos0('b');
      bench.offer('c');
      bench.offer('d');
      bench.offerQos0('e');
      bench.offerQos0('f');
      bench.offer('g');
    });
    expect(bench.sent).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });

  it('sends the messages of the next task too', () => {
    const bench = new SenderBench();
    bench.mailbox.post(() => bench.offer('a'));
    bench.mailbox.post(() => bench.offer('b'));
    expect(bench.sent).toEqual(['a', 'b']);
  });

  it('encloses messages of both QoS when it sends them, each with its own number and age', () => {
    const bench = new SenderBench();
    const sent: unknown[] = [];
    bench.onSent = ({ qos, payload }) => {
      const { age_ms, seq } = opened(payload);
      sent.push({ qos, age_ms, seq });
    };
    bench.bench.outbox.payloads.set({ form: 'json', byLink: new Map(), names: NAMES, documents: new Map() });
    bench.mailbox.post(() => {
      bench.offer('a');
      bench.offerQos0('b');
      bench.offer('c');
    });
    expect(sent).toEqual([
      { qos: 1, age_ms: 0, seq: 1 },
      { qos: 0, age_ms: 0, seq: null },
      { qos: 1, age_ms: 0, seq: 2 },
    ]);
  });

  it('sheds no message with QoS 0 of one task, however many they are', () => {
    const bench = new SenderBench();
    const topics = Array.from({ length: 455 }, (_, place) => `t/${place}`);
    bench.mailbox.post(() => {
      for (const topic of topics) bench.offerQos0(topic);
    });
    expect(bench.sent).toEqual(topics);
  });
});

describe('the hub sender before and during a renewal of the connection', () => {
  it('sends nothing, and everything in its order afterwards', () => {
    const bench = new SenderBench();
    bench.sender.suspend();
    bench.mailbox.post(() => {
      bench.offer('a');
      bench.offerQos0('b');
    });
    bench.sender.disconnected('for renewal');
    bench.mailbox.post(() => bench.offerQos0('c'));
    expect(bench.sent).toEqual([]);
    bench.sender.connected(true, true);
    expect(bench.sent.toSorted()).toEqual(['a', 'b', 'c']);
    expect(bench.bench.custodian.counts(1).shed).toEqual({});
  });

  it('keeps at most 64 messages with QoS 0', () => {
    const bench = new SenderBench();
    bench.sender.suspend();
    bench.sender.disconnected('for renewal');
    for (let count = 0; count < 65; count += 1) bench.offerQos0(`t/${count}`);
    expect(bench.bench.custodian.counts(1).shed).toEqual({ 'QoS 0 too fast': 1 });
    bench.sender.connected(true, true);
    expect(bench.sent).toHaveLength(64);
  });

  it('sheds the waiting messages with QoS 0 if the renewal becomes an outage', () => {
    const bench = new SenderBench();
    bench.sender.suspend();
    bench.sender.disconnected('for renewal');
    bench.offerQos0('a');
    bench.sender.resume();
    expect(bench.bench.custodian.counts(1).shed).toEqual({ 'QoS 0 while the hub is away': 1 });
  });

  it('goes on if the renewal does not come', () => {
    const bench = new SenderBench();
    bench.sender.suspend();
    bench.mailbox.post(() => bench.offer('a'));
    expect(bench.sent).toEqual([]);
    bench.sender.resume();
    expect(bench.sent).toEqual(['a']);
  });

  it('sheds a message with QoS 0 at once while the hub is away (negative control)', () => {
    const bench = new SenderBench();
    bench.sender.disconnected('otherwise');
    bench.offerQos0('a');
    expect(bench.bench.custodian.counts(1).shed).toEqual({ 'QoS 0 while the hub is away': 1 });
  });
});

/**
 * Retained commands: each content is delivered once, over sessions and restarts, and an undelivered one is never
 * skipped.
 */
import { describe, expect, it } from 'vitest';
import type { CommandMark } from '../../../src/custody/row.ts';
import { FlowBench } from './downlink-rig.ts';

const RETAINED = { retained: true };

/** Content of the disk for the next process. */
function marksOf(rig: FlowBench): CommandMark[] {
  rig.flow.retainedMarks.save();
  return rig.lazyChanges.flatMap((change) => (change.kind === 'commandMark' ? [change.mark] : []));
}

function open(marks: readonly CommandMark[] = [], policy: 'once' | 'always' | 'never' = 'once'): FlowBench {
  return new FlowBench(150, policy, marks).enter('pump');
}

const deliver = (rig: FlowBench): string[] => rig.delivered();

describe('a retained command', () => {
  it('is delivered once, however often the hub sends it in new sessions, and acknowledged each time', () => {
    const rig = open();
    for (const packetId of [1, 2, 3]) {
      rig.arrive(packetId, '55', RETAINED);
      expect(deliver(rig)).toEqual(packetId === 1 ? ['55'] : []);
      expect(rig.pubacks()).toEqual([packetId]);
      rig.reconnect(false);
    }
  });

  it('is not delivered again after a restart', () => {
    const before = open().arrive(1, '55', RETAINED);
    deliver(before);
    expect(deliver(open(marksOf(before)).arrive(1, '55', RETAINED))).toEqual([]);
  });

  it('that arrived as a live message is not delivered again in the next session', () => {
    const before = open().arrive(1, '55');
    deliver(before);
    expect(deliver(open(marksOf(before)).arrive(1, '55', RETAINED))).toEqual([]);
  });

  it('is delivered when its content changes, and when it changes back', () => {
    const rig = open();
    for (const [at, text] of ['55', '60', '55'].entries()) {
      rig.arrive(at + 1, text, RETAINED).reconnect(false);
      expect(deliver(rig)).toEqual([text]);
    }
  });

  it('is not delivered again after another message on its topic', () => {
    const rig = open().arrive(1, '55', RETAINED).arrive(2, '60');
    expect(deliver(rig)).toEqual(['55', '60']);
    expect(deliver(rig.reconnect(false).arrive(3, '55', RETAINED))).toEqual([]);
  });

  it('does not suppress the same message without RETAIN', () => {
    const rig = open().arrive(1, '55', RETAINED);
    deliver(rig);
    expect(deliver(rig.arrive(2, '55').arrive(3, '55'))).toEqual(['55', '55']);
  });

  it('that waits for its subdevice waits once', () => {
    const rig = new FlowBench().enter('pump', false);
    for (const packetId of [1, 2, 3]) rig.arrive(packetId, '55', RETAINED).reconnect(false);
    expect(rig.inbox.pending(1)).toBe(1);
  });

  it('that was not delivered is delivered in the next session', () => {
    const rig = open().arrive(1, '55', RETAINED);
    rig.refuse();
    expect(deliver(rig.reconnect(false).arrive(2, '55', RETAINED))).toEqual(['55']);
  });

  it('on another topic is another command', () => {
    const rig = open().arrive(1, '55', RETAINED);
    deliver(rig);
    expect(deliver(rig.arrive(2, '55', { ...RETAINED, topic: 'pump/get' }))).toEqual(['55']);
  });

  it.each(['always', 'never'] as const)('is delivered %s if configured so', (policy) => {
    const rig = open([], policy);
    for (const packetId of [1, 2]) {
      rig.arrive(packetId, '55', RETAINED).reconnect(false);
      expect(deliver(rig)).toEqual(policy === 'always' ? ['55'] : []);
    }
    expect(deliver(rig.arrive(3, '55'))).toEqual(['55']);
    expect(marksOf(rig)).toEqual([]);
  });

  it('with QoS 0 is handled in the same way', () => {
    const rig = open().arrive(1, '55', { ...RETAINED, qos: 0 });
    expect(deliver(rig)).toEqual(['55']);
    expect(deliver(rig.arrive(1, '55', { ...RETAINED, qos: 0 }))).toEqual([]);
  });

  it('is remembered for a bounded number of topics, the last used ones', () => {
    const rig = open();
    for (let at = 0; at < 100; at += 1) deliver(rig.arrive(at + 1, '55', { ...RETAINED, topic: `pump/${at}` }));
    const kept = new Map<string, unknown>();
    for (const change of rig.lazyChanges) {
      if (change.kind === 'commandMark') kept.set(change.mark.topic, change.mark);
      if (change.kind === 'commandMarkGone') kept.delete(change.topic);
    }
    expect(kept.size).toBe(64);
    expect(deliver(rig.arrive(200, '55', { ...RETAINED, topic: 'pump/99' }))).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { NOBODY } from '../../../src/subdevices/registry.ts';
import { FlowBench } from './downlink-rig.ts';

describe('the PUBACK to the hub', () => {
  it('is sent when the message is committed, not before', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x');
    expect(bench.pubacks()).toEqual([]);
    expect(bench.commit().pubacks()).toEqual([1]);
  });

  it('is sent when the subdevice has acknowledged the message, without a write', () => {
    const bench = new FlowBench().enter('pump').arrive(1, 'x');
    expect(bench.pubacks()).toEqual([]);
    expect(bench.delivered()).toEqual(['x']);
    expect(bench.pubacks()).toEqual([1]);
    expect(bench.commit().disk.rows.size).toBe(0);
  });

  it('is sent in the order of arrival, for any order in which the messages become safe [MQTT-4.6.0-2]', () => {
    const bench = new FlowBench().enter('pump', false, 'pump/#').enter('valve', true, 'valve/#');
    bench.arrive(1, 'slow').arrive(2, 'fast', { topic: 'valve/set' });
    expect([bench.delivered(), bench.pubacks()]).toEqual([['fast'], []]);
    expect(bench.commit().pubacks()).toEqual([1, 2]);
  });

  it('waits for the copies of all subscribers', () => {
    const bench = new FlowBench().enter('pump').enter('other', false).arrive(1, 'x');
    expect([bench.delivered(), bench.pubacks()]).toEqual([['x'], []]);
    expect(bench.commit().pubacks()).toEqual([1]);
  });

  it('is sent at once for a message without a subscriber, which is counted', () => {
    const bench = new FlowBench().arrive(1, 'x');
    expect(bench.pubacks()).toEqual([1]);
    expect(bench.custodian.counts(NOBODY).shed).toEqual({ 'no subscriber': 1 });
  });

  it('for an answer to the gateway itself has its place in the order', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x');
    expect([bench.consume(2), bench.consume(undefined)]).toEqual([true, true]);
    expect(bench.pubacks()).toEqual([]);
    expect(bench.commit().pubacks()).toEqual([1, 2]);
  });

  it('for an answer that is repeated while it waits is sent once, and the answer is not handled again', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x');
    expect([bench.consume(2), bench.consume(2, true), bench.consume(2)]).toEqual([true, false, true]);
    expect(bench.commit().pubacks()).toEqual([1, 2, 2]);
    expect([bench.consume(2, true), bench.pubacks()]).toEqual([true, [2]]);
  });

  it('is not sent into a new connection for a message of an old one', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect().commit();
    expect(bench.pubacks()).toEqual([]);
  });
});

it('no downlink is delivered while the store may be a copy; all are delivered after that', () => {
  const bench = new FlowBench();
  bench.isHeld = true;
  bench.enter('pump').arrive(1, 'x').arrive(2, 'y');
  bench.flow.deliverAll();
  expect([bench.delivered(), bench.commit().pubacks()]).toEqual([[], [1, 2]]);
  bench.isHeld = false;
  bench.flow.deliverAll();
  expect(bench.delivered()).toEqual(['x', 'y']);
});

it('QoS 0 is delivered to the attached subdevices and not acknowledged', () => {
  const bench = new FlowBench().enter('pump').arrive(0, 'x', { qos: 0 });
  expect([bench.delivered(), bench.pubacks(), bench.disk.enqueued]).toEqual([['x'], [], []]);
});

describe('a downlink without a subscriber', () => {
  const sent = (topic: string): string[] => {
    const bench = new FlowBench().enter('pump', true, 'pump/set');
    bench.arrive(1, 'x', { topic });
    expect(bench.pubacks()).toEqual([1]);
    return bench.refusals;
  };

  it.each([
    ['pump/other', 'no subscriber: pump/other'],
    ['valve/set', 'no subscriber: valve/set'],
    ['gate/set', 'subdevice not configured: gate/set'],
  ])('on %s is recorded with the name of its subdevice if it is known', (topic, note) => {
    expect(sent(topic)).toEqual([note]);
  });
});

/** Downlinks on shared topics in the flow: each reaches the subdevice that it names, and every other end is counted. */
import { describe, expect, it } from 'vitest';
import { NOBODY } from '../../../src/subdevices/registry.ts';
import { SharedTopics } from '../../../src/subdevices/shared-topics.ts';
import { FlowBench } from './downlink-rig.ts';

const RPC = 'v1/rpc';

/** Bench with the subdevices `pump` and `valve` on the shared topic; `pump` has another name there. */
function newBench(): FlowBench {
  const bench = new FlowBench();
  bench.sharedTopics = new SharedTopics(
    [{ topic: RPC, form: 'with-device', uplinks: ['rpc'], downlink: 'rpc' }],
    new Map([['pump', 'Pump 1']]),
  );
  return bench.enter('pump', true, RPC).enter('valve', true, RPC);
}

const arrive = (bench: FlowBench, packetId: number, text: string, qos: 0 | 1 = 1): FlowBench =>
  bench.arrive(packetId, text, { topic: RPC, qos });

describe('a downlink on a shared topic', () => {
  it.each([0, 1] as const)('with QoS %d reaches only the subdevice that it names', (qos) => {
    const bench = newBench();
    const receivers: string[] = [];
    bench.facts.on('downlinkAccepted', (fact) =>
      receivers.push(...fact.receivers.map(({ subdevice }) => subdevice.id)),
    );
    arrive(bench, 1, '{"device":"Pump 1","data":{"id":1}}', qos);
    arrive(bench, 2, '{"device":"valve","data":{"id":2}}', qos);
    expect(bench.delivered()).toEqual(['{"id":1}', '{"id":2}']);
    expect(receivers).toEqual(['pump', 'valve']);
    expect(bench.pubacks()).toEqual(qos === 1 ? [1, 2] : []);
  });

  it('is stored with its content, and its PUBACK keeps the order of arrival', () => {
    const bench = newBench();
    bench.inbox.detached(bench.registry.byId('pump')?.lane ?? 0, false);
    arrive(bench, 1, '{"device":"Pump 1","data":7}');
    arrive(bench, 2, 'x');
    expect(bench.pubacks()).toEqual([]);
    expect(bench.commit().pubacks()).toEqual([1, 2]);
    expect([...bench.disk.rows.values()].map(({ payload }) => new TextDecoder().decode(payload))).toEqual(['7']);
  });

  it('that the hub sends again before its PUBACK is recognised, although the stored payload is another one', () => {
    const bench = newBench();
    bench.inbox.detached(bench.registry.byId('pump')?.lane ?? 0, false);
    const text = '{"device":"Pump 1","data":7}';
    arrive(bench, 1, text).arrive(1, text, { topic: RPC, dup: true });
    expect(bench.commit().pubacks()).toEqual([1]);
    expect(bench.disk.rows.size).toBe(1);
  });

  it.each([
    ['{"device":"pump","data":1}', 'names no subdevice', `${RPC}: "pump" is no name of a subdevice`],
    ['{"data":1}', 'invalid document', `${RPC}: no text in the member "device"`],
    ['{', 'invalid document', `${RPC}: not a JSON object of at most 64 levels`],
  ])('%s is counted, named and acknowledged', (text, reason, sample) => {
    const bench = arrive(newBench(), 1, text);
    expect([bench.pubacks(), bench.delivered()]).toEqual([[1], []]);
    expect(bench.custodian.counts(NOBODY).shed).toEqual({ [reason]: 1 });
    expect(bench.refusals).toEqual([`${reason}: ${sample}`]);
  });

  it('for a subdevice that has not subscribed is counted as one without a subscriber', () => {
    const bench = newBench();
    const pump = bench.registry.byId('pump');
    if (pump !== undefined) bench.registry.unsubscribe(pump, RPC);
    arrive(bench, 1, '{"device":"Pump 1","data":1}');
    expect([bench.pubacks(), bench.delivered()]).toEqual([[1], []]);
    expect(bench.refusals).toEqual([`no subscriber: ${RPC}`]);
  });

  it('that is too large is counted once, since it is not known whom it names', () => {
    const bench = newBench();
    bench.flow.oversize({ kind: 'oversize', topic: RPC, qos: 1, packetBytes: 200_000, dup: false, packetId: 1 });
    expect(bench.pubacks()).toEqual([1]);
    expect(bench.custodian.counts(NOBODY).shed).toEqual({ 'too large for the gateway': 1 });
  });
});

it('a wider filter of another subdevice does not get what a shared topic names for a subdevice', () => {
  const bench = newBench().enter('spy', true, 'v1/#');
  arrive(bench, 1, '{"device":"valve","data":{"id":2}}');
  expect(bench.delivered()).toEqual(['{"id":2}']);
});

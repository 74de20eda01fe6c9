/** Downlinks that the hub repeats are no loss, for any rule that sheds them. The ledger counts them. */
import { describe, expect, it } from 'vitest';
import { NO_OWN_MESSAGES } from '../../../src/flow/own-messages.ts';
import { FlowBench } from './downlink-rig.ts';

const OFFERS = 'pump/offer';

/** Bench whose gateway takes the offers of the subdevice `pump`. */
function benchOf(messagesMax = 150, overflow: 'drop-oldest' | 'drop-newest' = 'drop-oldest') {
  const bench = new FlowBench(messagesMax);
  const lost: string[] = [];
  bench.inbox.setLimits({ messagesMax, overflow, replayIntervalMs: 0, holdMs: 200, commitMs: 100 });
  bench.ownMessages = {
    ...NO_OWN_MESSAGES,
    wasShed: (subdevice, topic) => {
      if (subdevice !== 'pump' || topic !== OFFERS) return false;
      lost.push(topic);
      return true;
    },
    hubSessionLost: () => lost.push('all'),
  };
  return { bench, lost };
}
const laneOf = (bench: FlowBench) => bench.registry.byId('pump')?.lane ?? -1;

describe('an offer', () => {
  it.each([
    [
      'because the session of its subdevice ended',
      'session ended',
      (topic: string) => {
        const { bench, lost } = benchOf();
        bench.enter('pump', false).arrive(1, 'x', { topic });
        bench.flow.endSession(laneOf(bench));
        return { bench, lost };
      },
    ],
    [
      'because a later one came, in a full inbox',
      'overflow drop-oldest',
      (topic: string) => {
        const { bench, lost } = benchOf(1);
        bench.enter('pump', false).arrive(1, 'x', { topic }).arrive(2, 'y');
        return { bench, lost };
      },
    ],
    [
      'because the inbox is full',
      'overflow drop-newest',
      (topic: string) => {
        const { bench, lost } = benchOf(1, 'drop-newest');
        bench.enter('pump', false).arrive(1, 'x').arrive(2, 'y', { topic });
        return { bench, lost };
      },
    ],
    [
      'with QoS 0 because the subdevice is away',
      'QoS 0 while the subdevice is away',
      (topic: string) => {
        const { bench, lost } = benchOf();
        bench.enter('pump', false).arrive(0, 'x', { topic, qos: 0 });
        return { bench, lost };
      },
    ],
    [
      'because it is too old',
      'expired',
      (topic: string) => {
        const { bench, lost } = benchOf();
        bench.enter('pump', false).arrive(1, 'x', { topic });
        bench.inbox.expire(() => true);
        return { bench, lost };
      },
    ],
  ] as const)('that is shed %s is no loss', (_, reason, shedOn) => {
    const { bench, lost } = shedOn(OFFERS);
    expect(bench.shed).toEqual([]);
    expect(lost).toEqual([OFFERS]);
    expect(bench.custodian.counts(laneOf(bench)).shed).toEqual({ [reason]: 1 });
    const other = shedOn('pump/set');
    expect(other.bench.shed, 'negative control: another downlink').toEqual([`${reason}: pump/set`]);
    expect(other.lost).toEqual([]);
  });

  it('that came after the end of its subscription is no loss', () => {
    const { bench, lost } = benchOf();
    bench.arrive(1, 'x', { topic: OFFERS });
    expect([bench.refusals, lost]).toEqual([[], [OFFERS]]);
    bench.arrive(2, 'x', { topic: 'pump/set' });
    expect(bench.refusals, 'negative control').toEqual(['no subscriber: pump/set']);
  });

  it('that the hub has lost with its session is asked for again', () => {
    const { bench, lost } = benchOf();
    bench.reconnect();
    expect(lost, 'negative control: the hub has kept the session').toEqual([]);
    bench.reconnect(false);
    expect(lost).toEqual(['all']);
  });
});

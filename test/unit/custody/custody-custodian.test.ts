import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Custodian } from '../../../src/custody/custodian.ts';
import type { AckWaiter, Entry } from '../../../src/custody/entry.ts';
import { alarmLaneOf } from '../../../src/custody/lane-number.ts';
import type { RowPage } from '../../../src/custody/row.ts';
import { CustodyModel, type Flaw, LANES, type Step } from './custody-model.ts';
import { AT_ONCE, BenchDisk, custodianOn, HELD, rowOf, STAMP, seqsOf, uplink } from './custody-rig.ts';

function setUp(backlogRows = 0): {
  disk: BenchDisk;
  custodian: Custodian;
  acknowledged: number[];
  waiter: (name: number) => AckWaiter;
} {
  const disk = new BenchDisk();
  const acknowledged: number[] = [];
  const first = custodianOn(disk);
  for (let seq = 1; seq <= backlogRows; seq += 1) accept(first);
  commit(disk, first);
  const waiter = (name: number): AckWaiter => ({ safe: () => void acknowledged.push(name) });
  return { disk, custodian: custodianOn(disk, { nextSeq: 100 }), acknowledged, waiter };
}

function accept(
  custodian: Custodian,
  ackWaiter?: AckWaiter,
  waitLimits: typeof AT_ONCE | typeof HELD = AT_ONCE,
): Entry {
  return custodian.accept(1, uplink(), { stamp: STAMP, ackWaiter, waitLimits });
}

function commit(disk: BenchDisk, custodian: Custodian): void {
  disk.begin();
  for (const entry of disk.finish()) custodian.stored(entry);
}

describe('custody', () => {
  it('acknowledges nothing before the receipt of the commit', () => {
    const { disk, custodian, acknowledged, waiter } = setUp();
    accept(custodian, waiter(7));
    disk.begin();
    const stored = disk.finish();
    expect(acknowledged).toEqual([]);
    for (const entry of stored) custodian.stored(entry);
    expect(acknowledged).toEqual([7]);
  });

  it('writes nothing for a message that the next hop acknowledges while it is held', () => {
    const { disk, custodian, acknowledged, waiter } = setUp();
    const entry = accept(custodian, waiter(7), HELD);
    custodian.end(entry, { as: 'delivered' });
    disk.flushHeld();
    commit(disk, custodian);
    expect(acknowledged).toEqual([7]);
    expect([disk.rows.size, custodian.unstoredBytes, disk.imbalance]).toEqual([0, 0, 0]);
    expect(custodian.counts(1)).toMatchObject({ accepted: 1, delivered: 1 });
  });

  it('writes no message before an older one of its lane that is in RAM only', () => {
    const { disk, custodian, acknowledged, waiter } = setUp();
    const older = accept(custodian, waiter(7), HELD);
    const newer = accept(custodian, waiter(8));
    commit(disk, custodian);
    expect([...disk.rows.keys()]).toEqual([older.row.seq, newer.row.seq]);
    expect(acknowledged).toEqual([7, 8]);
  });

  it('settles the row of a message that was acknowledged while its commit was running', () => {
    const { disk, custodian, acknowledged, waiter } = setUp();
    const entry = accept(custodian, waiter(7));
    disk.begin();
    custodian.end(entry, { as: 'delivered' });
    expect(acknowledged).toEqual([7]);
    for (const one of disk.finish()) custodian.stored(one);
    expect(disk.rows.size).toBe(1);
    commit(disk, custodian);
    expect([disk.rows.size, custodian.unstoredBytes, disk.imbalance]).toEqual([0, 0, 0]);
    expect(acknowledged).toEqual([7]);
  });

  it('makes a dead letter only of a message that is on disk', () => {
    const { custodian, waiter } = setUp();
    const entry = accept(custodian, waiter(7));
    expect(() => custodian.end(entry, { as: 'dead', reason: 'no PUBACK' })).toThrow('cannot become a dead letter');
  });

  it('settles a message once, even if its end is reported several times', () => {
    const { custodian, acknowledged, waiter } = setUp();
    const entry = accept(custodian, waiter(7), HELD);
    custodian.end(entry, { as: 'delivered' });
    custodian.end(entry, { as: 'shed', reason: 'expired' });
    expect(acknowledged).toEqual([7]);
    expect(custodian.counts(1)).toMatchObject({ delivered: 1, shed: {} });
  });

  it('starts with the backlog of the ledger without reading a row', () => {
    const { custodian } = setUp(9);
    expect([custodian.pending, custodian.lane(1).window.length]).toEqual([9, 0]);
    expect([...custodian.wanted()]).toEqual([[1, { from: 0, rows: 4 }]]);
  });
});

describe('on a full disk', () => {
  const setUpFull = () => {
    const withdrawn: number[] = [];
    const disk = new BenchDisk();
    const custodian = custodianOn(disk);
    const waiter = (name: number): AckWaiter => ({ safe: () => {}, withdrawn: () => void withdrawn.push(name) });
    const fill = (entries: readonly Entry[]) => entries.filter((entry) => custodian.unstored(entry));
    return { custodian, withdrawn, waiter, fill };
  };

  it('unacknowledged messages are taken back, the oldest first', () => {
    const { custodian, withdrawn, waiter, fill } = setUpFull();
    expect(fill([accept(custodian, waiter(7)), accept(custodian, waiter(8))])).toEqual([]);
    expect([withdrawn, custodian.pending, custodian.imbalance()]).toEqual([[7, 8], 0, 0]);
  });

  it('a message is not taken back while a younger one of its lane stays, since it would come again after that', () => {
    const { custodian, withdrawn, waiter, fill } = setUpFull();
    const older = accept(custodian, waiter(7));
    const younger = accept(custodian, waiter(8), HELD);
    expect(fill([older])).toEqual([older]);
    younger.keeping = 'enqueued';
    expect(fill([older, younger])).toEqual([]);
    expect(withdrawn).toEqual([7, 8]);
  });

  it('a message that waits to be sent again stays, even if the hub has lost its session', () => {
    const { custodian, withdrawn, waiter, fill } = setUpFull();
    const entry = accept(custodian, waiter(7));
    entry.inFlight = true;
    expect(fill([entry])).toEqual([entry]);
    expect(withdrawn).toEqual([]);
  });
});

/** Custody with a backlog of some rows on disk in each of several lanes; the rows alternate. */
function setUpLanes(lanes: readonly number[], rows: number): { custodian: Custodian } {
  const disk = new BenchDisk();
  const first = custodianOn(disk);
  for (let row = 0; row < rows; row += 1)
    for (const lane of lanes) first.accept(lane, uplink(), { stamp: STAMP, ackWaiter: undefined, waitLimits: AT_ONCE });
  disk.begin();
  disk.finish();
  return { custodian: custodianOn(disk, { nextSeq: 100 }) };
}

/** Page with rows 1 to 8, of two lanes in turn. */
function pageOf([odd = 0, even = 0]: readonly number[]): RowPage {
  const rows = [1, 2, 3, 4, 5, 6, 7, 8].map((seq) => rowOf(seq, seq % 2 === 1 ? odd : even));
  return { rows, scannedTo: 8, atEnd: false, damaged: [] };
}

describe('rows that come back', () => {
  it('damaged are counted once and never passed on, even if the page is read twice', () => {
    const { disk, custodian } = setUp(9);
    const damaged = [
      { seq: 2, lane: 1, bytes: 42 },
      { seq: 7, lane: 1, bytes: 42 },
    ];
    const pageFrom = (from: number) => {
      const rows = [...disk.rows.values()].filter(({ seq }) => seq >= from && seq !== 2 && seq !== 7);
      return { rows, scannedTo: 9, atEnd: true, damaged: damaged.filter(({ seq }) => seq >= from) };
    };
    custodian.loaded(custodian.wanted(), pageFrom(0));
    expect(seqsOf(custodian.lane(1).window)).toEqual([1, 3, 4, 5]);
    expect(custodian.counts(1).damaged).toBe(1);
    for (const entry of [...custodian.lane(1).window]) custodian.end(entry, { as: 'delivered' });
    const again = custodian.wanted();
    expect([...again]).toEqual([[1, { from: 6, rows: 4 }]]);
    custodian.loaded(again, pageFrom(6));
    expect(seqsOf(custodian.lane(1).window)).toEqual([6, 8, 9]);
    expect([custodian.counts(1).damaged, custodian.imbalance(), custodian.pending]).toEqual([2, 0, 3]);
    commit(disk, custodian);
    expect(disk.imbalance).toBe(0);
  });

  it('missing are counted as damaged when the end is reached', () => {
    const { disk, custodian } = setUp(4);
    disk.rows.delete(3);
    const wanted = custodian.wanted();
    custodian.loaded(wanted, disk.page(wanted, 10));
    expect([custodian.counts(1).damaged, custodian.pending, custodian.imbalance()]).toEqual([1, 3, 0]);
  });

  it('do not count as missing from a page if they were written after the request for it', () => {
    const { disk, custodian } = setUp(2);
    const wanted = custodian.wanted();
    const page = disk.page(wanted, 10);
    accept(custodian);
    commit(disk, custodian);
    custodian.loaded(wanted, page);
    expect([custodian.counts(1).damaged, custodian.pending]).toEqual([0, 3]);
    const more = custodian.wanted();
    custodian.loaded(more, disk.page(more, 10));
    expect(seqsOf(custodian.lane(1).window)).toEqual([1, 2, 100]);
  });

  it('are read for every lane with room as soon as one lane is low, and for none before', () => {
    const { custodian } = setUpLanes([1, 2], 9);
    const fresh = custodian.wanted();
    expect([...fresh.values()]).toEqual([
      { from: 0, rows: 4 },
      { from: 0, rows: 4 },
    ]);
    custodian.loaded(fresh, pageOf([1, 2]));
    const [entry] = custodian.lane(2).window;
    if (entry === undefined) throw new Error('the window of lane 2 is empty');
    custodian.end(entry, { as: 'delivered' });
    expect(custodian.wanted().size, 'no window is half empty').toBe(0);
    for (const sent of custodian.lane(1).window.slice(0, 2)) custodian.end(sent, { as: 'delivered' });
    expect([...custodian.wanted()]).toEqual([
      [1, { from: 8, rows: 2 }],
      [2, { from: 9, rows: 1 }],
    ]);
  });

  it('are read for lanes of alarms alone while one of these is low', () => {
    const { custodian } = setUpLanes([1, alarmLaneOf(1)], 9);
    expect([...custodian.wanted().keys()]).toEqual([alarmLaneOf(1)]);
  });

  it('of a lane without a request are ignored', () => {
    const { custodian } = setUp(1);
    const wanted = custodian.wanted();
    custodian.loaded(wanted, { rows: [rowOf(1, 2)], scannedTo: 1, atEnd: false, damaged: [] });
    expect([...custodian.lanes()].map((lane) => lane.window.length)).toEqual([0]);
  });
});

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('accept'), lane: fc.constantFrom(...LANES), isHeld: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('acknowledged', 'shed', 'dead-lettered', 'dead-lettered'),
      lane: fc.constantFrom(...LANES),
      place: fc.nat(3),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('retry', 'retry', 'drop'),
      lane: fc.constantFrom(...LANES),
      place: fc.nat(3),
    }),
  },
  { weight: 9, arbitrary: fc.record({ kind: fc.constantFrom('flush held', 'begin commit', 'finish commit', 'page') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash') }) },
);

describe('for any order of events, crashes included', () => {
  const broken = (flaw?: Flaw) =>
    fc.check(
      fc.property(fc.array(anyStep, { maxLength: 120, size: 'max' }), (steps) => {
        const model = new CustodyModel(flaw);
        for (const step of steps) model.take(step);
        return model.drain() === 0;
      }),
      { numRuns: 300, seed: 7 },
    );

  it('each sender is acknowledged once, for safe messages only, the ledger balances, and no acknowledged message is lost', () => {
    const { counterexample, errorInstance } = broken();
    expect([counterexample, errorInstance]).toEqual([null, null]);
  });

  it('negative control: the model detects an acknowledgement before the commit', () => {
    expect(broken('acknowledges early').failed).toBe(true);
  });

  it('negative control: the model detects a dead letter that leaves its table before it is stored elsewhere', () => {
    expect(broken('takes letters early').failed).toBe(true);
  });
});

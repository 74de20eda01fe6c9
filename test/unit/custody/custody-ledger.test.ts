import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ageOf, type Epoch } from '../../../src/base/time.ts';
import { countsOf } from '../../../src/custody/change.ts';
import { addCounts, type Counts, imbalance, shedTotal, subtractCounts, ZERO } from '../../../src/custody/ledger.ts';
import { SEQ_BLOCK, Sequence } from '../../../src/custody/sequence.ts';
import { rowOf } from './custody-rig.ts';

const SOME: Counts = {
  accepted: 9,
  delivered: 3,
  dead: 1,
  damaged: 1,
  shed: { expired: 2, 'session ended': 1 },
};

const anyCounts = fc.record({
  accepted: fc.nat(99),
  delivered: fc.nat(99),
  dead: fc.nat(99),
  damaged: fc.nat(99),
  shed: fc.record({ expired: fc.integer({ min: 1, max: 9 }), 'no subscriber': fc.integer({ min: 1, max: 9 }) }),
});

describe('the ledger', () => {
  it('balances when the accepted messages are delivered, pending, shed, dead-lettered or damaged', () => {
    expect(shedTotal(SOME)).toBe(3);
    expect(imbalance(SOME, 1)).toBe(0);
  });

  it.each([
    [0, 1],
    [2, -1],
  ])('with %i pending instead of 1 has an imbalance of %i', (pending, off) => {
    expect(imbalance(SOME, pending)).toBe(off);
  });

  it('sums lanes and splits the sum again', () => {
    fc.assert(
      fc.property(anyCounts, anyCounts, (left, right) => {
        expect(subtractCounts(addCounts(left, right), left)).toEqual(right);
      }),
    );
  });

  it.each([
    [{ kind: 'put', direction: 'uplink', row: rowOf(1) } as const, { accepted: 1 }, 1, 42],
    [
      { kind: 'settle', direction: 'uplink', lane: 1, seq: 1, bytes: 42, outcome: { as: 'delivered' } } as const,
      { delivered: 1 },
      -1,
      -42,
    ],
    [
      {
        kind: 'deadLetter',
        direction: 'uplink',
        lane: 1,
        seq: 1,
        bytes: 42,
        reason: 'no PUBACK',
        attempts: 3,
      } as const,
      { dead: 1 },
      -1,
      -42,
    ],
    [
      { kind: 'count', direction: 'uplink', lane: 1, counts: { ...ZERO, accepted: 1, delivered: 1 } } as const,
      { accepted: 1, delivered: 1 },
      0,
      0,
    ],
  ])('changes with $kind as the rows do', (change, counts, rows, bytes) => {
    expect(countsOf(change)).toEqual({ direction: 'uplink', lane: 1, counts: { ...ZERO, ...counts }, rows, bytes });
  });

  it('does not change with a change that carries no message', () => {
    expect(countsOf({ kind: 'filterGone', filter: 'a' })).toBeUndefined();
  });
});

describe('message numbers', () => {
  it('are reserved on disk half a block before they are needed', () => {
    const reserved: number[] = [];
    const sequence = new Sequence(SEQ_BLOCK / 2, (reservedTo) => reserved.push(reservedTo));
    let reservedTo = SEQ_BLOCK / 2 + SEQ_BLOCK;
    expect(sequence.last).toBe(SEQ_BLOCK / 2 - 1);
    for (let taken = 0; taken < SEQ_BLOCK + 2; taken += 1) {
      const seq = sequence.take();
      reservedTo = reserved.at(-1) ?? reservedTo;
      if (seq > reservedTo - SEQ_BLOCK / 2) throw new Error(`${seq} taken, only ${reservedTo} reserved`);
    }
    expect(reserved).toEqual([SEQ_BLOCK / 2 + 2 * SEQ_BLOCK]);
  });
});

describe('an age', () => {
  const boot = (epoch: number, lastUpMs: number, wallMinusUpMs?: number): [number, Epoch] => [
    epoch,
    { epoch, bootId: `boot ${epoch}`, lastUpMs, wallMinusUpMs, sleptAtUpMs: undefined },
  ];

  it.each([
    ['within one boot is exact', [boot(1, 0)], 100, 1, 900, 800, 'exact'],
    ['within one boot is never negative', [boot(1, 0)], 900, 1, 100, 0, 'exact'],
    ['between two trusted boots is exact', [boot(1, 500, 1000), boot(2, 0, 8000)], 100, 2, 50, 6950, 'exact'],
    ['across a boot without trust is the powered time', [boot(1, 500, 1000), boot(2, 0)], 100, 2, 50, 450, 'at_least'],
    [
      'across three boots includes the one between',
      [boot(1, 500), boot(2, 70), boot(3, 0)],
      100,
      3,
      50,
      520,
      'at_least',
    ],
    ['from a boot that is no longer stored is the time since', [boot(3, 0)], 100, 3, 50, 50, 'at_least'],
    ['that would be negative is discarded', [boot(1, 500, 9000), boot(2, 0, 1000)], 100, 2, 50, 450, 'at_least'],
  ] as const)('%s', (_what, epochs, stampedMs, epoch, upMs, ms, quality) => {
    const stamp = { epoch: epochs.length === 1 && epoch === 3 ? 1 : epochs[0][1].epoch, upMs: stampedMs };
    expect(ageOf(stamp, { epoch, upMs }, new Map(epochs))).toEqual({ ms, quality });
  });
});

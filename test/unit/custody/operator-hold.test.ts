/** Operator holds and drops in custody: any sequence of steps keeps the order, the ledger and every message. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOLD_LANES, type HoldFlaw, HoldModel, type HoldStep } from './hold-model.ts';

const lane = fc.constantFrom(...HOLD_LANES);
const filter = fc.constantFrom('a', 'b', '+', '');
const topic = fc.constantFrom('a', 'b', 'c');
const of = <Kind extends HoldStep['kind']>(kind: Kind) => fc.constant(kind);
const step: fc.Arbitrary<HoldStep> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: of('accept'), lane, topic, isHeld: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('send', 'acknowledged', 'returned'), lane }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('hold', 'release'), lane, filter }) },
  { weight: 2, arbitrary: fc.record({ kind: of('drop'), place: fc.nat(50) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('flush held', 'begin commit', 'finish commit', 'page', 'page', 'crash'),
    }),
  },
) as fc.Arbitrary<HoldStep>;

const steps = fc.array(step, { minLength: 30, maxLength: 200, size: 'max' });

function run(steps: readonly HoldStep[], flaw?: HoldFlaw): number {
  const model = new HoldModel(flaw);
  for (const one of steps) model.take(one);
  return model.drain();
}

const accept = (lane: number, topic: string): HoldStep => ({ kind: 'accept', lane, topic, isHeld: false });
const hold = (lane: number, filter: string): HoldStep => ({ kind: 'hold', lane, filter });
const release = (lane: number, filter: string): HoldStep => ({ kind: 'release', lane, filter });
const BEGIN: HoldStep = { kind: 'begin commit' };
const FINISH: HoldStep = { kind: 'finish commit' };

/** Messages that were accepted under a hold, and are not committed when it ends. */
const UNCOMMITTED: readonly [string, readonly HoldStep[]][] = [
  [
    'is older than all messages of a full window',
    [hold(2, 'b'), release(2, 'b'), BEGIN, accept(2, 'b'), ...Array(4).fill(accept(2, 'a')), FINISH],
  ],
  [
    'was in the window when older rows were made readable, and was parked after that',
    [
      ...[accept(2, 'b'), hold(2, 'b'), release(1, 'a'), BEGIN, release(1, 'a')],
      ...[{ kind: 'accept', lane: 2, topic: 'a', isHeld: true } as const, FINISH, BEGIN, hold(2, 'a'), FINISH],
    ],
  ],
  [
    'is stored when older rows are made readable',
    [
      ...[release(1, 'a'), BEGIN, accept(1, 'a'), accept(1, 'b'), hold(1, 'a'), hold(1, 'b')],
      ...[...Array(3).fill(accept(1, 'a')), accept(1, 'c'), FINISH],
    ],
  ],
];

describe('holds and drops', () => {
  it.each(UNCOMMITTED)('keep a message that is not committed when a hold ends, and that %s', (_, steps) => {
    expect(run(steps)).toBe(0);
  });

  it('keep the order of each topic, the ledger and every acknowledged message', () => {
    fc.assert(
      fc.property(steps, (steps) => {
        expect(run(steps)).toBe(0);
      }),
      { numRuns: 400 },
    );
  });

  it.each<HoldFlaw>([
    'sends held messages',
    'reads ended rows again',
    'forgets parked rows',
    'drops what is in flight',
  ])('negative control: a custody that %s is found', (flaw) => {
    const found = fc.check(
      fc.property(steps, (steps) => run(steps, flaw) === 0),
      { numRuns: 3000, seed: 1 },
    );
    expect(found.failed).toBe(true);
  });
});

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

describe('holds and drops', () => {
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

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotMap } from '../../../src/base/slot-map.ts';

interface Box {
  readonly content: unknown;
}

const step = fc.oneof(
  fc.record({ act: fc.constant('set' as const), key: fc.nat(9) }),
  fc.record({ act: fc.constant('delete' as const), key: fc.nat(9) }),
  fc.record({ act: fc.constant('clear' as const), key: fc.constant(0) }),
);

type Collect = (options?: { readonly type: 'minor' }) => void;

/** Objects of 4 kB each: 2000 pass through the map, at most 30 at a time. */
const LIVE = 30;
const TURNS = 2000;
const NUMBERS = 500;

/** @returns share of the objects that young collections have not freed */
function keptShare(map: { set(key: number, value: Box): unknown; delete(key: number): boolean }): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect;
  let turns = 0;
  const turn = (): void => {
    turns += 1;
    map.set(turns, { content: new Array(NUMBERS).fill(turns + 0.5) });
    map.delete(turns - LIVE);
  };
  for (let warm = 0; warm < 100; warm += 1) turn();
  collect(); // moves the present table to the old generation
  const before = process.memoryUsage().heapUsed;
  for (let count = 1; count <= TURNS; count += 1) {
    turn();
    if (count % 200 === 0) for (let twice = 0; twice < 2; twice += 1) collect({ type: 'minor' });
  }
  return (process.memoryUsage().heapUsed - before) / (TURNS * NUMBERS * 8);
}

describe('a slot map', () => {
  it('behaves like a Map', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const map = new Map<number, Box>();
        const slots = new SlotMap<number, Box>();
        for (const [content, { act, key }] of steps.entries()) {
          if (act === 'clear') for (const one of [map, slots]) one.clear();
          else if (act === 'delete') expect(slots.delete(key)).toBe(map.delete(key));
          else for (const one of [map, slots]) one.set(key, { content });
          expect([...slots]).toEqual([...map]);
          expect([...slots.keys()]).toEqual([...map.keys()]);
          expect([...slots.values()]).toEqual([...map.values()]);
          expect([slots.size, slots.has(key), slots.get(key), slots.oldest]).toEqual([
            map.size,
            map.has(key),
            map.get(key),
            [...map.values()][0],
          ]);
        }
      }),
    );
  });

  it('allows deletion during a loop', () => {
    const slots = new SlotMap<number, Box>();
    for (let key = 0; key < 5; key += 1) slots.set(key, { content: key });
    const seen: number[] = [];
    for (const [key] of slots) {
      seen.push(key);
      slots.delete(key + 1);
    }
    expect(seen).toEqual([0, 2, 4]);
  });

  it('lets young collections free the objects that have left; negative control: a Map keeps them', () => {
    expect(keptShare(new SlotMap<number, Box>())).toBeLessThan(0.4);
    expect(keptShare(new Map<number, Box>())).toBeGreaterThan(0.6);
  });
});

/** Health of the store: where it is, what the medium has damaged or lost, and what nobody can know. Pure. */
import type { Condition } from './report.ts';
import { countOf } from './words.ts';

export interface StoreHealth {
  /** Place in RAM that holds the store; `null`: it is on a disk. */
  readonly volatile: string | null;
  /** Messages found damaged or lost: by the opening store, and since the start. */
  readonly damaged: number;
  /** Records of the gateway's own that the opening store found damaged. */
  readonly damagedRecords: number;
}

/** @param forMs since the start */
export function storeConditions({ volatile, damaged, damagedRecords }: StoreHealth, forMs: number): Condition[] {
  const conditions: Condition[] = [];
  if (volatile !== null) {
    conditions.push({
      code: 'store-volatile',
      losing: 'at risk',
      forMs,
      sentence: `The store is in RAM (${volatile}): a power cut loses every message in it.`,
      hint: 'Set state_dir to a directory on a disk, and remove allow_volatile_store.',
    });
  }
  if (damaged > 0) {
    conditions.push({
      code: 'damaged-rows',
      losing: 'yes',
      forMs,
      sentence: `${countOf(damaged, 'message')} damaged or lost on the disk; none is passed on.`,
      hint: 'Replace the card: it no longer keeps what it is given.',
    });
  }
  // sessions, counters and the like: nothing that was accepted, but what surrounds it
  if (damagedRecords > 0) {
    conditions.push({
      code: 'damaged-records',
      losing: 'at risk',
      forMs,
      sentence: `${countOf(damagedRecords, 'record')} of the gateway's own (sessions, counters, …) damaged on the disk.`,
      hint: 'What became of them stands under Store; replace the card: it no longer keeps what it is given.',
    });
  }
  return conditions;
}

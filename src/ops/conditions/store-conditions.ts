/** Health of the store: where it is, what the medium has damaged or lost, and what nobody can know. Pure. */
import type { Age } from '../../base/time.ts';
import type { Condition } from '../reports/report.ts';
import { countOf } from '../words.ts';

/** A `LossRow`, with its age. */
export interface StoreLoss {
  readonly age: Age;
  readonly messages: number;
  readonly unknown: string | undefined;
}

/** A loss that was counted is history after a day: the ledger keeps it. */
const HISTORY_MS = 24 * 3_600_000;

export interface StoreHealth {
  /** Place in RAM that holds the store; `null`: it is on a disk. */
  readonly volatile: string | null;
  /** What openings of the store found lost, until it is acknowledged. */
  readonly losses: readonly StoreLoss[];
  /** Messages found damaged since the start. */
  readonly damaged: number;
  /** Records of the gateway's own that the opening store found damaged. */
  readonly damagedRecords: number;
  /** The opening store was damaged and has been repaired. */
  readonly isDamaged: boolean;
}

/** @param forMs since the start */
export function storeConditions(
  { volatile, losses, damaged, damagedRecords, isDamaged }: StoreHealth,
  forMs: number,
): Condition[] {
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
  const fresh = losses.filter(({ age }) => age.ms < HISTORY_MS);
  const lost = fresh.reduce((sum, { messages }) => sum + messages, damaged);
  if (lost > 0) {
    conditions.push({
      code: 'damaged-rows',
      losing: 'yes',
      forMs: Math.max(forMs, ...fresh.map(({ age }) => age.ms)),
      sentence: `${countOf(lost, 'message')} damaged or lost on the disk; none is passed on.`,
      hint: `Replace the card: it no longer keeps what it is given.${losses.length === 0 ? '' : ' Then: holdfast acknowledge-loss.'}`,
    });
  }
  const unknown = losses.filter((loss) => loss.unknown !== undefined);
  if (unknown.length > 0) {
    const why = [...new Set(unknown.map((loss) => loss.unknown))].join('; ');
    conditions.push({
      code: 'loss-unknown',
      losing: 'unknown',
      forMs: Math.max(...unknown.map(({ age }) => age.ms)),
      sentence: `Messages may be lost that nobody can count: ${why}.`,
      hint: 'Compare what the hub has with what the subdevices sent; replace the card. Then: holdfast acknowledge-loss.',
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
  const isTold = conditions.some(({ code }) => code !== 'store-volatile');
  if (isDamaged && !isTold) {
    conditions.push({
      code: 'store-damaged',
      losing: 'at risk',
      forMs,
      sentence: 'The store was damaged on the disk. It was repaired at the start, and no message is missing.',
      hint: 'The card is failing: replace it. What was found stands under Store.',
    });
  }
  return conditions;
}

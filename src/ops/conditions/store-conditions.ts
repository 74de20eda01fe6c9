/** Conditions of the store: location, damaged or lost messages, losses of unknown size. Pure. */
import { RESTORED } from '../../base/restored-words.ts';
import type { Age } from '../../base/time.ts';
import type { Condition } from '../reports/report.ts';
import { countOf } from '../words.ts';

/** `LossRow` with its age. */
export interface StoreLoss {
  readonly age: Age;
  readonly messages: number;
  readonly unknown: string | undefined;
}

/** Time after which a counted loss is no longer a condition; the ledger keeps counting it. */
const HISTORY_MS = 24 * 3_600_000;

export interface StoreHealth {
  /** Place in RAM that holds the store; `null`: the store is on a disk. */
  readonly volatile: string | null;
  /** Evidence that differs if the store may be a copy of that of another machine; empty: it is none. */
  readonly copiedFrom: readonly string[];
  /** Losses found when the store was opened, until they are acknowledged. */
  readonly losses: readonly StoreLoss[];
  /** Messages found damaged since the start. */
  readonly damaged: number;
  /** Records of the gateway itself that were damaged when the store was opened. */
  readonly damagedRecords: number;
  /** The store was damaged when it was opened, and was repaired. */
  readonly isDamaged: boolean;
}

/** @param forMs since the start */
export function storeConditions(
  { volatile, copiedFrom, losses, damaged, damagedRecords, isDamaged }: StoreHealth,
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
  if (copiedFrom.length > 0) {
    conditions.push({
      code: 'cloned-store',
      losing: 'at risk',
      forMs,
      sentence: `This store was written on another machine (other ${copiedFrom.join(', ')}), which may still run. Uplinks are accepted and stored. Nothing is sent to the hub or to subdevices.`,
      hint: 'If this machine replaces the other one: holdfast adopt. If the other one still runs: give this gateway an identity and a store of its own (docs/cloned-cards.md).',
    });
  }
  const fresh = losses.filter(({ age }) => age.ms < HISTORY_MS);
  const lost = fresh.reduce((sum, { messages }) => sum + messages, damaged);
  if (lost > 0) {
    conditions.push({
      code: 'damaged-rows',
      losing: 'yes',
      forMs: Math.max(forMs, ...fresh.map(({ age }) => age.ms)),
      sentence: `${countOf(lost, 'message')} damaged or lost on disk; no damaged message is passed on.`,
      hint: `Replace the SD card: it is corrupting data.${losses.length === 0 ? '' : ' Then run: holdfast acknowledge-loss.'}`,
    });
  }
  const unknown = losses.filter((loss) => loss.unknown !== undefined);
  if (unknown.length > 0) {
    const isRestore = unknown.every((loss) => loss.unknown?.startsWith(RESTORED) === true);
    const why = [...new Set(unknown.map((loss) => loss.unknown))].join('; ');
    conditions.push({
      code: 'loss-unknown',
      losing: 'unknown',
      forMs: Math.max(...unknown.map(({ age }) => age.ms)),
      sentence: `An unknown number of messages may be lost: ${why}.`,
      hint: `Compare the messages at the hub with those that the subdevices sent${isRestore ? '' : ', and replace the SD card'}. Then run: holdfast acknowledge-loss.`,
    });
  }
  // These records are sessions, counters and the like, and no accepted messages.
  if (damagedRecords > 0) {
    conditions.push({
      code: 'damaged-records',
      losing: 'at risk',
      forMs,
      sentence: `${countOf(damagedRecords, 'record')} of the gateway itself (sessions, counters, …) damaged on disk.`,
      hint: 'Replace the SD card: it is corrupting data. holdfast status --json (store.recovery) lists the repairs.',
    });
  }
  const isReported = conditions.some(({ code }) => code !== 'store-volatile' && code !== 'cloned-store');
  if (isDamaged && !isReported) {
    conditions.push({
      code: 'store-damaged',
      losing: 'at risk',
      forMs,
      sentence: 'The store was damaged on disk. It was repaired at the start, and no message is missing.',
      hint: 'Replace the SD card: it is corrupting data. holdfast status --json (store.recovery) lists the repairs.',
    });
  }
  return conditions;
}

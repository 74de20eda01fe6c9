/** Reads the boots of the store. */
import type { Epoch } from '../base/time.ts';
import type { Database } from './database.ts';

export function readEpochs(database: Database): Map<number, Epoch> {
  const rows = database.prepare('SELECT * FROM boot').all() as {
    epoch: number;
    boot_id: string;
    last_up_ms: number;
    wall_minus_up_ms: number | null;
    slept_at_up_ms: number | null;
  }[];
  return new Map(
    rows.map((row) => [
      row.epoch,
      {
        epoch: row.epoch,
        bootId: row.boot_id,
        lastUpMs: row.last_up_ms,
        wallMinusUpMs: row.wall_minus_up_ms ?? undefined,
        sleptAtUpMs: row.slept_at_up_ms ?? undefined,
      },
    ]),
  );
}

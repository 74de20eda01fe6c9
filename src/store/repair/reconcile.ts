/**
 * Makes a store consistent after it has lost some of its own records. Facts that the message rows show are derived from
 * them; all other lost facts are stored as unknown. Used for a rebuilt store and for one that is repaired in place.
 */
import { chargedBytes } from '../../base/message.ts';
import { type Counts, settledTotal, ZERO } from '../../custody/ledger.ts';
import { SEQ_BLOCK } from '../../custody/sequence.ts';
import type { Database } from '../database.ts';
import { countsOfLedger, type LedgerRow } from '../writer.ts';

const HOT = ['outbox', 'inbox'] as const;

interface LaneRows {
  readonly lane: number;
  readonly rows: number;
  readonly bytes: number;
  /** Epoch of the newest row. */
  readonly epoch: number;
}

/** Number of messages that the ledger has pending and that are missing. */
export function missingIn(lanes: readonly LaneState[]): number {
  return lanes.reduce((sum, { pending, rows }) => sum + Math.max(0, pending - rows), 0);
}

/** Lines missing from the ledger. They restart with the rows that are there. */
export function restartedIn(lanes: readonly LaneState[]): ReadonlySet<number> {
  return new Set(lanes.filter(({ isKnown }) => !isKnown).map(({ id }) => id));
}

/**
 * Makes the ledger agree with the rows: pending messages without a row are damaged; rows unknown to the ledger are
 * accepted.
 */
export function reconcileLedger(target: Database, lanes: readonly LaneState[]): void {
  const write = target.prepare(
    `INSERT INTO ledger (id, accepted, delivered, dead, damaged, shed, bytes, puts) VALUES (?,?,?,?,?,?,?,?)
     ON CONFLICT (id) DO UPDATE SET (accepted, delivered, dead, damaged, shed, bytes, puts) = (excluded.accepted,
     excluded.delivered, excluded.dead, excluded.damaged, excluded.shed, excluded.bytes, excluded.puts)`,
  );
  for (const { id, counts, puts, pending, rows, bytes } of lanes) {
    const more = Math.max(0, rows - pending); // delivered before, and to be delivered again
    const damaged = counts.damaged + Math.max(0, pending - rows);
    const { accepted, delivered, dead, shed } = counts;
    write.run(id, accepted + more, delivered, dead, damaged, JSON.stringify(shed), bytes, puts + more);
  }
}

/** Ensures that numbers, epochs and lanes that are still in use are not assigned again. */
export function fillGaps(target: Database, lanes: readonly LaneState[]): void {
  const raise = target.prepare(`INSERT INTO sequence (direction, reserved_to) VALUES (?,?)
    ON CONFLICT (direction) DO UPDATE SET reserved_to = max(reserved_to, excluded.reserved_to)`);
  raise.run('uplink', highestOf(target, 'outbox', 'seq') + SEQ_BLOCK);
  raise.run('downlink', highestOf(target, 'inbox', 'seq') + SEQ_BLOCK);
  // The state is the same as after a lost connection: every message may have been sent, and a session missing at the
  // hub counts as lost.
  target.exec(`INSERT OR IGNORE INTO hub_session (one, expected, connected, owner, lost_count) VALUES (1, 1, 1, 0, 0)`);
  const latest = Math.max(
    ...lanes.map(({ epoch }) => epoch),
    highestOf(target, 'dead_letter', 'epoch'),
    highestOf(target, 'hub_session', 'changed_epoch'),
  );
  if (latest > highestOf(target, 'boot', 'epoch'))
    target.prepare("INSERT INTO boot (epoch, boot_id, last_up_ms) VALUES (?, 'lost', 0)").run(latest);
  // a session without a known owner has ended
  const used = target
    .prepare('SELECT lane FROM subscription UNION SELECT lane FROM topic_id UNION SELECT lane FROM will')
    .pluck()
    .all() as number[];
  const name = target.prepare("INSERT OR IGNORE INTO subdevice (lane, id, lasting, link) VALUES (?, ?, 0, '')");
  for (const lane of new Set([...lanes.map(({ id }) => Math.floor(id / 2)), ...used]))
    if (lane > 0) name.run(lane, `lost-${lane}`);
}

/** Ledger line compared with the existing rows. */
export interface LaneState {
  readonly id: number;
  /** True if the ledger contains this line. */
  readonly isKnown: boolean;
  readonly counts: Counts;
  readonly puts: number;
  readonly pending: number;
  readonly rows: number;
  readonly bytes: number;
  readonly epoch: number;
}

export function lanesOf(target: Database): LaneState[] {
  const ledger = new Map((target.prepare('SELECT * FROM ledger').all() as LedgerRow[]).map((row) => [row.id, row]));
  const overhead = chargedBytes({ topic: '', payload: new Uint8Array(0) });
  const found = new Map<number, LaneRows>();
  for (const [place, table] of HOT.entries()) {
    // Materialized, because otherwise all payloads would go through the sorter. This takes a third of the time.
    const sql = `WITH one AS MATERIALIZED (SELECT lane, epoch, length(payload) + octet_length(topic) AS bytes FROM ${table})
      SELECT lane, count(*) AS rows, sum(bytes) AS bytes, max(epoch) AS epoch FROM one GROUP BY lane`;
    for (const one of target.prepare(sql).all() as LaneRows[]) found.set(one.lane * 2 + place, one);
  }
  return [...new Set([...ledger.keys(), ...found.keys()])].map((id) => {
    const row = ledger.get(id);
    const counts = row === undefined ? ZERO : countsOfLedger(row);
    const { rows, bytes, epoch } = found.get(id) ?? { rows: 0, bytes: 0, epoch: 0 };
    const pending = counts.accepted - settledTotal(counts);
    const { puts } = row ?? { puts: 0 };
    return { id, isKnown: row !== undefined, counts, puts, pending, rows, bytes: bytes + rows * overhead, epoch };
  });
}

function highestOf(target: Database, table: string, column: string): number {
  return (target.prepare(`SELECT coalesce(max(${column}), 0) AS highest FROM ${table}`).get() as { highest: number })
    .highest;
}

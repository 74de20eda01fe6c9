/**
 * Makes a store whole again that has lost some of its own records: whatever the rows of messages tell is told again, and
 * what nobody knows any more is put down as not known. For a store that is rebuilt and for one that is mended in its place.
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
  /** The newest of its rows. */
  readonly epoch: number;
}

/** Messages that the books have pending and that are not there. */
export function missingIn(lanes: readonly LaneState[]): number {
  return lanes.reduce((sum, { pending, rows }) => sum + Math.max(0, pending - rows), 0);
}

/** Lines that the ledger lacks: they begin with the rows that are there. */
export function anewIn(lanes: readonly LaneState[]): ReadonlySet<number> {
  return new Set(lanes.filter(({ isKnown }) => !isKnown).map(({ id }) => id));
}

/** The books agree with the rows: what they have pending and is not there is damaged, what only the rows know is accepted. */
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

/** Numbers, epochs and lanes that are still in use are not given away anew. */
export function fillGaps(target: Database, lanes: readonly LaneState[]): void {
  const raise = target.prepare(`INSERT INTO sequence (direction, reserved_to) VALUES (?,?)
    ON CONFLICT (direction) DO UPDATE SET reserved_to = max(reserved_to, excluded.reserved_to)`);
  raise.run('uplink', highestOf(target, 'outbox', 'seq') + SEQ_BLOCK);
  raise.run('downlink', highestOf(target, 'inbox', 'seq') + SEQ_BLOCK);
  // as after a cut connection: everything may have been sent, and a session that the hub has not is a lost one
  target.exec(`INSERT OR IGNORE INTO hub_session (one, expected, connected, owner, lost_count) VALUES (1, 1, 1, 0, 0)`);
  const latest = Math.max(
    ...lanes.map(({ epoch }) => epoch),
    highestOf(target, 'dead_letter', 'epoch'),
    highestOf(target, 'hub_session', 'changed_epoch'),
  );
  if (latest > highestOf(target, 'boot', 'epoch'))
    target.prepare("INSERT INTO boot (epoch, boot_id, last_up_ms) VALUES (?, 'lost', 0)").run(latest);
  // a session whose owner nobody knows has ended
  const used = target
    .prepare('SELECT lane FROM subscription UNION SELECT lane FROM topic_id UNION SELECT lane FROM will')
    .pluck()
    .all() as number[];
  const name = target.prepare("INSERT OR IGNORE INTO subdevice (lane, id, lasting, link) VALUES (?, ?, 0, '')");
  for (const lane of new Set([...lanes.map(({ id }) => Math.floor(id / 2)), ...used]))
    if (lane > 0) name.run(lane, `lost-${lane}`);
}

/** What the books say of one of their lines, and what is there. */
export interface LaneState {
  readonly id: number;
  /** The ledger has this line. */
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
    // materialized, or all the payloads would go through the sorter: a third of the time
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

/**
 * Makes a store whole again that has lost some of its own records: whatever the rows of messages tell is told again, and
 * what nobody knows any more is put down as not known. For a store that is rebuilt and for one that is mended in its place.
 */
import { chargedBytes } from '../base/message.ts';
import { type Counts, settledTotal, ZERO } from '../custody/ledger.ts';
import { SEQ_BLOCK } from '../custody/sequence.ts';
import { countsOfLedger, type LedgerRow } from './change-writer.ts';
import type { Database } from './database.ts';

const HOT = ['outbox', 'inbox'] as const;

interface LaneRows {
  readonly lane: number;
  readonly rows: number;
  readonly bytes: number;
}

/** Messages that the books have pending and that are not there. */
export function missingIn(target: Database): number {
  return lanesOf(target).reduce((sum, { pending, rows }) => sum + Math.max(0, pending - rows), 0);
}

/** The books agree with the rows: what they have pending and is not there is damaged, what only the rows know is accepted. */
export function closeBooks(target: Database): void {
  const write = target.prepare(
    `INSERT INTO ledger (id, accepted, delivered, dead, damaged, shed, bytes) VALUES (?,?,?,?,?,?,?)
     ON CONFLICT (id) DO UPDATE SET (accepted, delivered, dead, damaged, shed, bytes) =
     (excluded.accepted, excluded.delivered, excluded.dead, excluded.damaged, excluded.shed, excluded.bytes)`,
  );
  for (const { id, counts, pending, rows, bytes } of lanesOf(target)) {
    const accepted = counts.accepted + Math.max(0, rows - pending); // delivered before, and to be delivered again
    const damaged = counts.damaged + Math.max(0, pending - rows);
    write.run(id, accepted, counts.delivered, counts.dead, damaged, JSON.stringify(counts.shed), bytes);
  }
}

/** Numbers, epochs and lanes that are still in use are not given away anew. */
export function fillGaps(target: Database): void {
  const raise = target.prepare(`INSERT INTO sequence (direction, reserved_to) VALUES (?,?)
    ON CONFLICT (direction) DO UPDATE SET reserved_to = max(reserved_to, excluded.reserved_to)`);
  raise.run('uplink', highestOf(target, 'outbox', 'seq') + SEQ_BLOCK);
  raise.run('downlink', highestOf(target, 'inbox', 'seq') + SEQ_BLOCK);
  // as after a cut connection: everything may have been sent, and a session that the hub has not is a lost one
  target.exec(
    `INSERT OR IGNORE INTO hub_session (one, expected, connected, sent_to, lost_count) VALUES (1, 1, 1, 0, 0)`,
  );
  const epoch = Math.max(...[...HOT, 'dead_letter'].map((table) => highestOf(target, table, 'epoch')));
  const latest = Math.max(epoch, highestOf(target, 'hub_session', 'changed_epoch'));
  if (latest > highestOf(target, 'boot', 'epoch'))
    target.prepare("INSERT INTO boot (epoch, boot_id, last_up_ms) VALUES (?, 'lost', 0)").run(latest);
  // a session whose owner nobody knows has ended
  target.exec(`INSERT OR IGNORE INTO subdevice (lane, id, lasting, link) SELECT lane, 'lost-' || lane, 0, '' FROM
    (SELECT lane FROM outbox UNION SELECT lane FROM inbox UNION SELECT id / 2 FROM ledger UNION
     SELECT lane FROM subscription UNION SELECT lane FROM topic_id)
    WHERE lane > 0 AND lane NOT IN (SELECT lane FROM subdevice)`);
}

interface LaneState {
  readonly id: number;
  readonly counts: Counts;
  readonly pending: number;
  readonly rows: number;
  readonly bytes: number;
}

function lanesOf(target: Database): LaneState[] {
  const ledger = new Map((target.prepare('SELECT * FROM ledger').all() as LedgerRow[]).map((row) => [row.id, row]));
  const overhead = chargedBytes({ topic: '', payload: new Uint8Array(0) });
  const found = new Map<number, LaneRows>();
  for (const [place, table] of HOT.entries()) {
    const sql = `SELECT lane, count(*) AS rows, sum(length(payload) + length(CAST(topic AS BLOB))) AS bytes FROM ${table} GROUP BY lane`;
    for (const one of target.prepare(sql).all() as LaneRows[]) found.set(one.lane * 2 + place, one);
  }
  return [...new Set([...ledger.keys(), ...found.keys()])].map((id) => {
    const row = ledger.get(id);
    const counts = row === undefined ? ZERO : countsOfLedger(row);
    const { rows, bytes } = found.get(id) ?? { rows: 0, bytes: 0 };
    return { id, counts, pending: counts.accepted - settledTotal(counts), rows, bytes: bytes + rows * overhead };
  });
}

function highestOf(target: Database, table: string, column: string): number {
  return (target.prepare(`SELECT coalesce(max(${column}), 0) AS highest FROM ${table}`).get() as { highest: number })
    .highest;
}

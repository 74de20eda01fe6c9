/**
 * Builds a store from what can be read of a damaged one: rows whose CRC holds, with their numbers, so that they come out in
 * their order and ahead of everything new; and the small tables as far as they go. The books are closed over what is
 * missing: what the ledger says is pending and is not there is damaged, and nothing else is.
 */
import { chargedBytes } from '../base/message.ts';
import { type Counts, settledTotal, ZERO } from '../custody/ledger.ts';
import { SEQ_BLOCK } from '../custody/sequence.ts';
import { countsOfLedger, type LedgerRow } from './change-writer.ts';
import type { Database } from './database.ts';
import type { StoredRow } from './row-codec.ts';
import { readWhatCanBeRead } from './salvage.ts';

export interface Rebuilt {
  readonly salvaged: number;
  /** Read, and not whole. */
  readonly damaged: number;
  /** In the books, and not to be read at all. */
  readonly unreadable: number;
  /** The ledger could be read: without it nobody knows how many are missing. */
  readonly hasBooks: boolean;
}

const SMALL = [
  'boot',
  'subdevice',
  'subscription',
  'topic_id',
  'hub_filter',
  'hub_session',
  'alarm_topic',
  'ledger',
  'sequence',
];
const HOT = ['outbox', 'inbox'] as const;
/** Rows of one step between two signs of life. */
const STEP_ROWS = 20_000;

export interface RebuildOptions {
  /** The damaged store with its log, then, if that does not suffice, without; none that could not be opened. */
  readonly sources: readonly Database[];
  readonly target: Database;
  readonly progress: (sentence: string) => void;
}

export function rebuild({ sources, target, progress }: RebuildOptions): Rebuilt {
  const damaged = new Set<string>();
  let salvaged = 0;
  let hasBooks = false;
  let missing = 0;
  for (const source of sources) {
    const before = salvaged;
    target.exec('BEGIN');
    if (!hasBooks) for (const table of [...SMALL, 'dead_letter']) copySmall(source, target, table);
    for (const table of HOT) {
      const insert = target.prepare(`INSERT OR IGNORE INTO ${table} VALUES (?,?,?,?,?,?,?,?)`);
      const take = ({ seq, lane, qos, epoch, up_ms, crc, topic, payload }: StoredRow): void => {
        salvaged += insert.run(seq, lane, qos, epoch, up_ms, crc, topic, payload).changes;
        if (salvaged % STEP_ROWS === 0) progress(`${salvaged} messages salvaged`);
      };
      for (const key of readWhatCanBeRead(source, table, take)) damaged.add(`${table} ${key}`);
    }
    target.exec('COMMIT');
    hasBooks ||= (target.prepare('SELECT count(*) AS lanes FROM ledger').get() as { lanes: number }).lanes > 0;
    missing = missingIn(target);
    progress(`${salvaged - before} messages salvaged in one reading`);
    if (hasBooks && missing === 0) break;
  }
  const broken = Math.min(damaged.size, hasBooks ? missing : damaged.size);
  target.transaction(() => closeBooks(target))();
  return { salvaged, damaged: broken, unreadable: Math.max(0, missing - broken), hasBooks };
}

/** From both ends, as far as it goes. */
function copySmall(source: Database, target: Database, table: string): void {
  for (const order of ['', 'ORDER BY 1 DESC']) {
    try {
      const select = source.prepare(`SELECT * FROM ${table} ${order}`).raw();
      const columns = select.columns().map(({ name }) => name); // a store of an earlier schema has fewer
      const into = `${table} (${columns.join(',')}) VALUES (${columns.map(() => '?').join(',')})`;
      for (const row of select.iterate()) target.prepare(`INSERT OR REPLACE INTO ${into}`).run(...(row as unknown[]));
      return;
    } catch {
      // the other end may go further
    }
  }
}

interface LaneRows {
  readonly lane: number;
  readonly rows: number;
  readonly bytes: number;
}

/** Messages that the books have pending and that are not there. */
function missingIn(target: Database): number {
  return lanesOf(target).reduce((sum, { pending, rows }) => sum + Math.max(0, pending - rows), 0);
}

function closeBooks(target: Database): void {
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
  const highest = (column: string): number => Math.max(...HOT.map((table) => highestOf(target, table, column)));
  // numbers, epochs and lanes that rows still use must not be given away anew
  for (const [direction, table] of [
    ['uplink', 'outbox'],
    ['downlink', 'inbox'],
  ] as const) {
    const next = highestOf(target, table, 'seq') + SEQ_BLOCK;
    target.prepare('UPDATE sequence SET reserved_to = max(reserved_to, ?) WHERE direction = ?').run(next, direction);
  }
  if (highest('epoch') > highestOf(target, 'boot', 'epoch'))
    target.prepare("INSERT INTO boot (epoch, boot_id, last_up_ms) VALUES (?, 'lost', 0)").run(highest('epoch'));
  target.exec(`INSERT OR IGNORE INTO subdevice SELECT DISTINCT lane, 'lost-' || lane, 1, '' FROM
    (SELECT lane FROM outbox UNION SELECT lane FROM inbox) WHERE lane NOT IN (SELECT lane FROM subdevice)`);
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

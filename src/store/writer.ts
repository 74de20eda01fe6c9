/**
 * Applies changes to the tables. The ledger changes in the same transaction as the rows, only by `countsOf`, once per
 * lane and commit. Settling a row that does not exist changes nothing, not even the ledger: the ledger then does not
 * balance, and this shows the lost row. Triggers set the checksums of records (`row-checksums.ts`).
 */
import type { Direction } from '../base/message.ts';
import { type Change, countsOf } from '../custody/change.ts';
import { DEAD_LETTERS_MAX } from '../custody/dead-letter.ts';
import { ledgerId } from '../custody/lane-number.ts';
import { addCounts, type Counts, CountsSum, settledTotal, ZERO } from '../custody/ledger.ts';
import type { Gap, HubSessionRow } from '../custody/row.ts';
import type { Database, Statement } from './database.ts';
import { type HistoryChange, HistoryStore } from './history-store.ts';
import { storedQos, valuesOf } from './row-codec.ts';

/** Number of dead letters deleted at once, because counting the dead letters takes some ms. */
const ROOM_LETTERS = 100;

/**
 * Stores the new counters of a line, which are computed from the old ones. An UPDATE checks that the old ones are
 * undamaged; a REPLACE would not.
 */
const WRITE_LEDGER = `INSERT INTO ledger VALUES (?,?,?,?,?,?,?,?,NULL) ON CONFLICT (id) DO UPDATE SET
  (accepted, delivered, dead, damaged, shed, bytes, puts) = (excluded.accepted, excluded.delivered, excluded.dead,
  excluded.damaged, excluded.shed, excluded.bytes, excluded.puts)`;

export interface LedgerRow {
  readonly id: number;
  readonly accepted: number;
  readonly delivered: number;
  readonly dead: number;
  readonly damaged: number;
  readonly shed: string;
  readonly bytes: number;
  /** Rows ever put on disk. */
  readonly puts: number;
}

/** Statements for the rows of one direction. Kept, because they run once or twice for each message. */
interface RowStatements {
  readonly put: Statement;
  readonly remove: Statement;
}

interface LedgerDelta {
  readonly counts: CountsSum;
  bytes: number;
  puts: number;
}

export class ChangeWriter {
  readonly #run: (sql: string, ...values: unknown[]) => number;
  #hasMissed = false;
  readonly #rows: Readonly<Record<Direction, RowStatements>>;
  readonly history: HistoryStore;
  readonly #ledgerRow: Statement;
  readonly #letterEnds: Statement;
  readonly #lettersKept: Statement;

  constructor(database: Database) {
    this.history = new HistoryStore(database);
    const prepared = new Map<string, Statement>();
    this.#run = (sql, ...values) => {
      let statement = prepared.get(sql);
      if (statement === undefined) {
        statement = database.prepare(sql);
        prepared.set(sql, statement);
      }
      return statement.run(...values).changes;
    };
    const rowsOf = (direction: Direction): RowStatements => ({
      put: database.prepare(`INSERT INTO ${tableOf(direction)} VALUES (?,?,?,?,?,?,?,?)`),
      remove: database.prepare(`DELETE FROM ${tableOf(direction)} WHERE seq = ?`),
    });
    this.#rows = { uplink: rowsOf('uplink'), downlink: rowsOf('downlink') };
    this.#letterEnds = database.prepare('SELECT max(id) AS newest, min(id) AS oldest FROM dead_letter');
    this.#lettersKept = database.prepare('SELECT count(*) AS kept FROM dead_letter');
    this.#ledgerRow = database.prepare('SELECT * FROM ledger WHERE id = ?');
  }

  /** True if a row to be settled was not found by its number. */
  get hasMissed(): boolean {
    return this.#hasMissed;
  }

  /** Applies the changes. Must be called within a transaction. */
  apply(changes: readonly Change[]): void {
    const ledger = new Map<number, LedgerDelta>();
    for (const change of changes) {
      if (!this.#applyOne(change)) {
        if (change.kind === 'settle' || change.kind === 'deadLetter') this.#hasMissed = true;
        continue;
      }
      const delta = countsOf(change);
      if (delta === undefined) continue;
      const id = ledgerId(delta.direction, delta.lane);
      let sum = ledger.get(id);
      if (sum === undefined) {
        sum = { counts: new CountsSum(), bytes: 0, puts: 0 };
        ledger.set(id, sum);
      }
      sum.counts.add(delta.counts);
      sum.bytes += delta.bytes;
      if (change.kind === 'put') sum.puts += 1;
    }
    for (const [id, delta] of ledger) this.#addToLedger(id, delta);
    this.history.write(changes.filter(isHistory));
  }

  /** @returns whether a row was changed */
  #applyOne(change: Change): boolean {
    const run = this.#run;
    switch (change.kind) {
      case 'put':
        return this.#rows[change.direction].put.run(...valuesOf(change.direction, change.row)).changes > 0;
      case 'settle':
        return this.#remove(change);
      case 'deadLetter':
        return this.#deadLetter(change);
      case 'removeDeadLetter':
        return run('DELETE FROM dead_letter WHERE id = ?', change.letter) > 0;
      case 'count':
        return true;
      case 'subdevice': {
        const { lane, id, lasting, link } = change.row;
        return run('INSERT OR REPLACE INTO subdevice VALUES (?,?,?,?,NULL)', lane, id, Number(lasting), link) > 0;
      }
      case 'subscribe':
        return (
          run(
            'INSERT OR REPLACE INTO subscription VALUES (?,?,?,NULL)',
            change.row.lane,
            change.row.filter,
            change.row.qos,
          ) > 0
        );
      case 'unsubscribe':
        return run('DELETE FROM subscription WHERE lane = ? AND filter = ?', change.lane, change.filter) > 0;
      case 'topicId':
        return (
          run('INSERT OR REPLACE INTO topic_id VALUES (?,?,?,NULL)', change.lane, change.topicId, change.topic) > 0
        );
      case 'topicIdGone':
        return run('DELETE FROM topic_id WHERE lane = ? AND topic_id = ?', change.lane, change.topicId) > 0;
      case 'will': {
        const { lane, topic, payload, aliveMs } = change.row;
        const sql = 'INSERT OR REPLACE INTO will VALUES (?,?,?,?,?,NULL)';
        return run(sql, lane, topic, storedQos(change.row), payload, Math.round(aliveMs)) > 0;
      }
      case 'willGone':
        return run('DELETE FROM will WHERE lane = ?', change.lane) > 0;
      case 'commandMark': {
        const { lane, topic, last, retained } = change.mark;
        return run('INSERT OR REPLACE INTO command_mark VALUES (?,?,?,?,NULL)', lane, topic, last, retained) > 0;
      }
      case 'commandMarkGone':
        return run('DELETE FROM command_mark WHERE lane = ? AND topic = ?', change.lane, change.topic) > 0;
      case 'cleanSession':
        run('DELETE FROM subscription WHERE lane = ?', change.lane);
        run('DELETE FROM will WHERE lane = ?', change.lane);
        return run('DELETE FROM topic_id WHERE lane = ?', change.lane) > 0;
      case 'filterGranted':
        return run('INSERT OR REPLACE INTO hub_filter VALUES (?,NULL)', change.filter) > 0;
      case 'filterGone':
        return run('DELETE FROM hub_filter WHERE filter = ?', change.filter) > 0;
      case 'hubSession':
        return this.#writeHubSession(change.row);
      case 'hubGap':
        return this.#writeHubGap(change.gap);
      case 'lossesSeen':
        return run('DELETE FROM loss') > 0;
      case 'backlogLimit': {
        const { kind, tenthsPerS, since, forMs } = change.limit;
        const sql = 'INSERT OR REPLACE INTO backlog_limit VALUES (?,?,?,?,?,NULL)';
        return run(sql, kind, tenthsPerS, since.epoch, Math.floor(since.upMs), forMs) > 0;
      }
      case 'backlogLimitGone':
        return run('DELETE FROM backlog_limit WHERE limit_kind = ?', change.of) > 0;
      case 'machine':
        run('DELETE FROM machine');
        for (const [kind, evidence] of Object.entries(change.evidence))
          run('INSERT INTO machine VALUES (?,?,NULL)', kind, evidence);
        return true;
      case 'alarmTopics':
        run('DELETE FROM alarm_topic');
        for (const filter of change.filters) run('INSERT INTO alarm_topic (filter) VALUES (?)', filter);
        return true;
      case 'hold': {
        const { direction, subdevice, filter, since } = change.hold;
        const sql = 'INSERT OR REPLACE INTO hold VALUES (?,?,?,?,?,NULL)';
        return run(sql, direction, subdevice, filter, since.epoch, Math.floor(since.upMs)) > 0;
      }
      case 'holdGone': {
        const { direction, subdevice, filter } = change.scope;
        const sql = 'DELETE FROM hold WHERE direction = ? AND subdevice = ? AND filter = ?';
        return run(sql, direction, subdevice, filter) > 0;
      }
      case 'reserveSeq':
        return run('UPDATE sequence SET reserved_to = ? WHERE direction = ?', change.reservedTo, change.direction) > 0;
      case 'historySamples':
      case 'historyEvents':
        return true; // written after all changes of custody
      case 'trustWall':
        return (
          run(
            'UPDATE boot SET wall_minus_up_ms = ? WHERE epoch = (SELECT max(epoch) FROM boot)',
            change.wallMinusUpMs,
          ) > 0
        );
      case 'slept':
        return run('UPDATE boot SET slept_at_up_ms = ? WHERE epoch = (SELECT max(epoch) FROM boot)', change.atUpMs) > 0;
    }
  }

  #deadLetter(change: Extract<Change, { kind: 'deadLetter' }>): boolean {
    const from = tableOf(change.direction);
    const moved = this.#run(
      `INSERT INTO dead_letter (direction, seq, lane, qos, epoch, up_ms, topic, payload, attempts, reason, row_crc)
       SELECT ?, seq, lane, qos, epoch, up_ms, topic, payload, ?, ?, crc FROM ${from} WHERE seq = ?`,
      change.direction,
      change.attempts,
      change.reason,
      change.seq,
    );
    this.#makeRoom();
    this.#remove(change);
    return moved > 0;
  }

  #remove({ direction, seq }: { readonly direction: Direction; readonly seq: number }): boolean {
    return this.#rows[direction].remove.run(seq).changes > 0;
  }

  /** Deletes the oldest dead letters. The ledger still counts them as dead, so their number is known. */
  #makeRoom(): void {
    const ends = this.#letterEnds.get() as { newest: number | null; oldest: number | null };
    if ((ends.newest ?? 0) - (ends.oldest ?? 0) < DEAD_LETTERS_MAX) return;
    const { kept } = this.#lettersKept.get() as { kept: number };
    if (kept <= DEAD_LETTERS_MAX) return;
    const oldest = 'SELECT id FROM dead_letter ORDER BY id LIMIT ?';
    this.#run(`DELETE FROM dead_letter WHERE id IN (${oldest})`, kept - DEAD_LETTERS_MAX + ROOM_LETTERS);
  }

  #writeHubSession(row: HubSessionRow): boolean {
    return (
      this.#run(
        'INSERT OR REPLACE INTO hub_session VALUES (1,?,?,?,?,?,?,NULL)',
        Number(row.expected),
        Number(row.connected),
        row.changedAt?.epoch ?? null,
        row.changedAt === undefined ? null : Math.floor(row.changedAt.upMs),
        row.owner,
        row.lostCount,
      ) > 0
    );
  }

  #writeHubGap(gap: Gap | undefined): boolean {
    if (gap === undefined) return this.#run('DELETE FROM hub_gap') > 0;
    const { from, reason } = gap;
    const values = [from.epoch, Math.floor(from.upMs), reason];
    return this.#run('INSERT OR REPLACE INTO hub_gap VALUES (1,?,?,?,NULL)', ...values) > 0;
  }

  #addToLedger(id: number, delta: LedgerDelta): void {
    const row = this.#ledgerRow.get(id) as LedgerRow | undefined;
    const before = row === undefined ? ZERO : countsOfLedger(row);
    const after = addCounts(before, delta.counts);
    // Missing rows leave an unknown number of bytes in the counter. An empty lane has no bytes.
    const isEmpty = after.accepted === settledTotal(after);
    this.#run(
      WRITE_LEDGER,
      id,
      after.accepted,
      after.delivered,
      after.dead,
      after.damaged,
      JSON.stringify(after.shed),
      isEmpty ? 0 : (row?.bytes ?? 0) + delta.bytes,
      (row?.puts ?? 0) + delta.puts,
    );
  }
}

function isHistory(change: Change): change is HistoryChange {
  return change.kind === 'historySamples' || change.kind === 'historyEvents';
}

export function countsOfLedger(row: LedgerRow): Counts {
  const { accepted, delivered, dead, damaged } = row;
  return { accepted, delivered, dead, damaged, shed: JSON.parse(row.shed) as Counts['shed'] };
}

export function tableOf(direction: Direction): 'outbox' | 'inbox' {
  return direction === 'uplink' ? 'outbox' : 'inbox';
}

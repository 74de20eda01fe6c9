/** Functions that read the tables. Only `readTally` and `readPage` depend on the backlog. */
import type { EvidenceKind, MachineEvidence } from '../base/machine-identity.ts';
import { chargedBytes, type Direction } from '../base/message.ts';
import type { Stamp } from '../base/time.ts';
import { settledTotal } from '../custody/ledger.ts';
import { coversTopic, type HoldScope, type OperatorHold } from '../custody/operator-hold.ts';
import type {
  BacklogLimit,
  CommandMark,
  Gap,
  GapReason,
  HubSessionRow,
  LaneBacklog,
  LaneCounts,
  LaneWants,
  LossRow,
  PassedRows,
  Row,
  RowPage,
  SubdeviceRow,
  SubscriptionRow,
  Tally,
  TopicIdRow,
  WillRow,
} from '../custody/row.ts';
import type { PageRequest } from '../ports.ts';
import type { Database } from './database.ts';
import { readChecked } from './repair/checked-rows.ts';
import { flagsOf, isNumberDamaged, isWhole, laneOfDamaged, type StoredRow, wholeRowOf } from './row-codec.ts';
import { countsOfLedger, type LedgerRow, tableOf } from './writer.ts';

/** Rows that one page read may skip while it looks for rows of the wanted lanes: about 5 ms of the store's time. */
const SCAN_MAX = 2048;

/**
 * Reads one page, limited in rows returned and in rows skipped. Stops when each lane has the rows that it wants. When a
 * lane has its rows, reading continues at the first row that another lane wants, because the first lane may have many
 * more rows.
 */
export function readPage(database: Database, request: PageRequest): RowPage {
  const { direction } = request;
  const rows: Row[] = [];
  const damaged: { seq: number; lane: number; bytes: number }[] = [];
  const wants = new Map([...request.lanes].map(([lane, want]) => [lane, { ...want }]));
  const passed = new Map<number, PassedSum>();
  const statement = database.prepare(`SELECT * FROM ${tableOf(direction)} WHERE seq >= ? ORDER BY seq LIMIT ?`);
  let scanned = 0;
  let from: number | undefined = lowestFrom(wants);
  let scannedTo = from - 1;
  while (from !== undefined) {
    const found = statement.iterate(from, SCAN_MAX - scanned);
    from = undefined;
    for (const one of found) {
      const stored = one as StoredRow;
      scanned += 1;
      const isSound = isWhole(direction, stored);
      // the lane of the row will count the row as missing
      if (!isSound && isNumberDamaged(direction, stored)) continue;
      scannedTo = stored.seq;
      const lane = isSound ? stored.lane : laneOfDamaged(direction, stored);
      const want = wants.get(lane);
      if (want === undefined || stored.seq < want.from || want.skip?.has(stored.seq)) continue;
      if (isSound && want.filters !== undefined && coversTopic(want.filters, stored.topic)) {
        pass(passed, stored);
        continue;
      }
      if (!isSound) {
        damaged.push({ seq: stored.seq, lane, bytes: bytesOfDamaged(stored) });
        continue;
      }
      rows.push(wholeRowOf(stored));
      want.rows -= 1;
      if (want.rows === 0) wants.delete(lane);
      if (wants.size === 0 || rows.length >= request.limit)
        return { rows, scannedTo, atEnd: false, damaged, ...passedIn(passed) };
      const next = want.rows === 0 ? lowestFrom(wants) : 0;
      if (next > stored.seq + 1) {
        from = next;
        break;
      }
    }
  }
  return { rows, scannedTo, atEnd: scanned < SCAN_MAX, damaged, ...passedIn(passed) };
}

type PassedSum = { -readonly [Key in keyof PassedRows]: PassedRows[Key] };

function pass(passed: Map<number, PassedSum>, { lane, seq, ...message }: StoredRow): void {
  const sum = passed.get(lane);
  const bytes = chargedBytes(message);
  if (sum === undefined) passed.set(lane, { lane, rows: 1, bytes, from: seq });
  else {
    sum.rows += 1;
    sum.bytes += bytes;
  }
}

function passedIn(passed: ReadonlyMap<number, PassedRows>): Pick<RowPage, 'passed'> {
  return passed.size === 0 ? {} : { passed: [...passed.values()] };
}

function lowestFrom(wants: LaneWants): number {
  return Math.min(...[...wants.values()].map((want) => want.from));
}

/** Charged bytes of a damaged row, as far as known, because even the types may be wrong. */
function bytesOfDamaged({ topic, payload }: StoredRow): number {
  return chargedBytes({
    topic: typeof topic === 'string' ? topic : '',
    payload: payload instanceof Uint8Array ? payload : new Uint8Array(0),
  });
}

/** Counts rows. Reads the whole backlog once. */
export function readTally(database: Database): Tally {
  return database.transaction(() => {
    const rows: LaneBacklog[] = [];
    for (const direction of ['uplink', 'downlink'] as const) {
      const counted = database
        .prepare(
          `SELECT lane, count(*) AS rows, sum(length(payload) + length(topic)) AS bytes FROM ${tableOf(direction)} GROUP BY lane`,
        )
        .all() as { lane: number; rows: number; bytes: number }[];
      rows.push(...counted.map((one) => ({ direction, ...one })));
    }
    return { counts: readCounts(database), rows };
  })();
}

/** Stamp of the oldest message of each lane in one direction. Reads the whole backlog once. */
export function readOldest(database: Database, direction: Direction): Map<number, Stamp> {
  const rows = database
    .prepare(`SELECT lane, epoch, up_ms AS upMs, min(seq) FROM ${tableOf(direction)} GROUP BY lane`)
    .all() as { lane: number; epoch: unknown; upMs: unknown }[];
  const found = new Map<number, Stamp>();
  // a damaged row has no stamp
  for (const { lane, epoch, upMs } of rows)
    if (typeof epoch === 'number' && typeof upMs === 'number') found.set(lane, { epoch, upMs });
  return found;
}

export function readCounts(database: Database): LaneCounts[] {
  return ledgerRows(database).map((row) => ({ ...laneOf(row), counts: countsOfLedger(row) }));
}

/** Backlog of each lane from the ledger; reads no message row. */
export function readBacklog(database: Database): LaneBacklog[] {
  const backlog: LaneBacklog[] = [];
  for (const row of ledgerRows(database)) {
    const counts = countsOfLedger(row);
    const rows = counts.accepted - settledTotal(counts);
    if (rows > 0) backlog.push({ ...laneOf(row), rows, bytes: Math.max(0, row.bytes) });
  }
  return backlog;
}

/** Rows with a valid checksum. Other rows may not even have the right types (`record-repair.ts` replaces them). */
export function ledgerRows(database: Database): LedgerRow[] {
  const sound = [...readChecked(database, 'ledger', 'ORDER BY id')].filter(({ isSound }) => isSound);
  const rows: unknown[] = sound.map(({ columns, values }) =>
    Object.fromEntries(columns.map((name, place) => [name, values[place]])),
  );
  return rows as LedgerRow[];
}

function laneOf(row: LedgerRow): { direction: Direction; lane: number } {
  return { direction: row.id % 2 === 1 ? 'downlink' : 'uplink', lane: Math.floor(row.id / 2) };
}

export function readSubdevices(database: Database): SubdeviceRow[] {
  const rows = database.prepare('SELECT lane, id, lasting, link FROM subdevice ORDER BY lane').all() as {
    lane: number;
    id: string;
    lasting: number;
    link: string;
  }[];
  return rows.map((row) => ({ ...row, lasting: row.lasting === 1 }));
}

export function readSubscriptions(database: Database): SubscriptionRow[] {
  return database.prepare('SELECT lane, filter, qos FROM subscription').all() as SubscriptionRow[];
}

export function readTopicIds(database: Database): TopicIdRow[] {
  return database.prepare('SELECT lane, topic_id AS topicId, topic FROM topic_id').all() as TopicIdRow[];
}

export function readWills(database: Database): WillRow[] {
  const rows = database.prepare('SELECT lane, topic, qos, payload, alive_ms AS aliveMs FROM will').all() as (Omit<
    WillRow,
    'qos'
  > & { readonly qos: number })[];
  return rows.map(({ qos, payload, ...row }) => ({ ...row, payload: new Uint8Array(payload), ...flagsOf(qos) }));
}

export function readCommandMarks(database: Database): CommandMark[] {
  return database.prepare('SELECT lane, topic, last, retained FROM command_mark').all() as CommandMark[];
}

export function readFilters(database: Database): string[] {
  return (database.prepare('SELECT filter FROM hub_filter').all() as { filter: string }[]).map((row) => row.filter);
}

export function readAlarmTopics(database: Database): string[] {
  return (database.prepare('SELECT filter FROM alarm_topic').all() as { filter: string }[]).map((row) => row.filter);
}

/** Machine that owns the store; `undefined`: none is known. A kind without a row is unknown. */
export function readMachine(database: Database): MachineEvidence | undefined {
  const rows = database.prepare('SELECT kind, evidence FROM machine').all() as { kind: string; evidence: string }[];
  const evidence = new Map(rows.map((row) => [row.kind, row.evidence]));
  const of = (kind: EvidenceKind): string => evidence.get(kind) ?? '';
  if (rows.length === 0) return undefined;
  return {
    board: of('board'),
    medium: of('medium'),
    machineId: of('machineId'),
    adapters: of('adapters'),
  };
}

export function readBacklogLimits(database: Database): BacklogLimit[] {
  const rows = database.prepare('SELECT * FROM backlog_limit').all() as {
    limit_kind: BacklogLimit['kind'];
    tenths_per_s: number;
    epoch: number;
    up_ms: number;
    for_ms: number;
  }[];
  return rows.map(({ limit_kind, tenths_per_s, epoch, up_ms, for_ms }) => ({
    kind: limit_kind,
    tenthsPerS: tenths_per_s,
    since: { epoch, upMs: up_ms },
    forMs: for_ms,
  }));
}

export function readHolds(database: Database): OperatorHold[] {
  const rows = database
    .prepare(
      'SELECT direction, subdevice, filter, epoch, up_ms AS upMs FROM hold ORDER BY direction, subdevice, filter',
    )
    .all() as (HoldScope & Stamp)[];
  return rows.map(({ direction, subdevice, filter, epoch, upMs }) => ({
    direction,
    subdevice,
    filter,
    since: { epoch, upMs },
  }));
}

export function readHubSession(database: Database): HubSessionRow {
  const row = database.prepare('SELECT * FROM hub_session').get() as Record<string, number | null>;
  const changedAt: Stamp | undefined =
    row.changed_epoch == null ? undefined : { epoch: row.changed_epoch, upMs: row.changed_up_ms ?? 0 };
  return {
    expected: row.expected === 1,
    connected: row.connected === 1,
    changedAt,
    owner: row.owner ?? 0,
    lostCount: row.lost_count ?? 0,
  };
}

export function readHubGap(database: Database): Gap | undefined {
  const row = database.prepare('SELECT epoch, up_ms AS upMs, reason FROM hub_gap').get() as
    | { epoch: number; upMs: number; reason: GapReason }
    | undefined;
  return row && { reason: row.reason, from: { epoch: row.epoch, upMs: row.upMs } };
}

export function readLosses(database: Database): LossRow[] {
  const rows = database.prepare('SELECT epoch, up_ms AS upMs, messages, unknown FROM loss ORDER BY id').all() as {
    epoch: number;
    upMs: number;
    messages: number;
    unknown: string | null;
  }[];
  return rows.map(({ epoch, upMs, messages, unknown }) => ({
    at: { epoch, upMs },
    messages,
    unknown: unknown ?? undefined,
  }));
}

/**
 * Makes the copy of a backup safe to run. Since the backup, the gateway has accepted and delivered messages, used
 * numbers, and changed sessions, and the copy knows nothing of that:
 *
 * - Message numbers: the copy continues far behind every number that can have been used since. So no number, and no
 *   packet identifier that follows from it, is used for two messages at the same time.
 * - Session at the hub: as after a crash. The gateway may have been connected until now, and all filters are subscribed
 *   again.
 * - Topic ids of subdevices: those of the backup may stand for other topics now. They are forgotten, and new ids begin
 *   behind all that can have been assigned since. A PUBLISH with an old id gets "invalid topic id", and the subdevice
 *   registers the topic again (MQTT-SN 1.2 §6.10).
 * - High-water mark: one for the copy. The mark of the replaced store would show everything since the backup as lost.
 */
import { chargedBytes, type Direction } from '../../base/message.ts';
import type { Change } from '../../custody/change.ts';
import { SEQ_BLOCK } from '../../custody/sequence.ts';
import type { Database } from '../database.ts';
import { type Mark, markPathOf, writeMark } from '../repair/high-water.ts';
import { markOf } from '../repair/high-water-check.ts';
import { rowOf, type StoredRow } from '../row-codec.ts';
import { ChangeWriter } from '../writer.ts';
import { noteRestored } from './backup-note.ts';

/** Blocks of numbers that are skipped: each start takes one, so 4096 starts since the backup are allowed for. */
const BLOCKS_SKIPPED = 4096;
/**
 * Ids that are skipped of each kind. A session has at most 256 ids of a kind (`driver/mqttsn/definition.ts`), and numbers
 * rise within a session.
 */
const TOPIC_IDS_SKIPPED = 1024;
/** Smallest id of the kind that the gateway assigns on its own (`driver/mqttsn/topics.ts`), and the largest of each kind. */
const REPLACEABLE_FROM = 0x8000;
const KEPT_MAX = 0x7fff;
const REPLACEABLE_MAX = 0xfffe;
/** Topic of the id that marks how far ids were skipped. The subdevice never uses it. */
const SKIPPED_TOPIC = 'holdfast/restored';

export interface SafetyOptions {
  /** Path of the copy. Its high-water mark is written beside it. */
  readonly path: string;
  /** Sentence for the report of the first opening. */
  readonly sentence: string;
  /** Mark of the store that is replaced. `undefined`: there is none. */
  readonly replaced: Mark | undefined;
  /** Discard the downlinks of the backup, which may be outdated commands. */
  readonly dropsDownlinks: boolean;
}

/** @returns the number of downlinks that were discarded */
export function makeSafe(database: Database, { path, sentence, replaced, dropsDownlinks }: SafetyOptions): number {
  const dropped = database.transaction(() => {
    skipNumbers(database, replaced);
    database.exec('DELETE FROM hub_filter');
    database.exec('UPDATE hub_session SET connected = 1 WHERE expected = 1');
    skipTopicIds(database);
    noteRestored(database, sentence);
    return dropsDownlinks ? dropDownlinks(database) : 0;
  })();
  writeMark(markPathOf(path), markOf(database, 1));
  return dropped;
}

function skipNumbers(database: Database, replaced: Mark | undefined): void {
  const raise = database.prepare('UPDATE sequence SET reserved_to = max(reserved_to, ?) + ? WHERE direction = ?');
  for (const direction of ['uplink', 'downlink'] as const)
    raise.run(replaced?.reservedTo[direction] ?? 1, BLOCKS_SKIPPED * SEQ_BLOCK, direction);
}

function skipTopicIds(database: Database): void {
  const lanes = database.prepare('SELECT lane FROM subdevice').pluck().all() as number[];
  const highest = database.prepare('SELECT max(topic_id) FROM topic_id WHERE lane = ? AND topic_id BETWEEN ? AND ?');
  const insert = database.prepare('INSERT INTO topic_id (lane, topic_id, topic) VALUES (?, ?, ?)');
  const kinds = [
    [1, KEPT_MAX],
    [REPLACEABLE_FROM, REPLACEABLE_MAX],
  ] as const;
  const skipped = lanes.flatMap((lane) =>
    kinds.map(([from, to]) => {
      const used = (highest.pluck().get(lane, from, to) as number | null) ?? from - 1;
      return { lane, id: Math.min(used + TOPIC_IDS_SKIPPED, to) };
    }),
  );
  database.exec('DELETE FROM topic_id');
  for (const { lane, id } of skipped)
    insert.run(lane, id, `${SKIPPED_TOPIC}/${id < REPLACEABLE_FROM ? 'kept' : 'other'}`);
}

function dropDownlinks(database: Database): number {
  const direction: Direction = 'downlink';
  const rows = (database.prepare('SELECT * FROM inbox').all() as StoredRow[]).map((stored) => rowOf(direction, stored));
  const changes = rows.flatMap((row): Change[] =>
    row === undefined
      ? []
      : [
          {
            kind: 'settle',
            direction,
            lane: row.lane,
            seq: row.seq,
            bytes: chargedBytes(row),
            outcome: { as: 'shed', reason: 'dropped by hand' },
          },
        ],
  );
  new ChangeWriter(database).apply(changes);
  return changes.length;
}

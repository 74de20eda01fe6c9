/**
 * Contents of a store as keys and values: read from its tables, and from a model that applies each change. The model contains
 * no SQL and no commits, so both agree only if the store has applied the decisions in order.
 */
import { crc32 } from 'node:zlib';
import type { Direction } from '../../src/base/message.ts';
import { type Change, countsOf } from '../../src/custody/change.ts';
import { addCounts, type Counts, ZERO } from '../../src/custody/ledger.ts';
import type { HoldScope } from '../../src/custody/operator-hold.ts';
import type { Gap, HubSessionRow, Row, WillRow } from '../../src/custody/row.ts';
import type { Database } from '../../src/store/database.ts';
import { readEpochs } from '../../src/store/epoch-rows.ts';
import * as read from '../../src/store/reader.ts';
import { tableOf } from '../../src/store/writer.ts';

export type StoredState = Map<string, string>;

/** Number of the newest dead letter, removed ones included. */
const NEWEST_LETTER = 'newest letter';

export function stateOf(database: Database): StoredState {
  const state: StoredState = new Map();
  for (const { lane, id, lasting, link } of read.readSubdevices(database))
    state.set(`subdevice ${lane}`, words(id, lasting, link));
  for (const { lane, filter, qos } of read.readSubscriptions(database))
    state.set(`session ${lane} filter ${filter}`, String(qos));
  for (const { lane, topicId, topic } of read.readTopicIds(database))
    state.set(`session ${lane} topic ${topicId}`, topic);
  for (const will of read.readWills(database)) state.set(`session ${will.lane} will`, willWords(will));
  for (const mark of read.readCommandMarks(database)) state.set(markKey(mark), words(mark.last, mark.retained));
  for (const filter of read.readFilters(database)) state.set(`granted ${filter}`, '');
  state.set('hub session', sessionWords(read.readHubSession(database)));
  const gap = read.readHubGap(database);
  if (gap !== undefined) state.set('hub gap', gapWords(gap));
  for (const limit of read.readBacklogLimits(database)) state.set(`backlog ${limit.kind}`, JSON.stringify(limit));
  for (const hold of read.readHolds(database)) state.set(holdKey(hold), JSON.stringify(hold.since));
  state.set('alarm topics', filterWords(read.readAlarmTopics(database)));
  for (const { direction, reserved_to } of all<{ direction: Direction; reserved_to: number }>(database, 'sequence'))
    state.set(`reserved ${direction}`, String(reserved_to));
  const newest = [...readEpochs(database).values()].sort((left, right) => right.epoch - left.epoch)[0];
  if (newest?.wallMinusUpMs !== undefined) state.set('wall', String(newest.wallMinusUpMs));
  if (newest?.sleptAtUpMs !== undefined) state.set('slept', String(newest.sleptAtUpMs));
  for (const direction of ['uplink', 'downlink'] as const)
    for (const row of all<Row>(database, tableOf(direction)))
      state.set(`${direction} ${row.seq}`, rowWords(row, row.qos));
  let newestLetter = 0;
  for (const letter of all<Row & Letter>(database, 'dead_letter')) {
    const row = rowWords(letter, letter.qos);
    state.set(`letter ${letter.id}`, words(letter.direction, row, letter.attempts, letter.reason));
    newestLetter = Math.max(newestLetter, letter.id);
  }
  const ids = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'dead_letter'").get();
  state.set(NEWEST_LETTER, String((ids as { seq: number } | undefined)?.seq ?? newestLetter));
  for (const { direction, lane, counts } of read.readCounts(database))
    state.set(`ledger ${direction} ${lane}`, countWords(counts));
  return state;
}

function holdKey({ direction, subdevice, filter }: HoldScope): string {
  return `hold ${direction} ${subdevice} ${filter}`;
}

interface Letter {
  readonly id: number;
  readonly direction: Direction;
  readonly attempts: number;
  readonly reason: string;
}

/** State to which decisions are applied one after the other, with the differences to another state. */
export class ModelStore {
  readonly #state: StoredState;
  readonly #goal: ReadonlyMap<string, string>;
  readonly #differing = new Set<string>();

  /** @param goal state to compare with */
  constructor(state: StoredState, goal: ReadonlyMap<string, string>) {
    this.#state = new Map(state);
    this.#goal = goal;
    for (const key of new Set([...state.keys(), ...goal.keys()])) this.#compare(key);
  }

  get state(): StoredState {
    return this.#state;
  }

  get differences(): string[] {
    return [...this.#differing].map((key) => `${key}: ${this.#goal.get(key)}, not ${this.#state.get(key)}`);
  }

  get differing(): number {
    return this.#differing.size;
  }

  get isGoal(): boolean {
    return this.#differing.size === 0;
  }

  apply(change: Change): void {
    const state = this.#state;
    switch (change.kind) {
      case 'put':
        this.#set(`${change.direction} ${change.row.seq}`, rowWords(change.row, flagsIn(change.row)));
        break;
      case 'settle':
        if (!state.has(`${change.direction} ${change.seq}`)) return;
        this.#set(`${change.direction} ${change.seq}`, undefined);
        break;
      case 'deadLetter': {
        const row = state.get(`${change.direction} ${change.seq}`);
        if (row === undefined) return;
        const id = Number(state.get(NEWEST_LETTER)) + 1;
        this.#set(NEWEST_LETTER, String(id));
        this.#set(`letter ${id}`, words(change.direction, row, change.attempts, change.reason));
        this.#set(`${change.direction} ${change.seq}`, undefined);
        break;
      }
      case 'removeDeadLetter':
        if (!state.has(`letter ${change.letter}`)) return;
        this.#set(`letter ${change.letter}`, undefined);
        break;
      case 'subdevice':
        this.#set(`subdevice ${change.row.lane}`, words(change.row.id, change.row.lasting, change.row.link));
        break;
      case 'subscribe':
        this.#set(`session ${change.row.lane} filter ${change.row.filter}`, String(change.row.qos));
        break;
      case 'unsubscribe':
        this.#set(`session ${change.lane} filter ${change.filter}`, undefined);
        break;
      case 'topicId':
        this.#set(`session ${change.lane} topic ${change.topicId}`, change.topic);
        break;
      case 'topicIdGone':
        this.#set(`session ${change.lane} topic ${change.topicId}`, undefined);
        break;
      case 'will':
        this.#set(`session ${change.row.lane} will`, willWords(change.row));
        break;
      case 'willGone':
        this.#set(`session ${change.lane} will`, undefined);
        break;
      case 'cleanSession':
        for (const key of [...state.keys()]) if (key.startsWith(`session ${change.lane} `)) this.#set(key, undefined);
        break;
      case 'commandMark':
        this.#set(markKey(change.mark), words(change.mark.last, change.mark.retained));
        break;
      case 'commandMarkGone':
        this.#set(markKey(change), undefined);
        break;
      case 'filterGranted':
        this.#set(`granted ${change.filter}`, '');
        break;
      case 'filterGone':
        this.#set(`granted ${change.filter}`, undefined);
        break;
      case 'hubSession':
        this.#set('hub session', sessionWords(change.row));
        break;
      case 'hubGap':
        this.#set('hub gap', change.gap && gapWords(change.gap));
        break;
      case 'backlogLimit':
        this.#set(`backlog ${change.limit.kind}`, JSON.stringify(change.limit));
        break;
      case 'backlogLimitGone':
        this.#set(`backlog ${change.of}`, undefined);
        break;
      case 'hold':
        this.#set(holdKey(change.hold), JSON.stringify(change.hold.since));
        break;
      case 'holdGone':
        this.#set(holdKey(change.scope), undefined);
        break;
      case 'machine':
        this.#set('machine', JSON.stringify(change.evidence));
        break;
      case 'alarmTopics':
        this.#set('alarm topics', filterWords(change.filters));
        break;
      case 'reserveSeq':
        this.#set(`reserved ${change.direction}`, String(change.reservedTo));
        break;
      case 'trustWall':
        this.#set('wall', String(change.wallMinusUpMs));
        break;
      case 'slept':
        this.#set('slept', String(change.atUpMs));
        break;
      case 'count':
        break;
    }
    this.#count(change);
  }

  #count(change: Change): void {
    const delta = countsOf(change);
    if (delta === undefined) return;
    const key = `ledger ${delta.direction} ${delta.lane}`;
    const before = this.#state.get(key);
    const counts = before === undefined ? ZERO : (JSON.parse(before) as Counts);
    this.#set(key, countWords(addCounts(counts, delta.counts)));
  }

  #set(key: string, value: string | undefined): void {
    if (value === undefined) this.#state.delete(key);
    else this.#state.set(key, value);
    this.#compare(key);
  }

  #compare(key: string): void {
    if (this.#state.get(key) === this.#goal.get(key)) this.#differing.delete(key);
    else this.#differing.add(key);
  }
}

function words(...parts: readonly unknown[]): string {
  return parts.join(' ');
}

function markKey({ lane, topic }: { readonly lane: number; readonly topic: string }): string {
  return `command ${lane} ${topic}`;
}

/** @param flags value of the column `qos` */
function rowWords({ lane, topic, payload }: Row, flags: number): string {
  return words(lane, topic, flags, crc32(payload));
}

function willWords(will: WillRow): string {
  const { topic, payload, aliveMs } = will;
  return words(topic, flagsIn(will), crc32(payload), Math.round(aliveMs));
}

function flagsIn({ qos, retain }: Pick<Row, 'qos' | 'retain'>): number {
  return retain ? qos + 16 : qos;
}

function sessionWords({ expected, connected, changedAt, owner, lostCount }: HubSessionRow): string {
  return words(expected, connected, changedAt?.epoch, changedAt && Math.floor(changedAt.upMs), owner, lostCount);
}

function gapWords({ from, reason }: Gap): string {
  return words(from.epoch, Math.floor(from.upMs), reason);
}

function filterWords(filters: readonly string[]): string {
  return filters.toSorted().join(' ');
}

function countWords({ accepted, delivered, dead, damaged, shed }: Counts): string {
  const reasons = Object.entries(shed).filter(([, count]) => count !== 0);
  return JSON.stringify({ accepted, delivered, dead, damaged, shed: Object.fromEntries(reasons.sort()) });
}

function all<Found>(database: Database, table: string): Found[] {
  return database.prepare(`SELECT * FROM ${table}`).all() as Found[];
}

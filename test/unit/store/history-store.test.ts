import { hash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/custody/change.ts';
import { eventLine } from '../../../src/history/history-events.ts';
import { METRIC_NAMES } from '../../../src/history/history-metrics.ts';
import type { HistoryAnswer, HistoryRequest } from '../../../src/history/history-requests.ts';
import { encodeSamples, type MinuteSample } from '../../../src/history/minute-samples.ts';
import { StoreCore } from '../../../src/store/core.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { FRAME_BYTES } from '../../../src/store/history-ring.ts';
import { readHistoryOffline } from '../../../src/store/offline.ts';
import { checksumOf } from '../../../src/store/repair/row-checksums.ts';
import { ChangeWriter } from '../../../src/store/writer.ts';
import { eventOf } from '../history/history-events-rig.ts';
import { BOOT, openStore, put, storePath } from './store-rig.ts';

const BASE = 1_793_001_600_000;
const HOUR_MS = 3_600_000;
const ALL = { sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER };
const UPLINKS = METRIC_NAMES.indexOf('uplinks_in');

/** Sample of a gateway with ordinary traffic. */
function busySample(minute: number, fields: Partial<MinuteSample> = {}): MinuteSample {
  const wave = (mean: number, width: number) => Math.round(mean + width * Math.sin(minute * 1.7) * Math.cos(minute));
  const known: Readonly<Record<string, number>> = {
    ...{ uplinks_in: wave(120, 20), uplinks_out: wave(119, 21), downlinks_in: wave(5, 4), downlinks_out: wave(5, 4) },
    ...{
      backlog: wave(3, 3),
      backlog_bytes: 1024 * wave(4, 3),
      inbox: 0,
      hub_connected: 1,
      hub_round_trip: wave(40, 9),
    },
    ...{ link_errors: wave(1, 1), retries: wave(1, 1), rss: 1024 * wave(90_000, 900), temperature: wave(520, 15) / 10 },
  };
  const values = METRIC_NAMES.map((name) => known[name] ?? 0);
  return { epoch: 1, minute, offsetMs: BASE, configuration: 7, values, ...fields };
}

/** Block with samples of the minutes from `number * 60` on. */
function block(number: number, count = 60, fields: Partial<MinuteSample> = {}): Change {
  const samples = Array.from({ length: count }, (_, index) => busySample(number * 60 + index, fields));
  return { kind: 'historySamples', number, table: encodeSamples(samples) };
}

const events = (ring: 'rare' | 'frequent', ...subjects: string[]): Change => ({
  kind: 'historyEvents',
  ring,
  lines: subjects.map((subject, place) =>
    eventLine(eventOf(place, { subject, offsetMs: BASE, kind: ring === 'rare' ? 'operator' : 'link' })),
  ),
});

const STEPS: HistoryRequest = { kind: 'steps', range: { step: 'minute', ...ALL }, open: undefined, current: undefined };
const HOURS: HistoryRequest = { ...STEPS, range: { step: 'hour', ...ALL } };
const EVENTS: HistoryRequest = {
  ...{ kind: 'events', ...ALL, kinds: undefined, limit: 1000, pending: [], current: undefined },
};

function sumIn(answer: HistoryAnswer, place = UPLINKS): number {
  if (answer.kind !== 'steps') throw new Error(answer.kind);
  return [...(answer.series.values[place] ?? [])].filter(Number.isFinite).reduce((sum, value) => sum + value, 0);
}
const stepsIn = (answer: HistoryAnswer) => (answer.kind === 'steps' ? answer.series.starts.length : -1);
const subjectsIn = (answer: HistoryAnswer) =>
  answer.kind === 'events' ? answer.events.map(({ subject }) => subject) : [answer.kind];
const sumOf = (numbers: readonly number[], count: number) =>
  numbers.reduce(
    (sum, number) =>
      sum +
      Array.from({ length: count }, (_, index) => busySample(number * 60 + index).values[UPLINKS] ?? 0).reduce(
        (total, value) => total + value,
        0,
      ),
    0,
  );

describe('a stored history', () => {
  it('is the same after a restart, and from the file without a gateway', async () => {
    const path = storePath();
    const { commit, store } = openStore(path);
    commit(put(1), block(0), events('frequent', 'a', 'b'), events('rare', 'op'));
    await store.close();
    const offline = await readHistoryOffline(dirname(path), STEPS);
    const again = openStore(path).store;
    for (const answer of [offline, await again.history(STEPS)]) {
      if (answer === undefined) throw new Error('there is no store');
      expect(stepsIn(answer)).toBe(60);
      expect(sumIn(answer)).toBe(sumOf([0], 60));
    }
    expect(subjectsIn(await again.history(EVENTS))).toEqual(['op', 'a', 'b']);
  });

  it('has each sample once while its block grows and while it is in RAM', async () => {
    const { commit, store } = openStore(storePath());
    commit(block(0, 20));
    commit(block(0, 40));
    const samples = Array.from({ length: 45 }, (_, index) => busySample(index));
    expect(stepsIn(await store.history(STEPS))).toBe(40);
    const answer = await store.history({ ...STEPS, open: { number: 0, samples } } as HistoryRequest);
    expect(stepsIn(answer)).toBe(45);
    expect(sumIn(answer)).toBe(sumOf([0], 45));
  });

  it('gets its time when the clock becomes known, without a lost or duplicate sample', async () => {
    const { commit, store } = openStore(storePath());
    commit(block(0, 60, { offsetMs: null }));
    const before = await store.history(STEPS);
    if (before.kind !== 'steps') throw new Error(before.kind);
    expect([...before.series.starts].every(Number.isNaN)).toBe(true);
    commit({ kind: 'trustWall', wallMinusUpMs: BASE });
    const after = await store.history(STEPS);
    if (after.kind !== 'steps') throw new Error(after.kind);
    expect(after.series.starts[0]).toBe(BASE);
    expect([sumIn(before), sumIn(after)]).toEqual([sumOf([0], 60), sumOf([0], 60)]);
  });

  it('becomes hours after a day, with the same sums', async () => {
    const { commit, store } = openStore(storePath());
    for (let number = 0; number < 49; number += 1) commit(block(number));
    const hours = await store.history(HOURS);
    expect(stepsIn(hours)).toBe(49);
    expect(sumIn(hours)).toBe(
      sumOf(
        Array.from({ length: 49 }, (_, number) => number),
        60,
      ),
    );
  });
});

describe('two years of blocks', () => {
  it('stay within 192 blocks of minutes, 800 of hours and 256 pages of events, and the oldest hours go first', () => {
    const database = openDatabase(':memory:');
    const writer = new ChangeWriter(database);
    const blocks = 24 * 830;
    database.transaction(() => {
      for (let number = 0; number < blocks; number += 1) writer.apply([block(number, 1)]);
      for (let page = 0; page < 300; page += 1)
        writer.apply([events('frequent', ...Array.from({ length: 20 }, (_, n) => hash('sha256', `${page} ${n}`)))]);
      writer.apply([events('rare', 'operator')]);
    })();
    const rowsIn = (table: string) =>
      (database.prepare(`SELECT count(*) AS rows FROM ${table}`).get() as { rows: number }).rows;
    expect(rowsIn('history_minute')).toBe(192);
    expect(rowsIn('history_hour')).toBe(800);
    expect(rowsIn('history_frequent_event')).toBe(256);
    expect(rowsIn('history_rare_event')).toBe(1);
    expect(subjectsIn(writer.history.answer({ ...EVENTS, kinds: ['operator'] } as HistoryRequest))).toEqual([
      'operator',
    ]);
    const bytes = Number(database.pragma('page_count', { simple: true })) * 1024;
    expect(bytes).toBeLessThan(2 * 1024 * 1024);
    // the newest hours are there, and so are those of two years ago
    const range = (sinceHour: number) => ({
      step: 'hour' as const,
      sinceMs: BASE + sinceHour * HOUR_MS,
      untilMs: BASE + (sinceHour + 24) * HOUR_MS,
    });
    const hoursAt = (hour: number) =>
      stepsIn(writer.history.answer({ ...HOURS, range: range(hour) } as HistoryRequest));
    expect(hoursAt(blocks - 24)).toBe(24);
    expect(hoursAt(blocks - 2 * 365 * 24)).toBe(24);
    expect(hoursAt(0)).toBe(0);
  });
});

describe('the bytes that the history writes', () => {
  function walBytesPerHour(hours: number, changesOf: (hour: number) => readonly (readonly Change[])[]): number {
    const core = new StoreCore({ path: storePath(), ...BOOT });
    core.commit([{ kind: 'trustWall', wallMinusUpMs: BASE }], BOOT.upMs);
    const walFrames = () => (core.database.prepare('PRAGMA wal_checkpoint(NOOP)').get() as { log: number }).log;
    const before = walFrames();
    for (let hour = 0; hour < hours; hour += 1)
      for (const changes of changesOf(hour)) core.commit(changes, (hour + 1) * HOUR_MS);
    const bytes = (walFrames() - before) * FRAME_BYTES;
    core.close(hours * HOUR_MS);
    return bytes / hours;
  }

  it('are under 4 KB an hour in the first week and later, each in a commit of its own, with an event every third hour', () => {
    const hourly = (hour: number) => [[block(hour), ...(hour % 3 === 0 ? [events('frequent', `meter ${hour}`)] : [])]];
    expect(walBytesPerHour(240, hourly)).toBeLessThan(4096);
  });

  it('are at most 4 KB for each event of an operator, in a commit of its own', () => {
    const act = (hour: number) => [[events('rare', `operator root: subdevices forget meter-${hour}`)]];
    const bytes = walBytesPerHour(500, act);
    expect(bytes).toBeGreaterThan(FRAME_BYTES); // each is written
    expect(bytes).toBeLessThan(4096);
  });

  it('negative control: are far more if each minute is written', () => {
    const minutely = (hour: number) => Array.from({ length: 60 }, (_, minute) => [block(hour, minute + 1)]);
    expect(walBytesPerHour(3, minutely)).toBeGreaterThan(60_000);
  });
});

describe('a damaged history', () => {
  it('costs the damaged block, and neither the others nor the opening', async () => {
    const path = storePath();
    const { commit, store } = openStore(path);
    commit(put(1), block(0), block(1), block(2));
    await store.close();
    const database = new Sqlite(path);
    const { block: bytes } = database.prepare('SELECT block FROM history_minute WHERE slot = 1').get() as {
      block: Buffer;
    };
    bytes[40] = (bytes[40] ?? 0) ^ 4;
    database.prepare('UPDATE history_minute SET block = ? WHERE slot = 1').run(bytes);
    database.close();
    const again = openStore(path);
    expect(again.opening.recovery).toEqual([]);
    expect(sumIn(await again.store.history(STEPS))).toBe(sumOf([0, 2], 60));
    again.commit(put(2), block(1));
    expect(sumIn(await again.store.history(STEPS))).toBe(sumOf([0, 1, 2], 60));
    expect(again.events).toEqual([1]);
  });

  it.each([
    ['a number', 'UPDATE history_minute SET number = 1e15 WHERE slot = 0'],
    ['a number that is a text', "UPDATE history_minute SET number = 'x' WHERE slot = 0"],
    ['a block that is a text', "UPDATE history_minute SET block = 'x' WHERE slot = 0"],
    ['a block that is short', "UPDATE history_minute SET block = x'01' WHERE slot = 0"],
  ])('in %s is skipped', async (_, sql) => {
    const path = storePath();
    const { commit, store } = openStore(path);
    commit(block(0), block(1));
    await store.close();
    const database = new Sqlite(path);
    database.exec(sql);
    database.close();
    const again = openStore(path);
    expect(sumIn(await again.store.history(STEPS))).toBe(sumOf([1], 60));
    again.commit(block(2));
    expect(sumIn(await again.store.history(STEPS))).toBe(sumOf([1, 2], 60));
  });

  it('that fails in a commit leaves the messages of the commit on disk, and is reported', async () => {
    const { commit, store, events: receipts } = openStore(':memory:', { database: withoutHistory() });
    commit(put(1), block(0));
    commit(put(2));
    expect(receipts).toEqual([1, 2]);
    const { rows } = await store.tally();
    expect(rows).toMatchObject([{ rows: 2 }]);
    expect(await store.history({ kind: 'tail' })).toMatchObject({ number: -1, failure: 'broken' });
  });

  it('negative control: a change of custody that fails ends the store', () => {
    const database = openDatabase(':memory:');
    database.exec("CREATE TEMP TRIGGER fails BEFORE INSERT ON main.outbox BEGIN SELECT RAISE(ABORT, 'broken'); END");
    const { commit, events: receipts } = openStore(':memory:', { database });
    commit(put(1), block(0));
    expect(receipts).toEqual([expect.stringContaining('failed')]);
  });

  function withoutHistory() {
    const database = openDatabase(':memory:');
    database.exec(
      "CREATE TEMP TRIGGER fails BEFORE INSERT ON main.history_minute BEGIN SELECT RAISE(ABORT, 'broken'); END",
    );
    return database;
  }
});

describe('a page of the history that SQLite cannot read', () => {
  it('costs history, and no message', async () => {
    const path = storePath();
    const { commit, store } = openStore(path);
    commit(put(1), put(2), ...Array.from({ length: 30 }, (_, number) => block(number)));
    await store.close();
    const database = new Sqlite(path);
    const { rootpage } = database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'history_minute'").get() as {
      rootpage: number;
    };
    database.close();
    const bytes = readFileSync(path);
    bytes.fill(0xff, (rootpage - 1) * 1024, rootpage * 1024);
    writeFileSync(path, bytes);
    const again = openStore(path);
    expect(again.opening.backlog).toMatchObject([{ rows: 2 }]);
    expect(again.opening.losses).toEqual([]);
    again.commit(put(3), block(31));
    expect(sumIn(await again.store.history(STEPS))).toBeGreaterThan(0);
  });
});

it('a store of schema 10 is upgraded with its messages, and gets a history', async () => {
  const path = storePath();
  const folder = new URL('../../../src/store/migrations/', import.meta.url);
  const old = new Sqlite(path);
  old.pragma('page_size = 1024');
  old.pragma('journal_mode = WAL');
  old.pragma('application_id = 77');
  old.function('seal', { varargs: true, deterministic: true }, (...values: unknown[]) => checksumOf(values));
  for (const file of readdirSync(folder)
    .filter((name) => name < '0011')
    .sort())
    old.exec(readFileSync(new URL(file, folder), 'utf8'));
  old.pragma('user_version = 10');
  old.close();
  const { commit, store, opening } = openStore(path);
  expect(opening.backlog).toEqual([]);
  commit(put(1), block(0));
  expect(stepsIn(await store.history(STEPS))).toBe(60);
  await store.close();
  expect(statSync(path).size).toBeLessThan(128 * 1024);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newEntry } from '../../../src/custody/entry.ts';
import { Lane } from '../../../src/custody/lane.ts';
import { rowOf, seqsOf } from './custody-rig.ts';

const WINDOW_MAX = 4;

function laneWith(entries: number): { lane: Lane; entries: ReturnType<typeof newEntry>[] } {
  const lane = new Lane(1, WINDOW_MAX, { rows: 0, bytes: 0 });
  const added = Array.from({ length: entries }, (_, index) => newEntry(rowOf(index + 1), undefined));
  for (const entry of added) lane.add(entry);
  return { lane, entries: added };
}

describe('a lane', () => {
  it('takes the first messages into the window and keeps the rest in the tail', () => {
    const { lane } = laneWith(6);
    expect(seqsOf(lane.window)).toEqual([1, 2, 3, 4]);
    expect([lane.pending, lane.rowsOnDisk]).toEqual([6, 0]);
  });

  it('moves the tail into the window as soon as there is room, written or not', () => {
    const { lane, entries } = laneWith(6);
    for (const entry of entries.slice(0, 2)) lane.remove(entry);
    expect(seqsOf(lane.window)).toEqual([3, 4, 5, 6]);
  });

  it('keeps only the window in RAM once the rest is written', () => {
    const { lane, entries } = laneWith(6);
    for (const entry of entries) lane.stored(entry);
    expect([lane.window.length, lane.rowsOnDisk, lane.pending]).toEqual([4, 2, 6]);
  });

  it('lets no message pass an on-disk row', () => {
    const { lane, entries } = laneWith(5);
    for (const entry of entries) lane.stored(entry);
    for (const entry of entries.slice(0, 4)) lane.remove(entry);
    expect(lane.add(newEntry(rowOf(6), undefined))).toBe(false);
    expect(seqsOf(lane.window)).toEqual([]);
    lane.load([rowOf(5)], 5);
    expect(seqsOf(lane.window)).toEqual([5, 6]);
  });

  it('requests rows when the window is half empty, from the first unread one', () => {
    const { lane, entries } = laneWith(9);
    for (const entry of entries) lane.stored(entry);
    expect([lane.isLow, lane.wants]).toEqual([false, undefined]);
    for (const entry of entries.slice(0, 2)) lane.remove(entry);
    expect([lane.isLow, lane.wants]).toEqual([true, { from: 5, rows: 2 }]);
    expect(
      seqsOf(
        lane.load(
          [5, 6, 7, 8, 9].map((seq) => rowOf(seq)),
          9,
        ),
      ),
    ).toEqual([5, 6]);
    expect([lane.wants, lane.readTo, lane.rowsOnDisk]).toEqual([undefined, 7, 3]);
  });

  it('requests again at once a row that was written while nothing else was left', () => {
    const { lane, entries } = laneWith(6);
    for (const entry of entries) lane.stored(entry);
    for (const entry of entries.slice(0, 4)) lane.remove(entry);
    expect(lane.wants).toEqual({ from: 5, rows: 4 });
  });

  it('counts the same bytes for a message in RAM and on disk', () => {
    const { lane, entries } = laneWith(7);
    const bytes = lane.pendingBytes;
    for (const entry of entries) lane.stored(entry);
    expect(lane.pendingBytes).toBe(bytes);
    for (const entry of entries.slice(0, 3)) lane.remove(entry);
    lane.load(
      [5, 6, 7].map((seq) => rowOf(seq)),
      7,
    );
    for (const entry of [...lane.window]) lane.remove(entry);
    expect([lane.pending, lane.pendingBytes]).toEqual([0, 0]);
  });

  it('removes lost rows together with their bytes', () => {
    const lane = new Lane(1, WINDOW_MAX, { rows: 2, bytes: 84 });
    lane.lose(1, 42);
    expect([lane.pending, lane.pendingBytes]).toEqual([1, 42]);
    lane.lose(1, 0);
    expect([lane.pending, lane.pendingBytes]).toEqual([0, 0]);
  });
});

type Step = 'add' | 'store' | 'send' | 'load';

/** Runs the steps on a lane and a disk; returns the sent messages, in order. */
function run(steps: readonly Step[]): { sent: number[]; added: number; ramMax: number; unwritten: number } {
  const lane = new Lane(1, WINDOW_MAX, { rows: 0, bytes: 0 });
  const unwritten: ReturnType<typeof newEntry>[] = [];
  const disk: number[] = [];
  const sent: number[] = [];
  let added = 0;
  let ramMax = 0;
  const one = (step: Step): void => {
    if (step === 'add') {
      added += 1;
      const entry = newEntry(rowOf(added), undefined);
      unwritten.push(entry);
      lane.add(entry);
    } else if (step === 'store') {
      const entry = unwritten.shift();
      if (entry === undefined) return;
      disk.push(entry.row.seq);
      lane.stored(entry);
    } else if (step === 'send') {
      const [oldest] = lane.window;
      if (oldest === undefined) return;
      sent.push(oldest.row.seq);
      lane.remove(oldest);
    } else {
      const { wants } = lane;
      if (wants === undefined) return;
      const { from } = wants;
      const found = disk.filter((seq) => seq >= from).slice(0, 3);
      lane.load(
        found.map((seq) => rowOf(seq)),
        found.at(-1) ?? from,
      );
    }
    ramMax = Math.max(ramMax, lane.pending - lane.rowsOnDisk - unwritten.length);
  };
  for (const step of steps) one(step);
  while (unwritten.length > 0) one('store');
  for (let turn = 0; turn < 2 * added + 2; turn += 1) {
    one('load');
    one('send');
  }
  return { sent, added, ramMax, unwritten: unwritten.length };
}

describe('for any order of events on a lane', () => {
  const steps = fc.array(fc.constantFrom<Step>('add', 'add', 'store', 'send', 'load'), { maxLength: 200, size: 'max' });

  it('every message leaves the lane once, in the order of admission', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const { sent, added } = run(taken);
        expect(sent).toEqual(Array.from({ length: added }, (_, index) => index + 1));
      }),
    );
  });

  it('the lane never holds more written messages in RAM than its window', () => {
    fc.assert(fc.property(steps, (taken) => run(taken).ramMax <= WINDOW_MAX));
  });
});

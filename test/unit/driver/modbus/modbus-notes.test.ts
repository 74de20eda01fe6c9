/** Note of a Modbus link about the registers that a unit refuses, and a new link that is given the note. */
import { describe, expect, it } from 'vitest';
import type { DeviceNote } from '../../../../src/base/device-note.ts';
import type { ModbusOptions } from '../../../../src/driver/modbus/options.ts';
import { withNotes } from '../../../../src/driver/modbus/options.ts';
import type { Point } from '../../../../src/driver/modbus/points.ts';
import { ModbusWire, point, unitPlan } from './modbus-wire.ts';

const DAY_MS = 86_400_000;
/** Six adjacent registers, of which the unit refuses the fourth, and one register behind a gap that the unit lacks. */
const POINTS = [...Array.from({ length: 6 }, (_, at) => point(`p${at}`, at)), point('far', 8)];
const REFUSED = 3;
const GAP = 7;

function wireOf(learned?: DeviceNote, points: readonly Point[] = POINTS, startMs = 0): ModbusWire {
  const wire = new ModbusWire({ units: [unitPlan(1, points, { basis: 'b', learned, gapMax: 4 })], startMs });
  wire.unit(1).exceptionTo = ({ start, count }) =>
    [REFUSED, GAP].some((register) => start <= register && register < start + count) ? 2 : undefined;
  return wire;
}

/** Runs until the unit is known. @returns number of exceptions that the unit has sent */
function exceptionsOf(wire: ModbusWire, forMs = 5000): number {
  let count = 0;
  const { exceptionTo } = wire.unit(1);
  wire.unit(1).exceptionTo = (request) => {
    const exception = exceptionTo(request);
    if (exception !== undefined) count += 1;
    return exception;
  };
  wire.runFor(forMs);
  return count;
}

/** The note of a link that has run, at a later time of the same clock. */
function learnedNote(): { readonly note: DeviceNote; readonly atMs: number } {
  const wire = wireOf();
  expect(exceptionsOf(wire)).toBeGreaterThanOrEqual(3);
  const note = wire.link.deviceNotes().get('unit-1');
  if (note === undefined) throw new Error('nothing was learned');
  return { note, atMs: wire.nowMs };
}

describe('the note about a unit', () => {
  it('names the refused point with its place and reason, and the points that are read apart', () => {
    const { note } = learnedNote();
    expect(note).toMatchObject({
      basis: 'b',
      refused: [{ name: 'p3', place: 'holding 3', code: 2, words: 'illegal data address', times: 1 }],
      apart: ['far'],
    });
  });

  it('spares a new link every refused request, and its state is complete', () => {
    const { note, atMs } = learnedNote();
    const wire = wireOf(note, POINTS, atMs);
    expect(exceptionsOf(wire)).toBe(0);
    expect(wire.states.at(-1)?.values).toEqual({
      ...{ p0: 0, p1: 0, p2: 0, p3: null, p4: 0, p5: 0, far: 0 },
      $errors: { p3: 'illegal data address' },
    });
    expect(wire.discards).toMatchObject([
      { reason: 'unit exception', sample: expect.stringContaining('p3 (holding 3)') },
    ]);
    // negative control: without the note, the search is repeated
    expect(exceptionsOf(wireOf(undefined, POINTS, atMs))).toBeGreaterThanOrEqual(3);
  });

  it('continues the pauses: the point is asked again as if there had been no restart', () => {
    const { note, atMs } = learnedNote();
    const wire = wireOf(note, POINTS, atMs);
    const [refused] = note.refused;
    expect(exceptionsOf(wire, 70_000)).toBe(1);
    expect(wire.link.deviceNotes().get('unit-1')?.refused[0]).toMatchObject({ times: 2 });
    expect(wire.link.deviceNotes().get('unit-1')?.refused[0]?.atMs).toBeGreaterThanOrEqual(
      (refused?.atMs ?? 0) + 60_000,
    );
  });

  it('asks at least once a day, and reads the point once the unit has it', () => {
    const { note, atMs } = learnedNote();
    const often = { ...note, refused: note.refused.map((one) => ({ ...one, times: 40 })) };
    const slow = POINTS.map((one) => ({ ...one, pollMs: 600_000 }));
    const wire = wireOf(often, slow, atMs);
    expect(exceptionsOf(wire, DAY_MS - 20 * 60_000)).toBe(0);
    wire.unit(1).exceptionTo = () => undefined;
    expect(wire.run(() => wire.states.at(-1)?.values.p3 === 0, 30 * 60_000)).toBe(true);
    wire.runFor(1000);
    expect(wire.link.deviceNotes().get('unit-1')?.refused ?? []).toEqual([]);
  });

  it('asks again when the unit was away', () => {
    const { note, atMs } = learnedNote();
    const wire = wireOf(note, POINTS, atMs);
    wire.run(() => wire.isAttached(1));
    wire.input({ kind: 'closed', reason: 'unplugged' });
    expect(exceptionsOf(wire)).toBe(1);
  });

  it.each([
    [4, 'a device failure'],
    [6, 'a busy unit'],
  ])('does not contain exception %i: %s', (code) => {
    const wire = new ModbusWire({ units: [unitPlan(1, POINTS, { basis: 'b' })] });
    wire.unit(1).exceptionTo = ({ start, count }) => (start <= 3 && 3 < start + count ? code : undefined);
    wire.runFor(5000);
    expect(wire.link.deviceNotes().get('unit-1')?.refused ?? []).toEqual([]);
  });
});

describe('a note of another configuration', () => {
  const { basis: _, learned: __, ...keys } = unitPlan(1, POINTS);
  const units: ModbusOptions['units'] = [keys];

  it('is dropped: changed points of the unit are asked again', () => {
    const [first] = withNotes(units, new Map());
    const note: DeviceNote = { basis: first?.basis ?? '', refused: [], apart: ['far'], identity: undefined };
    const notes = new Map([['unit-1', note]]);
    expect(withNotes(units, notes)[0]?.learned).toBe(note);
    const changed = units.map((unit) => ({ ...unit, points: POINTS.slice(1) }));
    expect(withNotes(changed, notes)[0]?.learned).toBeUndefined();
    expect(withNotes(units, new Map([['other', note]]))[0]?.learned).toBeUndefined();
  });
});

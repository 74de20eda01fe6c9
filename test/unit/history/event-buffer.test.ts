import { describe, expect, it } from 'vitest';
import { EventBuffer } from '../../../src/history/event-buffer.ts';
import { eventInLine, eventLine, type HistoryEvent } from '../../../src/history/history-events.ts';
import { eventOf } from './history-events-rig.ts';

const MINUTE_MS = 60_000;
const every = () => true;

function bufferOf(count: number, everyMs: number, fields: Partial<HistoryEvent> = {}): EventBuffer {
  const buffer = new EventBuffer();
  for (let n = 0; n < count; n += 1) buffer.add(eventOf(n * everyMs, fields));
  return buffer;
}
const countsIn = (buffer: EventBuffer) => buffer.events.map(({ count }) => count);

describe('equal events', () => {
  it.each([
    [3, [1, 1, 1]],
    [4, [1, 1, 1, 1]],
    [5, [1, 1, 1, 2]],
    [100, [1, 1, 1, 97]],
  ])('%i times within five minutes become few events with a count', (count, counts) => {
    expect(countsIn(bufferOf(count, 1000))).toEqual(counts);
  });

  it('have the time of the first and of the last of them', () => {
    const last = bufferOf(100, 1000).events.at(-1);
    expect([last?.upMs, last?.lastUpMs]).toEqual([3000, 99_000]);
  });

  it('that are rarer stay separate, up to eight until the next writing', () => {
    expect(countsIn(bufferOf(8, 6 * MINUTE_MS))).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(countsIn(bufferOf(10, 6 * MINUTE_MS))).toEqual([1, 1, 1, 1, 1, 1, 1, 3]);
  });

  it('of another subject are not united', () => {
    const buffer = bufferOf(50, 1000);
    buffer.add(eventOf(51_000, { subject: 'b' }));
    expect(buffer.events.at(-1)).toMatchObject({ subject: 'b', count: 1 });
  });

  it.each(['subdevice', 'operator'] as const)('of the kind %s with another detail or mark are not united', (kind) => {
    const buffer = new EventBuffer();
    for (let n = 0; n < 30; n += 1) buffer.add(eventOf(n, { kind, detail: `version ${n % 2}` }), `mark ${n % 3}`);
    expect(countsIn(buffer)).toEqual([...Array(18).fill(1), ...Array(6).fill(2)]);
  });

  it('that were put back are united with later ones by their mark', () => {
    const buffer = new EventBuffer();
    for (let n = 0; n < 10; n += 1) buffer.add(eventOf(n), n % 2 === 0 ? 'even' : 'odd');
    buffer.take(every);
    buffer.unwritten();
    buffer.add(eventOf(11), 'even');
    expect(countsIn(buffer)).toEqual([1, 1, 1, 1, 1, 1, 3, 2]);
  });

  it('that were taken for a commit are not changed by later ones', () => {
    const buffer = bufferOf(10, 1000);
    const taken = buffer.take(every);
    buffer.add(eventOf(11_000));
    expect(taken.map(({ count }) => count)).toEqual([1, 1, 1, 7]);
    buffer.written();
    expect(countsIn(buffer)).toEqual([1]);
  });
});

describe('different events', () => {
  it.each([59, 60, 61, 500])('%i of one kind take at most 60 places, and the rest are counted', (count) => {
    const buffer = new EventBuffer();
    for (let n = 0; n < count; n += 1) buffer.add(eventOf(n, { subject: `link ${n}` }));
    expect(buffer.events).toHaveLength(Math.min(60, count));
    if (count > 60) expect(buffer.events.at(-1)?.sentence).toContain(`${count - 60} further events of the kind link`);
  });

  it('of one kind leave the room of other kinds', () => {
    const buffer = new EventBuffer();
    for (let n = 0; n < 500; n += 1) buffer.add(eventOf(n, { subject: `link ${n}` }));
    buffer.add(eventOf(501, { kind: 'operator', name: 'operatorActed' }));
    expect(buffer.events.at(-1)).toMatchObject({ kind: 'operator' });
  });

  it('that cannot be written wait, at most 240 of them', () => {
    const buffer = new EventBuffer();
    for (let hour = 0; hour < 20; hour += 1) {
      for (const kind of ['hub', 'link', 'subdevice', 'condition', 'operator'] as const)
        for (let n = 0; n < 50; n += 1) buffer.add(eventOf(n, { kind, subject: `${kind} ${hour} ${n}` }));
      buffer.take(every);
      buffer.unwritten();
    }
    expect(buffer.events).toHaveLength(240);
  });
});

describe('a line', () => {
  it('holds the event, with long texts cut', () => {
    const event = eventOf(1000, { offsetMs: 5, durationMs: 7, count: 3, lastUpMs: 4000, detail: 'no' });
    expect(eventInLine(eventLine(event))).toEqual(event);
    const long = eventInLine(eventLine({ ...event, sentence: '😀'.repeat(500), subject: 'x'.repeat(500) }));
    expect(long?.sentence.isWellFormed()).toBe(true);
    expect([long?.sentence.length, long?.subject.length]).toEqual([239, 80]); // a character of two code units is not split
  });

  it.each(['', 'null', '[]', '[1,2,3]', '{"a":1}', '[1,2,null,"other","n","s","t",null,1,0,""]'])(
    'that is not an event is ignored: %s',
    (line) => {
      expect(eventInLine(line)).toBeUndefined();
    },
  );
});

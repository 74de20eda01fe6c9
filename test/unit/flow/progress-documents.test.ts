import { expect, it } from 'vitest';
import { ProgressDocuments } from '../../../src/flow/progress-documents.ts';

const MINUTE_MS = 60_000;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function documents() {
  const clock = { nowMs: 0 };
  return {
    clock,
    progress: new ProgressDocuments(
      () => clock.nowMs,
      () => undefined,
    ),
  };
}

it('only the newest document of a topic is sent, in the place of the first one', () => {
  const { progress } = documents();
  progress.set('a', bytes('1 %'));
  progress.set('b', bytes('5 %'));
  progress.set('a', bytes('2 %'));
  expect([progress.take(), progress.take(), progress.take()]).toEqual([
    { topic: 'a', payload: bytes('2 %') },
    { topic: 'b', payload: bytes('5 %') },
    undefined,
  ]);
});

it('a document waits behind all data for a minute, and its time is not renewed by a newer one', () => {
  const { clock, progress } = documents();
  expect(progress.turn(0)).toBe('none');
  progress.set('a', bytes('1 %'));
  expect(progress.turn(0)).toBe('last');
  expect(progress.wakeAtMs(0)).toBe(MINUTE_MS);
  clock.nowMs = MINUTE_MS;
  progress.set('a', bytes('2 %'));
  expect(progress.turn(clock.nowMs)).toBe('after alarms');
});

it('no document is sent after the result, or after its connection', () => {
  const { progress } = documents();
  progress.set('a', bytes('99 %'));
  progress.remove('a');
  expect(progress.take()).toBeUndefined();
  progress.set('a', bytes('1 %'));
  progress.disconnected();
  expect(progress.nextTopic).toBeUndefined();
});

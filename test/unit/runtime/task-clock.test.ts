import { expect, it } from 'vitest';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { taskClock } from '../../../src/runtime/task-clock.ts';

it('a task is one moment, the next task is a later one, and outside a task time passes', () => {
  let nowMs = 0;
  const mailbox = new Mailbox((error) => {
    throw error;
  });
  const source = { nowMs: () => (nowMs += 1), wallMs: () => 7, wakeAt: () => () => undefined };
  const clock = taskClock(source, mailbox);
  const seen: number[][] = [];
  mailbox.post(() => {
    mailbox.post(() => seen.push([clock.nowMs(), clock.nowMs()]));
    seen.push([clock.nowMs(), clock.nowMs()]);
  });
  expect(seen).toEqual([
    [1, 1],
    [2, 2],
  ]);
  expect([clock.nowMs(), clock.nowMs(), clock.wallMs()]).toEqual([3, 4, 7]);
});

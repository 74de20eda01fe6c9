/**
 * Clock of the tasks of a mailbox. A task is one moment: the monotonic clock is read at most once in it. A task is
 * short (a read of a line is at most 4095 bytes), so the time is at most some milliseconds old.
 */
import type { Clock } from '../ports.ts';
import type { Mailbox } from './mailbox.ts';

export function taskClock(clock: Clock, mailbox: Mailbox): Clock {
  let task = 0;
  let taskMs = 0;
  return {
    nowMs() {
      if (mailbox.task === undefined) return clock.nowMs();
      if (task !== mailbox.task) {
        task = mailbox.task;
        taskMs = clock.nowMs();
      }
      return taskMs;
    },
    wallMs: () => clock.wallMs(),
    wakeAt: (atMs, wake) => clock.wakeAt(atMs, wake),
  };
}

import { expect, it } from 'vitest';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { TaskBatch } from '../../../src/runtime/task-batch.ts';

function open() {
  const passed: (readonly number[])[] = [];
  const mailbox = new Mailbox((error) => {
    throw error;
  });
  return { mailbox, passed, batch: new TaskBatch<number>(mailbox, (values) => passed.push(values)) };
}

it('the values of one task are passed on together after it, and those of the next task after that one', () => {
  const { mailbox, passed, batch } = open();
  mailbox.post(() => {
    for (const value of [1, 2, 3]) batch.add(value);
    expect(passed).toEqual([]);
  });
  expect(passed).toEqual([[1, 2, 3]]);
  mailbox.post(() => batch.add(4));
  expect(passed).toEqual([[1, 2, 3], [4]]);
});

it('a flush passes the values on at once, and those that come later in the task after it', () => {
  const { mailbox, passed, batch } = open();
  mailbox.post(() => {
    batch.flush();
    batch.add(1);
    batch.flush();
    expect(passed).toEqual([[1]]);
    batch.add(2);
  });
  expect(passed).toEqual([[1], [2]]);
});

it('nothing is passed on after the mailbox was halted', () => {
  const { mailbox, passed, batch } = open();
  mailbox.post(() => {
    batch.add(1);
    mailbox.halt();
  });
  expect(passed).toEqual([]);
});

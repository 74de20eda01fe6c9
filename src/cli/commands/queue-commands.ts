/** Commands for messages in custody and dead letters. */
import type { Command } from 'commander';
import type { DropOptions } from '../queues/drop-messages.ts';
import type { ExportOptions } from '../queues/export-messages.ts';
import type { ListOptions } from '../queues/list-messages.ts';
import { addSelection, type SelectionOptions } from '../queues/selection.ts';
import { type Add, wholeNumber } from './add-command.ts';

interface LetterChoice {
  readonly all?: true;
}

const QUEUE_WORDS = {
  outbox: {
    overview: 'Show uplinks waiting for the hub and the time to drain them',
    messages: 'uplinks',
    next: 'sent',
  },
  inbox: { overview: 'Show downlinks waiting for subdevices', messages: 'downlinks', next: 'delivered' },
} as const;

/** Adds `outbox` and `inbox`, with their commands. */
export function addQueues(add: Add): void {
  for (const queue of ['outbox', 'inbox'] as const) {
    const words = QUEUE_WORDS[queue];
    const group = add(queue, words.overview, async ({ context }) =>
      queue === 'outbox'
        ? (await import('../show-outbox.ts')).showOutbox(context)
        : (await import('../show-inbox.ts')).showInbox(context),
    );
    const list = add<ListOptions>(
      'list',
      `List ${words.messages} in custody, the oldest first, with their states`,
      async ({ context, options }) =>
        (await import('../queues/list-messages.ts')).listMessages(context, queue, options),
      group,
    )
      .option('--after <number>', 'start after this number', wholeNumber(0, 9_999_999_999), 0)
      .option('--limit <count>', 'maximum number of messages', wholeNumber(1, 1000), 20);
    addSelection(list);
    add(
      'show <number>',
      'Show one message with its payload',
      async ({ context, words: [number = ''] }) =>
        (await import('../queues/list-messages.ts')).showMessage(context, queue, number),
      group,
    );
    const exported = add<ExportOptions>(
      'export [numbers...]',
      `Write ${words.messages} with their payloads as lines of JSON`,
      async ({ context, options, words: numbers }) =>
        (await import('../queues/export-messages.ts')).exportMessages(context, queue, options, numbers),
      group,
    ).option('--out <file>', 'file to write (default: standard output)');
    addSelection(exported);
    addChanges(add, queue, group);
  }
}

function addChanges(add: Add, queue: 'outbox' | 'inbox', group: Command): void {
  const words = QUEUE_WORDS[queue];
  const holds = [
    ['hold', `Keep ${words.messages} from being ${words.next} until they are released`],
    ['release', `End holds: the ${words.messages} are ${words.next} in their order`],
  ] as const;
  for (const [verb, description] of holds)
    addSelection(
      add<SelectionOptions>(
        verb,
        description,
        async ({ context, options }) =>
          (await import('../queues/change-hold.ts')).changeHold(context, queue, verb, options),
        group,
      ).option('--all', verb === 'hold' ? 'all subdevices and topics' : 'all holds'),
      false,
    );
  addSelection(
    add<SelectionOptions>(
      'retry',
      queue === 'outbox'
        ? 'Send set-aside uplinks again now'
        : 'Deliver now the downlinks that wait for a pause after a reconnection',
      async ({ context, options }) => (await import('../queues/change-hold.ts')).retryMessages(context, queue, options),
      group,
    ),
    false,
  );
  addSelection(
    add<DropOptions>(
      'drop [numbers...]',
      `Show which ${words.messages} would be dropped; with --yes drop them after a copy`,
      async ({ context, options, words: numbers }) =>
        (await import('../queues/drop-messages.ts')).dropMessages(context, queue, options, numbers),
      group,
    )
      .option('--all', 'all messages of the queue')
      .option('--yes', 'drop them'),
  );
}

export function addDeadLetters(add: Add, program: Command): void {
  const letters = program
    .command('dead-letters')
    .description('Commands for messages abandoned after repeated failures');
  add<{ after: number; limit: number }>(
    'list',
    'List dead letters, the oldest first',
    async ({ context, options }) => (await import('../show-dead-letters.ts')).listDeadLetters(context, options),
    letters,
  )
    .option('--after <number>', 'start after this number', wholeNumber(0, 9_999_999_999), 0)
    .option('--limit <count>', 'maximum number of dead letters', wholeNumber(1, 1000), 50);
  add(
    'show <number>',
    'Show one dead letter with its payload',
    async ({ context, words }) => (await import('../show-dead-letters.ts')).showDeadLetter(context, words[0] ?? ''),
    letters,
  );
  const changes = [
    ['retry', 'Put dead letters back into the outbox, as new messages'],
    ['drop', 'Delete dead letters; the ledger counts them as dropped by hand'],
  ] as const;
  for (const [verb, description] of changes)
    add<LetterChoice>(
      `${verb} [numbers...]`,
      description,
      async ({ context, options, words }) =>
        (await import('../change-dead-letters.ts')).changeDeadLetters(context, verb, options.all ? 'all' : words),
      letters,
    ).option('--all', 'all dead letters');
}

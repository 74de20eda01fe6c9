/** Commands for messages in custody and dead letters. */
import type { Command } from 'commander';
import { type Add, wholeNumber } from './add-command.ts';

interface LetterChoice {
  readonly all?: true;
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

/** `holdfast dead-letters retry|drop`: orders to the running gateway. */
import { EXIT, Fault } from '../base/fault.ts';
import { give } from '../ops/api/control-client.ts';
import { countOf } from '../ops/words.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';

const DONE = { retry: 'put back into the outbox', drop: 'dropped' } as const;

/** @throws Fault `usage`, `order-refused`, `not-running` */
export async function orderDeadLetters(
  context: CommandContext,
  verb: keyof typeof DONE,
  words: readonly string[] | 'all',
): Promise<number> {
  const letters = words === 'all' ? words : words.map(numberIn);
  if (letters.length === 0)
    throw new Fault('usage', `Which dead letters to ${verb} is not said`, {
      hint: `holdfast dead-letters ${verb} 7 12, or --all; holdfast dead-letters list shows their numbers.`,
    });
  const { controlSocket } = await locateGateway(context);
  const { done, stopped } = (await give(controlSocket, `dead-letters.${verb}`, { letters })) as {
    readonly done: number;
    readonly stopped: string | null;
  };
  if (context.asJson) printJson(context, { done, stopped });
  else if (done === 0) context.terminal.print('There are no dead letters.');
  else context.terminal.print(`${countOf(done, 'dead letter')} ${DONE[verb]}.`);
  if (stopped === null) return EXIT.ok;
  throw new Fault('order-refused', `It went no further: ${stopped}`, {
    hint: 'The others are as they were; holdfast dead-letters list shows them.',
  });
}

/** @throws Fault `usage` */
export function numberIn(word: string): number {
  if (/^[1-9]\d{0,14}$/.test(word)) return Number(word);
  throw new Fault('usage', `${word} is no number of a dead letter`, { hint: 'holdfast dead-letters list shows them.' });
}

/** `holdfast dead-letters retry|drop`: commands to the running gateway. */
import { EXIT, Fault } from '../base/fault.ts';
import { give } from '../ops/api/control-client.ts';
import { countOf } from '../ops/words.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';

const DONE = { retry: 'put back into the outbox', drop: 'dropped' } as const;

/** @throws Fault `usage`, `command-rejected`, `not-running` */
export async function changeDeadLetters(
  context: CommandContext,
  verb: keyof typeof DONE,
  words: readonly string[] | 'all',
): Promise<number> {
  const letters = words === 'all' ? words : words.map(numberIn);
  if (letters.length === 0)
    throw new Fault('usage', `No dead letter to ${verb} is named`, {
      hint: `Name numbers (holdfast dead-letters ${verb} 7 12) or use --all. holdfast dead-letters list shows the numbers.`,
    });
  const { controlSocket } = await locateGateway(context);
  const { done, stopped } = (await give(controlSocket, `dead-letters.${verb}`, { letters })) as {
    readonly done: number;
    readonly stopped: string | null;
  };
  if (context.asJson) printJson(context, 'dead-letters-changed', { done, stopped });
  else if (done === 0) context.terminal.print('There are no dead letters.');
  else context.terminal.print(`${countOf(done, 'dead letter')} ${DONE[verb]}.`);
  if (stopped === null) return EXIT.ok;
  throw new Fault('command-rejected', `Stopped before the last dead letter: ${stopped}`, {
    hint: 'The remaining dead letters are unchanged; holdfast dead-letters list shows them.',
  });
}

/** @throws Fault `usage` */
export function numberIn(word: string): number {
  if (/^[1-9]\d{0,14}$/.test(word)) return Number(word);
  throw new Fault('usage', `${word} is not the number of a dead letter`, {
    hint: 'holdfast dead-letters list shows them.',
  });
}

/** What the administrative socket can have done, by name; each order checks its own body. */
import type { Letters, LettersDone } from './flow/dead-letters.ts';
import type { Gateway } from './gateway.ts';
import { type Orders, refusal } from './ops/administration.ts';

/** Numbers in one order: its body has a bound of its own. */
const LETTERS_MAX = 1000;

export function ordersFor(gateway: Gateway): Orders {
  const { deadLetters } = gateway;
  return {
    'dead-letters.retry': async ({ letters }) => told(await deadLetters.retry(lettersOf(letters))),
    'dead-letters.drop': async ({ letters }) => told(await deadLetters.drop(lettersOf(letters))),
    'gap.acknowledge': () => inTurn(gateway, () => acknowledgeGap(gateway)),
  };
}

function lettersOf(given: unknown): Letters {
  const isNumber = (one: unknown): one is number => Number.isSafeInteger(one);
  if (given === 'all') return 'all';
  if (Array.isArray(given) && given.length > 0 && given.length <= LETTERS_MAX && given.every(isNumber)) return given;
  throw refusal(
    'Which dead letters is not said',
    `letters is "all", or a list of 1 to ${LETTERS_MAX} numbers as holdfast dead-letters list shows them.`,
  );
}

function told({ done, stopped }: LettersDone): { readonly done: number; readonly stopped: string | null } {
  if (stopped !== undefined && done === 0)
    throw refusal(`Nothing was done: ${stopped}`, 'holdfast dead-letters list shows what there is.');
  return { done, stopped: stopped ?? null };
}

/** An order takes its turn in the mailbox, like everything else that happens. */
function inTurn<Answer>({ parts }: Gateway, act: () => Answer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    parts.mailbox.post(() => {
      try {
        resolve(act());
      } catch (error) {
        reject(error);
      }
    });
  });
}

function acknowledgeGap({ watch }: Gateway): { readonly acknowledged: true } {
  if (!watch.settleGap())
    throw refusal('There is no gap to acknowledge', 'See holdfast status: no downlinks are known to be missing.');
  return { acknowledged: true };
}

/** Commands of an operator in the mailbox, in sequence with all other events. */
import type { Gateway } from './gateway.ts';

export function runInMailbox<Answer>({ parts }: Gateway, act: () => Answer | Promise<Answer>): Promise<Answer> {
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

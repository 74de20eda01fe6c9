/** What the administrative socket can have done, by name; each order checks its own body. */
import type { Gateway } from './gateway.ts';
import { type Orders, refusal } from './ops/administration.ts';

export function ordersFor(gateway: Gateway): Orders {
  return {
    'gap.acknowledge': () => inTurn(gateway, () => acknowledgeGap(gateway)),
  };
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

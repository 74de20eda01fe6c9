/** One connection to the hub without a byte of MQTT, which shows whether all steps of its opening succeed. */
import type { OpenChannel } from '../ports.ts';

/**
 * Time for a hub to reject the client certificate. In TLS 1.3 the handshake of the client ends before the hub has
 * judged it.
 */
const VERDICT_MS = 500;

export interface OpeningProblem {
  readonly reason: string;
  /** True if all steps of the opening had succeeded, and the connection ended soon after. */
  readonly wasOpen: boolean;
}

/** @returns why the connection failed; `undefined`: success */
export function openingProblem(open: OpenChannel): Promise<OpeningProblem | undefined> {
  return new Promise((resolve) => {
    let wasOpen = false;
    const channel = open({
      opened: () => {
        wasOpen = true;
        setTimeout(() => {
          resolve(undefined);
          channel.close('the check is over');
        }, VERDICT_MS);
      },
      bytes: () => undefined,
      closed: (reason) => resolve({ reason, wasOpen }),
    });
  });
}

/** Readings of the running gateway for the watchdog: one for each source of `work-progress.ts`. */
import type { GatewayView } from '../gateway-view.ts';
import type { ProgressReadings, WaitingWork } from './work-progress.ts';

/**
 * Additional time for a request that reads the whole store: an outbox of 512 MiB, the default bound, takes a minute from
 * a card that reads 10 MB/s; one of 4 GiB takes 7 min.
 */
const LONG_REQUEST_MS = 600_000;

export interface ReadingParts {
  readonly gateway: GatewayView;
  /** Runs a task in the mailbox of the gateway. */
  readonly post: (task: () => void) => void;
  /** Opening of a port that has not returned, the oldest; `undefined`: none. */
  readonly oldestOpening: () => { readonly device: string; readonly number: number } | undefined;
}

export function gatewayReadings({ gateway, post, oldestOpening }: ReadingParts): ProgressReadings {
  let posted = 0;
  let ran = 0;
  return {
    mailbox: () => {
      if (ran === posted) {
        posted += 1;
        const number = posted;
        post(() => {
          ran = number;
        });
      }
      return waiting(ran === posted ? undefined : posted);
    },
    'store-thread': () => {
      const progress = gateway.store.progress?.();
      return progress && { token: progress.answers, allowedMs: progress.isLong ? LONG_REQUEST_MS : 0 };
    },
    // if the disk is full, messages wait on purpose
    unacknowledged: () =>
      waiting(gateway.committer.fullSinceMs === undefined ? gateway.committer.overdueSinceMs : undefined),
    'hub-connection': () => {
      const silence = gateway.hub.client.silence;
      return silence && { token: silence.sinceMs, allowedMs: silence.msMax };
    },
    'serial-open': () => {
      const opening = oldestOpening();
      return opening && { token: opening.number, subject: opening.device };
    },
  };
}

function waiting(token: number | undefined): WaitingWork | undefined {
  return token === undefined ? undefined : { token };
}

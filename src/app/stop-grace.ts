/** Waits of a stop: for the acknowledgement of messages in flight, and for the last state of the gateway. */
import type { Availability } from '../flow/availability.ts';
import type { HubConnection } from '../flow/hub-connection.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Clock } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';

/** Longest wait, ms. */
const STOP_GRACE_MS = 500;
/** Longest wait for the turn of the last state: two turns of the slowest pace, ms. */
const LEAVE_MS_MAX = 2200;
const LOOK_EVERY_MS = 10;

/** Resolves when no message is in flight, or when the wait is over. */
export async function acknowledgedOrLate(
  outbox: Pick<Outbox, 'isConnected' | 'inFlight'>,
  clock: Clock,
): Promise<void> {
  const untilMs = clock.nowMs() + STOP_GRACE_MS;
  while (outbox.isConnected && outbox.inFlight > 0 && clock.nowMs() < untilMs)
    await new Promise<void>((resolve) => clock.wakeAt(clock.nowMs() + LOOK_EVERY_MS, resolve));
}

interface Leaving {
  readonly availability: Availability | undefined;
  readonly hub: Pick<HubConnection, 'isUp'>;
  readonly parts: { readonly clock: Clock; readonly mailbox: Mailbox };
}

/**
 * Sends the state of a gateway that leaves the hub, in the pace of the hub.
 * @returns true if DISCONNECT may follow. False: the state was not sent, so the will must say it.
 */
export async function leftOrLate({ availability, hub, parts }: Leaving): Promise<boolean> {
  if (availability === undefined) return true;
  const { clock, mailbox } = parts;
  const untilMs = clock.nowMs() + LEAVE_MS_MAX;
  mailbox.post(() => availability.leave());
  while (hub.isUp && !availability.hasLeft && clock.nowMs() < untilMs)
    await new Promise<void>((resolve) => clock.wakeAt(clock.nowMs() + LOOK_EVERY_MS, resolve));
  return availability.hasLeft;
}

/** Wait of a stop for the acknowledgement of messages in flight. */
import type { Outbox } from '../outbox/outbox.ts';
import type { Clock } from '../ports.ts';

/** Longest wait, ms. */
const STOP_GRACE_MS = 500;
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

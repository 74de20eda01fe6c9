/** Waits for conditions, never for time. */
import { setTimeout as pause } from 'node:timers/promises';

/** Generous: a loaded machine is slow, not wrong. */
const PATIENCE_MS = 120_000;
const LOOK_EVERY_MS = 20;

/** @throws when the condition does not come true; its own text says which one that was */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`not true within ${PATIENCE_MS} ms: ${condition}`);
    await pause(LOOK_EVERY_MS);
  }
}

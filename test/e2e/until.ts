/** Waits for conditions, never for time. */
import { setTimeout as pause } from 'node:timers/promises';

/** Long timeout: a loaded machine is slow, not wrong. */
const TIMEOUT_MS = 120_000;
const LOOK_EVERY_MS = 20;

/** @throws if the condition does not become true; its source text names it */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`not true within ${TIMEOUT_MS} ms: ${condition}`);
    await pause(LOOK_EVERY_MS);
  }
}

/** Waits for conditions, never for time. */
import { setTimeout as pause } from 'node:timers/promises';

/** Long timeout: a loaded machine is slow, not wrong. */
const TIMEOUT_MS = 120_000;
const LOOK_EVERY_MS = 20;
/** Longest interval for a question to another process, whose answer costs CPU time that other tests need. */
const ASK_EVERY_MS_MAX = 100;

/** @throws if the condition does not become true; its source text names it, or that of `words` */
export async function until(condition: () => boolean | Promise<boolean>, words: unknown = condition): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    const answer = condition();
    if (await answer) return;
    const waitedMs = performance.now() - startedMs;
    if (waitedMs > TIMEOUT_MS) throw new Error(`not true within ${TIMEOUT_MS} ms: ${words}`);
    const askEveryMs = Math.min(Math.max(LOOK_EVERY_MS, waitedMs / 10), ASK_EVERY_MS_MAX);
    await pause(typeof answer === 'boolean' ? LOOK_EVERY_MS : askEveryMs);
  }
}

/** Waiting for counters that other threads and processes change. */

/** Longest wait: a case that does not come to an end fails. */
const WAIT_MS_MAX = 900_000;
const LOOK_EVERY_MS = 2;

/** Throws when the condition is not true after 15 minutes. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  what = 'a condition of the bench',
): Promise<void> {
  const deadline = performance.now() + WAIT_MS_MAX;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`not reached within ${WAIT_MS_MAX / 1000} s: ${what}`);
    await pause(LOOK_EVERY_MS);
  }
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

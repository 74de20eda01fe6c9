/** Times of timers. */

/** Returns the earlier of two times, monotonic ms. `undefined`: no timer is set. */
export function sooner(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}

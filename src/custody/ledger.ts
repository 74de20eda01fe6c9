/**
 * The ledger: each accepted message is delivered, pending, shed with a reason, dead-lettered, or damaged.
 *
 *     accepted = delivered + pending + Σ shed[reason] + dead + damaged
 *
 * Counters only grow, with two exceptions: on a full disk an acceptance may be revoked before it was acknowledged, and
 * a dead letter that is retried or dropped decrements `dead`. Counters can be added, so a difference and a total have
 * the same type. Messages that were never accepted are not in the ledger.
 */
export type ShedReason =
  | 'overflow drop-oldest'
  | 'overflow drop-newest'
  | 'replaced by a later value'
  | 'expired'
  | 'QoS 0 while the hub is away'
  | 'QoS 0 while the subdevice is away'
  | 'QoS 0 too fast'
  | 'QoS 0 held back: the hub closes on its topic'
  | 'QoS 0 while on hold'
  | 'no subscriber'
  | 'names no subdevice'
  | 'invalid document'
  | 'session ended'
  | 'forgotten by hand'
  | 'too large for the link'
  | 'too large for the hub'
  | 'too large for the gateway'
  | 'invalid message'
  | 'set aside after a fault'
  | 'dropped by hand'
  | 'refused by the subdevice'
  | 'refused by the gateway'
  | 'given up without an answer'
  | 'empty';

export interface Counts {
  readonly accepted: number;
  readonly delivered: number;
  readonly dead: number;
  /** Number of damaged rows. Damage is detected and counted, and a damaged row is never passed on. */
  readonly damaged: number;
  readonly shed: Readonly<Partial<Record<ShedReason, number>>>;
}

export const ZERO: Counts = { accepted: 0, delivered: 0, dead: 0, damaged: 0, shed: {} };
/** One message: accepted, delivered, or both. Shared, because they are needed for each message. */
export const ACCEPTED: Counts = { ...ZERO, accepted: 1 };
export const DELIVERED: Counts = { ...ZERO, delivered: 1 };
export const PASSED: Counts = { ...ZERO, accepted: 1, delivered: 1 };

/** Sum of counts that belongs to one owner, who adds to it. */
export class CountsSum implements Counts {
  accepted = 0;
  delivered = 0;
  dead = 0;
  damaged = 0;
  /** Replaced and never changed, because a reading may share it. */
  shed: Counts['shed'] = ZERO.shed;

  add(counts: Counts): void {
    this.accepted += counts.accepted;
    this.delivered += counts.delivered;
    this.dead += counts.dead;
    this.damaged += counts.damaged;
    for (const reason in counts.shed) this.#addShed(reason as ShedReason, counts.shed);
  }

  /** Present state. Later additions do not change it. */
  read(): Counts {
    const { accepted, delivered, dead, damaged, shed } = this;
    return { accepted, delivered, dead, damaged, shed };
  }

  #addShed(reason: ShedReason, shed: Counts['shed']): void {
    this.shed = { ...this.shed, [reason]: (this.shed[reason] ?? 0) + (shed[reason] ?? 0) };
  }
}

export function addCounts(left: Counts, right: Counts): Counts {
  const sum = new CountsSum();
  sum.add(left);
  sum.add(right);
  return sum.read();
}

/** Difference between two readings. */
export function subtractCounts(later: Counts, earlier: Counts): Counts {
  const shed: Partial<Record<ShedReason, number>> = {};
  for (const [reason, count] of shedEntries(later)) {
    const more = count - (earlier.shed[reason] ?? 0);
    if (more !== 0) shed[reason] = more;
  }
  return {
    accepted: later.accepted - earlier.accepted,
    delivered: later.delivered - earlier.delivered,
    dead: later.dead - earlier.dead,
    damaged: later.damaged - earlier.damaged,
    shed,
  };
}

export function shedEntries(counts: Counts): [ShedReason, number][] {
  return Object.entries(counts.shed) as [ShedReason, number][];
}

export function shedTotal({ shed }: Counts): number {
  let total = 0;
  for (const reason in shed) total += shed[reason as ShedReason] ?? 0;
  return total;
}

/** Number of messages that left custody, with any outcome. */
export function settledTotal(counts: Counts): number {
  return counts.delivered + counts.dead + counts.damaged + shedTotal(counts);
}

/**
 * accepted − (delivered + pending + shed + dead + damaged). 0: balanced; otherwise the number of messages by which the
 * counters are wrong.
 */
export function imbalance(counts: Counts, pending: number): number {
  return counts.accepted - settledTotal(counts) - pending;
}

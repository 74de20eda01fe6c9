/**
 * Limits of the backlog by command of an operator: a pause, and a rate below the limit of the hub. Alarms and live
 * messages are sent meanwhile; a new message of a subdevice with a backlog waits behind it, because the order is kept
 * (docs/decisions/0014).
 *
 * Each limit is durable and ends by itself, so that no limit stays because it was forgotten. The time while the machine
 * is off counts only if it is known (`base/time.ts`): then a limit may last longer, and never shorter.
 */
import type { Facts } from '../base/events.ts';
import { sooner } from '../base/sooner.ts';
import type { Age, Stamp } from '../base/time.ts';
import type { Committer } from '../commit/committer.ts';
import type { BacklogLimit } from '../custody/row.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Clock } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { Timer } from '../runtime/timer.ts';

export interface BacklogControlOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  readonly committer: Pick<Committer, 'require' | 'addLazy'>;
  readonly outbox: Pick<Outbox, 'setBacklogPace'>;
  readonly stamp: () => Stamp;
  readonly age: (stamp: Stamp) => Age;
  /** Sends all packets that may be sent. */
  readonly send: () => void;
}

/** Limit in force. */
export interface LimitInForce {
  /** Messages per second; 0: paused. */
  readonly perS: number;
  /** Time since its beginning, and time until it ends by itself, ms. */
  readonly sinceMs: number;
  readonly leftMs: number;
}

export interface BacklogState {
  readonly pause: LimitInForce | null;
  readonly rate: LimitInForce | null;
}

type LimitKind = BacklogLimit['kind'];

export class BacklogControl {
  readonly #options: BacklogControlOptions;
  readonly #limits: Map<LimitKind, BacklogLimit>;
  readonly #timer: Timer;

  /** @param limits as the store has them */
  constructor(options: BacklogControlOptions, limits: readonly BacklogLimit[]) {
    this.#options = options;
    this.#limits = new Map(limits.map((limit) => [limit.kind, limit]));
    this.#timer = new Timer(options.clock, options.mailbox, () => this.look());
  }

  get state(): BacklogState {
    return { pause: this.#inForce('pause'), rate: this.#inForce('rate') };
  }

  /** Applies the stored limits, and ends those whose time is over. Called at the start, by the timer, and once a minute. */
  look(): void {
    if (this.#limits.size === 0) return;
    const { committer, facts } = this.#options;
    for (const [kind, { forMs }] of this.#limits) {
      if ((this.#inForce(kind)?.leftMs ?? 0) > 0) continue;
      this.#limits.delete(kind);
      committer.addLazy({ kind: 'backlogLimitGone', of: kind }); // after a crash the limit ends again
      facts.emit('backlogLimitEnded', { limit: kind, afterMs: forMs });
    }
    this.#apply();
  }

  /** Sets or replaces a limit at once. @param perS 0: a pause. @param done called when the limit is durable */
  set(perS: number, forMs: number, done: () => void): void {
    const kind = perS === 0 ? 'pause' : 'rate';
    const limit: BacklogLimit = { kind, tenthsPerS: Math.round(perS * 10), since: this.#options.stamp(), forMs };
    this.#limits.set(kind, limit);
    this.#apply();
    this.#options.committer.require([{ kind: 'backlogLimit', limit }], this.#options.clock.nowMs(), done);
  }

  /** Ends a limit at once. @param done called when the end is durable. @returns false if there is no such limit */
  end(kind: LimitKind, done: () => void): boolean {
    if (!this.#limits.delete(kind)) return false;
    this.#apply();
    this.#options.committer.require([{ kind: 'backlogLimitGone', of: kind }], this.#options.clock.nowMs(), done);
    return true;
  }

  #apply(): void {
    const { outbox, clock, send } = this.#options;
    const { pause, rate } = this.state;
    outbox.setBacklogPace({ isPaused: pause !== null, perS: rate?.perS });
    const nowMs = clock.nowMs();
    const ends = [pause, rate].map((limit) => (limit === null ? undefined : nowMs + Math.ceil(limit.leftMs)));
    this.#timer.set(undefined);
    this.#timer.set(ends.reduce((one, other) => sooner(one, other)));
    send();
  }

  #inForce(kind: LimitKind): LimitInForce | null {
    const limit = this.#limits.get(kind);
    if (limit === undefined) return null;
    const sinceMs = this.#options.age(limit.since).ms;
    return { perS: limit.tenthsPerS / 10, sinceMs, leftMs: Math.max(0, limit.forMs - sinceMs) };
  }
}

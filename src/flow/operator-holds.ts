/**
 * Operator holds: begins and ends them on command. A hold is in force at once, and the command is answered when a
 * restart keeps it. A release is in force when it is durable: at that moment all earlier deletions are durable too, so
 * the lanes can read their rows again (`Lane.rewind`).
 */
import type { Direction } from '../base/message.ts';
import type { Stamp } from '../base/time.ts';
import type { Committer } from '../commit/committer.ts';
import type { Custodian } from '../custody/custodian.ts';
import { type HoldScope, isSameScope, type OperatorHold } from '../custody/operator-hold.ts';
import type { Clock } from '../ports.ts';

export interface OperatorHoldsOptions {
  readonly clock: Clock;
  readonly stamp: () => Stamp;
  readonly committer: Pick<Committer, 'require'>;
  readonly custodian: (direction: Direction) => Custodian;
  /** Loads and sends the messages that may be sent now. */
  readonly resume: (direction: Direction) => void;
}

export class OperatorHolds {
  readonly #options: OperatorHoldsOptions;

  constructor(options: OperatorHoldsOptions) {
    this.#options = options;
  }

  get all(): readonly OperatorHold[] {
    return [...this.#options.custodian('uplink').holds, ...this.#options.custodian('downlink').holds];
  }

  /** Begins holds. Must be called in the mailbox. @returns those that were not in force, when they are durable */
  hold(scopes: readonly HoldScope[]): Promise<readonly OperatorHold[]> {
    const { clock, stamp, committer, custodian } = this.#options;
    const added = scopes
      .filter((scope) => !this.all.some((hold) => isSameScope(hold, scope)))
      .map((scope): OperatorHold => ({ ...scope, since: stamp() }));
    const nowMs = clock.nowMs();
    for (const direction of directionsOf(added)) {
      const own = added.filter((hold) => hold.direction === direction);
      custodian(direction).setHolds([...custodian(direction).holds, ...own], nowMs);
    }
    const changes = added.map((hold) => ({ kind: 'hold' as const, hold }));
    return new Promise((resolve) => committer.require(changes, nowMs, () => resolve(added)));
  }

  /** Ends holds. Must be called in the mailbox. @returns those that have ended, when that is durable */
  release(scopes: readonly HoldScope[]): Promise<readonly OperatorHold[]> {
    const ended = this.all.filter((hold) => scopes.some((scope) => isSameScope(hold, scope)));
    const changes = ended.map((scope) => ({ kind: 'holdGone' as const, scope }));
    return this.#afterEarlierEnds(directionsOf(ended), changes, (direction) => {
      const { holds } = this.#options.custodian(direction);
      const rest = holds.filter((hold) => !ended.some((one) => isSameScope(one, hold)));
      this.#options.custodian(direction).setHolds(rest, this.#options.clock.nowMs());
    }).then(() => ended);
  }

  /** Runs `act` and rewinds the lanes when all messages that have ended until now are deleted on disk. */
  #afterEarlierEnds(
    directions: readonly Direction[],
    changes: readonly { readonly kind: 'holdGone'; readonly scope: HoldScope }[],
    act: (direction: Direction) => void,
  ): Promise<void> {
    const { clock, committer, custodian, resume } = this.#options;
    const tracks = directions.map((direction) => ({ direction, track: custodian(direction).trackEnds() }));
    return new Promise((resolve) =>
      committer.require(changes, clock.nowMs(), () => {
        for (const { direction, track } of tracks) {
          custodian(direction).untrackEnds(track);
          act(direction);
          custodian(direction).rewind(track);
          resume(direction);
        }
        resolve();
      }),
    );
  }
}

function directionsOf(holds: readonly HoldScope[]): readonly Direction[] {
  return [...new Set(holds.map(({ direction }) => direction))];
}

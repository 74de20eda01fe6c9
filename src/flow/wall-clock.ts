/**
 * What is known of the wall clock, live: looks at it at the start, every minute, and when the hub is to be told who we are.
 * Whatever is learnt goes to the store with a later commit. Nothing is timed by it; ages and signatures are told by it.
 */
import { type ClockNews, ClockTrust, type ReportedTime, wallFloorMs } from '../base/clock-trust.ts';
import type { Facts } from '../base/events.ts';
import type { Epoch, Stamp } from '../base/time.ts';
import type { Change } from '../custody/change.ts';
import type { Clock, TimeService } from '../ports.ts';

export interface WallClockOptions {
  readonly clock: Clock;
  readonly facts: Facts;
  /** `undefined`: nobody says that the clock is right, and it is never trusted. */
  readonly timeService: TimeService | undefined;
  readonly now: Stamp;
  readonly epochs: ReadonlyMap<number, Epoch>;
  readonly addLazy: (change: Change) => void;
  /** The wall clock has jumped, and nobody vouches for it any more. */
  readonly doubted: (nowMs: number) => void;
}

export class WallClock {
  readonly #options: WallClockOptions;
  readonly #epochs: Map<number, Epoch>;
  readonly #trust: ClockTrust;

  constructor(options: WallClockOptions) {
    const { now, epochs } = options;
    this.#options = options;
    this.#epochs = new Map(epochs);
    this.#trust = new ClockTrust(wallFloorMs(epochs, now.epoch), epochs.get(now.epoch)?.wallMinusUpMs);
  }

  /** Every boot that may have a stamp, the current one as it is known now. */
  get epochs(): ReadonlyMap<number, Epoch> {
    return this.#epochs;
  }

  get isTrusted(): boolean {
    return this.#trust.isTrusted;
  }

  /** By how many ms the wall clock is ahead of the hub's, where ages and signatures follow the hub; else `undefined`. */
  get aheadOfHubMs(): number | undefined {
    const { clock } = this.#options;
    return this.#trust.aheadOfHubMs({ upMs: clock.nowMs(), wallMs: clock.wallMs() });
  }

  /** For a technician. */
  get standing(): {
    readonly wallMs: number;
    readonly isSet: boolean;
    readonly isTrusted: boolean;
    readonly aheadOfHubMs: number | undefined;
  } {
    const { isSet, isTrusted, aheadOfHubMs } = this;
    return { wallMs: this.#options.clock.wallMs(), isSet, isTrusted, aheadOfHubMs };
  }

  /** It shows a time that may be: later than what has certainly passed. */
  get isSet(): boolean {
    return this.#trust.isPossible(this.#options.clock.wallMs());
  }

  /** Unix ms, by the best that is known; `undefined`: nobody knows. */
  wallMs(): number | undefined {
    this.look();
    const { clock } = this.#options;
    const { wallMinusUpMs } = this.#trust;
    if (wallMinusUpMs !== undefined) return clock.nowMs() + wallMinusUpMs;
    return this.isSet ? clock.wallMs() : undefined;
  }

  /** The hub has said what time it is now. */
  onTime(told: ReportedTime): void {
    const { clock, facts } = this.#options;
    this.look();
    const wasFollowing = this.aheadOfHubMs !== undefined;
    const upMs = clock.nowMs();
    const news = this.#trust.onTime(told, { upMs, wallMs: clock.wallMs() });
    this.#learn(news, upMs);
    if (news.gainedTrust) facts.emit('clockTrusted', { wallMs: clock.wallMs() });
    const aheadMs = this.aheadOfHubMs;
    if (aheadMs !== undefined && !wasFollowing) facts.emit('clockOverruled', { wallMs: told.wallMs, aheadMs });
  }

  look(): void {
    const { clock, timeService, facts, doubted } = this.#options;
    const wallMs = clock.wallMs();
    const upMs = clock.nowMs();
    const news = this.#trust.read({
      ...{ upMs, wallMs },
      sleptMs: timeService?.sleptMs() ?? 0,
      syncedAtMs: timeService?.syncedAtMs(),
    });
    this.#learn(news, upMs);
    if (news.sleptMs > 0) facts.emit('machineSlept', { ms: news.sleptMs });
    if (news.step !== undefined) facts.emit('clockStepped', { ...news.step, isTrusted: this.isTrusted });
    if (news.gainedTrust) facts.emit('clockTrusted', { wallMs });
    if (news.step !== undefined && !this.isTrusted) doubted(upMs);
  }

  #learn({ wallMinusUpMs, sleptMs }: ClockNews, upMs: number): void {
    const { now, addLazy } = this.#options;
    const known = this.#epochs.get(now.epoch);
    if (known === undefined) throw new Error(`boot ${now.epoch} is not among those known`);
    const sleptAtUpMs = sleptMs > 0 ? Math.ceil(upMs) : known.sleptAtUpMs;
    this.#epochs.set(now.epoch, { ...known, wallMinusUpMs: this.#trust.wallMinusUpMs, sleptAtUpMs });
    if (wallMinusUpMs !== undefined) addLazy({ kind: 'trustWall', wallMinusUpMs: Math.round(wallMinusUpMs) });
    if (sleptAtUpMs !== undefined && sleptMs > 0) addLazy({ kind: 'slept', atUpMs: sleptAtUpMs });
  }
}

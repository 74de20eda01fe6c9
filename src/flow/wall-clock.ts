/**
 * Live state of the wall clock: checked at the start, every minute, and before each CONNECT. Findings go to the store
 * with a later commit. No timer uses the wall clock; ages and signatures do.
 */
import { type ClockNews, ClockTrust, type ReportedTime, wallFloorMs } from '../base/clock-trust.ts';
import type { Facts } from '../base/events.ts';
import type { Epoch, Stamp } from '../base/time.ts';
import type { Change } from '../custody/change.ts';
import type { Clock, TimeService } from '../ports.ts';

export interface WallClockOptions {
  readonly clock: Clock;
  readonly facts: Facts;
  /**
   * Service that confirms the clock. `undefined`: no time service confirms the clock, so the clock is never trusted.
   */
  readonly timeService: TimeService | undefined;
  readonly now: Stamp;
  readonly epochs: ReadonlyMap<number, Epoch>;
  readonly addLazy: (change: Change) => void;
  /** Called when the wall clock has jumped and no source confirms it. */
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

  /** Returns every boot that may have a stamp, with the current state of this boot. */
  get epochs(): ReadonlyMap<number, Epoch> {
    return this.#epochs;
  }

  get isTrusted(): boolean {
    return this.#trust.isTrusted;
  }

  /** Time by which the wall clock is ahead of the hub's, ms. `undefined` unless ages and signatures follow the hub. */
  get aheadOfHubMs(): number | undefined {
    const { clock } = this.#options;
    return this.#trust.aheadOfHubMs({ upMs: clock.nowMs(), wallMs: clock.wallMs() });
  }

  /** State for reports. */
  get status(): {
    readonly wallMs: number;
    readonly isSet: boolean;
    readonly isTrusted: boolean;
    readonly aheadOfHubMs: number | undefined;
  } {
    const { isSet, isTrusted, aheadOfHubMs } = this;
    return { wallMs: this.#options.clock.wallMs(), isSet, isTrusted, aheadOfHubMs };
  }

  /** True if the clock shows a plausible time: later than the time that has certainly passed. */
  get isSet(): boolean {
    return this.#trust.isPossible(this.#options.clock.wallMs());
  }

  /** Returns the best known Unix time in ms. `undefined`: unknown. */
  wallMs(): number | undefined {
    this.look();
    const { clock } = this.#options;
    const { wallMinusUpMs } = this.#trust;
    if (wallMinusUpMs !== undefined) return clock.nowMs() + wallMinusUpMs;
    return this.isSet ? clock.wallMs() : undefined;
  }

  /** Handles the time reported by the hub. */
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
      upMs,
      wallMs,
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

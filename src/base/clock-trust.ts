/**
 * When may the wall clock be believed? On a machine without a battery clock it starts anywhere, and anybody may set it.
 *
 * It is believed once a time service says that it has synchronised it, lately by that very clock, and it is not earlier
 * than what is known to have passed. From then on wall time is the monotonic clock plus a remembered offset, so whatever
 * happens to the wall clock later moves no age. A jump takes the belief away until the service has synchronised again: a
 * jump by the service itself comes with a new mark and keeps it.
 *
 * The hub's word is the second source, where no time service has spoken: its time is taken for the offset, and the wall
 * clock is believed if it agrees. If it does not, ages and signatures follow the hub; nobody sets the clock. Pure.
 */
import type { Epoch } from './time.ts';

/** 2026-01-01, before this program was built: a clock that is behind it is not set. */
export const CLOCK_FLOOR_MS = 1_767_225_600_000;
/** A larger difference is a jump; smaller ones are slewing, and the time between the readings of two clocks. */
const JUMP_MS = 2000;
/** timesyncd asks at least every 2048 s (PollIntervalMaxSec); twice that and a bit: one answer may be lost. */
const FRESH_MS = 4_200_000;

export interface ClockReading {
  /** Monotonic ms; stands still while the machine sleeps. */
  readonly upMs: number;
  /** Unix ms, as untrusted as the machine's clock. */
  readonly wallMs: number;
  /** How long the machine has slept in this boot; only its growth counts. */
  readonly sleptMs: number;
  /** Unix ms, by the wall clock of then, of the last synchronisation; `undefined`: none in this boot. */
  readonly syncedAtMs: number | undefined;
}

/** What the hub says the time is. */
export interface ReportedTime {
  /** Unix ms, off by at most `errorMs`. */
  readonly wallMs: number;
  readonly errorMs: number;
}

/** What a reading has brought. */
export interface ClockNews {
  /** What the clock would show, and what it shows, in Unix ms. */
  readonly step: { readonly wasMs: number; readonly isMs: number } | undefined;
  /** Ms slept since the last reading, or in this boot before the first; 0: not at all. */
  readonly sleptMs: number;
  readonly gainedTrust: boolean;
  /** The offset to be remembered in place of the last; `undefined`: nothing has changed. */
  readonly wallMinusUpMs: number | undefined;
}

export class ClockTrust {
  readonly #floorMs: number;
  #wallMinusUpMs: number | undefined;
  #seen: { readonly offsetMs: number; readonly syncedAtMs: number | undefined } | undefined;
  #sleptMs: number | undefined;
  #isTrusted = false;
  /** The last word on the clock was the hub's. */
  #isByHub = false;
  /** The mark of a synchronisation that came before a jump: it says nothing about the clock any more. */
  #staleMarkMs: number | undefined;

  /** @param wallMinusUpMs what an earlier process has learnt in this boot */
  constructor(floorMs: number, wallMinusUpMs: number | undefined) {
    this.#floorMs = floorMs;
    this.#wallMinusUpMs = wallMinusUpMs;
    if (wallMinusUpMs !== undefined) this.#seen = { offsetMs: wallMinusUpMs, syncedAtMs: undefined };
  }

  /** The machine's clock shows the right time now, as far as anybody can tell. */
  get isTrusted(): boolean {
    return this.#isTrusted;
  }

  /** Unix ms of a monotonic time, in a boot that ever had a trusted clock. */
  get wallMinusUpMs(): number | undefined {
    return this.#wallMinusUpMs;
  }

  /** By how much the wall clock at `reading` is off, in ms, where the hub's word is the better one; else `undefined`. */
  aheadOfHubMs({ upMs, wallMs }: Pick<ClockReading, 'upMs' | 'wallMs'>): number | undefined {
    if (!this.#isByHub || this.#isTrusted || this.#wallMinusUpMs === undefined) return undefined;
    return wallMs - upMs - this.#wallMinusUpMs;
  }

  /** Is that time of the wall clock possible at all? */
  isPossible(wallMs: number): boolean {
    return wallMs >= this.#floorMs;
  }

  read(reading: ClockReading): ClockNews {
    const before = this.#wallMinusUpMs;
    const sleptMs = this.#noteSleep(reading.sleptMs);
    const step = this.#noteStep(reading, sleptMs);
    const isVouched = (!this.#isTrusted || this.#isByHub) && this.#isSynchronised(reading);
    const gainedTrust = isVouched && !this.#isTrusted;
    if (isVouched) {
      this.#isTrusted = true;
      this.#isByHub = false;
    }
    if (this.#isTrusted) this.#remember(reading.wallMs - reading.upMs);
    const isNew = this.#wallMinusUpMs !== before;
    return { step, sleptMs, gainedTrust, wallMinusUpMs: isNew ? this.#wallMinusUpMs : undefined };
  }

  /** The hub has said what time it is, at `reading`. A time service that vouches for the clock knows better. */
  onTime(told: ReportedTime, reading: Pick<ClockReading, 'upMs' | 'wallMs'>): ClockNews {
    const before = this.#wallMinusUpMs;
    const wasTrusted = this.#isTrusted;
    const isTaken = (!wasTrusted || this.#isByHub) && this.isPossible(told.wallMs);
    if (isTaken) {
      this.#isByHub = true;
      this.#isTrusted = Math.abs(reading.wallMs - told.wallMs) <= JUMP_MS + told.errorMs;
      this.#remember(told.wallMs - reading.upMs);
    }
    const isNew = this.#wallMinusUpMs !== before;
    return {
      step: undefined,
      sleptMs: 0,
      gainedTrust: this.#isTrusted && !wasTrusted,
      wallMinusUpMs: isNew ? this.#wallMinusUpMs : undefined,
    };
  }

  /** Differences that are no jump are left alone: each new offset is a write. */
  #remember(offsetMs: number): void {
    const known = this.#wallMinusUpMs;
    if (known === undefined || Math.abs(offsetMs - known) > JUMP_MS) this.#wallMinusUpMs = offsetMs;
  }

  #noteSleep(sleptMs: number): number {
    const isFirst = this.#sleptMs === undefined;
    const growthMs = sleptMs - (this.#sleptMs ?? 0);
    if (isFirst || growthMs > JUMP_MS) this.#sleptMs = sleptMs;
    if (growthMs <= JUMP_MS) return 0;
    // the monotonic clock stood still, the world did not; what was slept before the first reading is in the offset
    if (!isFirst && this.#wallMinusUpMs !== undefined) this.#wallMinusUpMs += growthMs;
    return growthMs;
  }

  #noteStep({ upMs, wallMs, syncedAtMs }: ClockReading, sleptMs: number): ClockNews['step'] {
    const seen = this.#seen;
    const offsetMs = wallMs - upMs;
    this.#seen = { offsetMs, syncedAtMs };
    if (seen === undefined) return undefined;
    const byMs = offsetMs - seen.offsetMs - sleptMs;
    if (Math.abs(byMs) <= JUMP_MS) return undefined;
    this.#isTrusted = false;
    this.#staleMarkMs = seen.syncedAtMs;
    return { wasMs: wallMs - byMs, isMs: wallMs };
  }

  #isSynchronised({ wallMs, syncedAtMs }: ClockReading): boolean {
    if (syncedAtMs === undefined || syncedAtMs === this.#staleMarkMs || !this.isPossible(wallMs)) return false;
    const agoMs = wallMs - syncedAtMs;
    return agoMs >= -JUMP_MS && agoMs <= FRESH_MS;
  }
}

/** The time that has certainly passed: a right clock is not behind it. @param now number of the current boot */
export function wallFloorMs(epochs: ReadonlyMap<number, Epoch>, now: number): number {
  let floorMs = CLOCK_FLOOR_MS;
  for (const { epoch, lastUpMs, wallMinusUpMs } of epochs.values()) {
    if (epoch !== now && wallMinusUpMs !== undefined) floorMs = Math.max(floorMs, lastUpMs + wallMinusUpMs);
  }
  return floorMs;
}

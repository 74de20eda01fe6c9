/**
 * Decision whether the wall clock can be trusted. On a machine without a battery clock, the wall clock can show any
 * time after a boot, and any program may set the clock.
 *
 * The wall clock is trusted if a time service reports that it has synchronised the clock, if that synchronisation is
 * recent by the same clock, and if the clock is not earlier than the time that has certainly passed. From then on wall
 * time is the monotonic clock plus a stored offset, so later changes of the wall clock change no age. A jump ends the
 * trust until the service has synchronised the clock again. If the service itself made the jump, it reports a new time
 * of synchronisation, and the trust stays.
 *
 * The hub's time is the second source. It is used if no time service has synchronised the clock: the hub's time gives
 * the offset, and the wall clock is trusted if it agrees. If it does not agree, ages and signatures follow the hub. The
 * gateway never sets the clock. Pure.
 */
import { CLOCK_ERROR_MS, type Epoch } from './time.ts';

/** 2026-01-01, before this program was built. A clock that shows an earlier time has not been set. */
export const CLOCK_FLOOR_MS = 1_767_225_600_000;
/** Largest difference that is not a jump: slewing, and the time between the readings of two clocks. */
const JUMP_MS = CLOCK_ERROR_MS;
/**
 * Largest age of a recent synchronisation. timesyncd asks at least every 2048 s (PollIntervalMaxSec). The limit is a
 * little more than twice that interval, because one answer may be lost.
 */
const FRESH_MS = 4_200_000;

export interface ClockReading {
  /** Monotonic ms. This clock stops while the machine sleeps. */
  readonly upMs: number;
  /** Unix ms of the machine's clock, not yet trusted. */
  readonly wallMs: number;
  /** Ms that the machine has slept in this boot. Only the increase between two readings is used. */
  readonly sleptMs: number;
  /** Wall-clock time of the last synchronisation, Unix ms. `undefined`: none in this boot. */
  readonly syncedAtMs: number | undefined;
}

/** Time that the hub reported. */
export interface ReportedTime {
  /** Unix ms, with an error of at most `errorMs`. */
  readonly wallMs: number;
  readonly errorMs: number;
}

/** Changes found by one reading. */
export interface ClockNews {
  /** Jump of the wall clock: Unix ms without the jump, and Unix ms now. */
  readonly step: { readonly wasMs: number; readonly isMs: number } | undefined;
  /** Ms slept since the last reading; at the first reading, since the boot. 0: none. */
  readonly sleptMs: number;
  readonly gainedTrust: boolean;
  /** New offset to store. `undefined`: the offset has not changed. */
  readonly wallMinusUpMs: number | undefined;
}

export class ClockTrust {
  readonly #floorMs: number;
  #wallMinusUpMs: number | undefined;
  #seen: { readonly offsetMs: number; readonly syncedAtMs: number | undefined } | undefined;
  #sleptMs: number | undefined;
  #isTrusted = false;
  /** True if the current offset comes from the hub. */
  #isFromHub = false;
  /**
   * `syncedAtMs` of a synchronisation before the last jump. Such a synchronisation proves nothing about the clock after
   * the jump.
   */
  #staleMarkMs: number | undefined;

  /** @param wallMinusUpMs offset found by an earlier process in this boot */
  constructor(floorMs: number, wallMinusUpMs: number | undefined) {
    this.#floorMs = floorMs;
    this.#wallMinusUpMs = wallMinusUpMs;
    if (wallMinusUpMs !== undefined) this.#seen = { offsetMs: wallMinusUpMs, syncedAtMs: undefined };
  }

  /** True if the machine's clock shows the right time, as far as the gateway can know. */
  get isTrusted(): boolean {
    return this.#isTrusted;
  }

  /** Unix ms at monotonic 0. Known once the clock was trusted in this boot. */
  get wallMinusUpMs(): number | undefined {
    return this.#wallMinusUpMs;
  }

  /**
   * Error of the wall clock at `reading` in ms, positive if it is ahead. `undefined` if the gateway does not use the
   * hub's time, or if the wall clock agrees with the hub's time.
   */
  aheadOfHubMs({ upMs, wallMs }: Pick<ClockReading, 'upMs' | 'wallMs'>): number | undefined {
    if (!this.#isFromHub || this.#isTrusted || this.#wallMinusUpMs === undefined) return undefined;
    return wallMs - upMs - this.#wallMinusUpMs;
  }

  /** True if `wallMs` can be the present time. */
  isPossible(wallMs: number): boolean {
    return wallMs >= this.#floorMs;
  }

  read(reading: ClockReading): ClockNews {
    const before = this.#wallMinusUpMs;
    const sleptMs = this.#noteSleep(reading.sleptMs);
    const step = this.#noteStep(reading, sleptMs);
    const isConfirmed = (!this.#isTrusted || this.#isFromHub) && this.#isSynchronised(reading);
    const gainedTrust = isConfirmed && !this.#isTrusted;
    if (isConfirmed) {
      this.#isTrusted = true;
      this.#isFromHub = false;
    }
    if (this.#isTrusted) this.#remember(reading.wallMs - reading.upMs);
    const isNew = this.#wallMinusUpMs !== before;
    return { step, sleptMs, gainedTrust, wallMinusUpMs: isNew ? this.#wallMinusUpMs : undefined };
  }

  /** Takes the time that the hub reported at `reading`. A synchronisation by a time service takes precedence. */
  onTime(reported: ReportedTime, reading: Pick<ClockReading, 'upMs' | 'wallMs'>): ClockNews {
    const before = this.#wallMinusUpMs;
    const wasTrusted = this.#isTrusted;
    const isTaken = (!wasTrusted || this.#isFromHub) && this.isPossible(reported.wallMs);
    if (isTaken) {
      this.#isFromHub = true;
      this.#isTrusted = Math.abs(reading.wallMs - reported.wallMs) <= JUMP_MS + reported.errorMs;
      this.#remember(reported.wallMs - reading.upMs);
    }
    const isNew = this.#wallMinusUpMs !== before;
    return {
      step: undefined,
      sleptMs: 0,
      gainedTrust: this.#isTrusted && !wasTrusted,
      wallMinusUpMs: isNew ? this.#wallMinusUpMs : undefined,
    };
  }

  /**
   * Stores a new offset. A difference smaller than a jump is ignored, because each new offset costs a write to the
   * disk.
   */
  #remember(offsetMs: number): void {
    const known = this.#wallMinusUpMs;
    if (known === undefined || Math.abs(offsetMs - known) > JUMP_MS) this.#wallMinusUpMs = offsetMs;
  }

  #noteSleep(sleptMs: number): number {
    const isFirst = this.#sleptMs === undefined;
    const growthMs = sleptMs - (this.#sleptMs ?? 0);
    if (isFirst || growthMs > JUMP_MS) this.#sleptMs = sleptMs;
    if (growthMs <= JUMP_MS) return 0;
    // The monotonic clock stood still during the sleep. Sleep before the first reading is already in the offset.
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

/**
 * Latest time that has certainly passed, Unix ms. A correct clock does not show an earlier time. @param now number of
 * the current boot
 */
export function wallFloorMs(epochs: ReadonlyMap<number, Epoch>, now: number): number {
  let floorMs = CLOCK_FLOOR_MS;
  for (const { epoch, lastUpMs, wallMinusUpMs } of epochs.values()) {
    if (epoch !== now && wallMinusUpMs !== undefined) floorMs = Math.max(floorMs, lastUpMs + wallMinusUpMs);
  }
  return floorMs;
}

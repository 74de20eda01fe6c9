/** Troubles of a simulated Modbus unit that answers all the same: registers that it refuses, and times in which it is busy. */
import type { SimulatedUnit, UnitRequest } from '../../src/bench/subdevices/modbus-device.ts';
import { POINTS } from './line-protocols.ts';
import type { VirtualTime } from './virtual-time.ts';

/** `refuses 2`, `refuses 3`: register `w`, with this exception. `acknowledges`: it does what it is told and answers 5. */
export type UnitMood = 'refuses 2' | 'refuses 3' | 'busy with writes' | 'busy with everything' | 'acknowledges';

export const BUSY = 6;
const READS = [1, 2, 3, 4];

export class UnitAnswers {
  readonly #time: VirtualTime;
  readonly #untilMs = new Map<UnitMood, number>();
  /** Of the last time in which it was busy. */
  #busySinceMs = Number.NEGATIVE_INFINITY;
  #exception: number | undefined;

  constructor(machine: SimulatedUnit, time: VirtualTime) {
    this.#time = time;
    machine.exceptionTo = (request) => {
      this.#exception = this.#exceptionTo(request);
      return this.#exception;
    };
    machine.acknowledges = ({ code }) => !READS.includes(code) && this.#is('acknowledges');
  }

  /** With which it answered the last request; it has not acted on it then. */
  get exception(): number | undefined {
    return this.#exception;
  }

  begin(mood: UnitMood, ms: number): void {
    const { nowMs } = this.#time;
    if (mood.startsWith('busy') && nowMs >= this.#busyUntilMs) this.#busySinceMs = nowMs;
    this.#untilMs.set(mood, Math.max(this.#untilMs.get(mood) ?? 0, nowMs + ms));
  }

  end(): void {
    for (const [mood, untilMs] of this.#untilMs) this.#untilMs.set(mood, Math.min(untilMs, this.#time.nowMs));
  }

  /** How long it was busy last, or has been until now, if that was later than `sinceMs`. */
  busyMs(sinceMs: number): number {
    const untilMs = Math.min(this.#busyUntilMs, this.#time.nowMs);
    return untilMs < sinceMs ? 0 : untilMs - this.#busySinceMs;
  }

  get #busyUntilMs(): number {
    const times = (['busy with writes', 'busy with everything'] as const).map((mood) => this.#untilMs.get(mood) ?? 0);
    return Math.max(...times);
  }

  #is(mood: UnitMood): boolean {
    return this.#time.nowMs < (this.#untilMs.get(mood) ?? 0);
  }

  #exceptionTo({ code, start, count }: UnitRequest): number | undefined {
    if (this.#is('busy with everything')) return BUSY;
    if (!READS.includes(code)) return this.#is('busy with writes') ? BUSY : undefined;
    const isOfW = start <= POINTS.w.address && POINTS.w.address < start + count;
    if (!isOfW) return undefined;
    return this.#is('refuses 2') ? 2 : this.#is('refuses 3') ? 3 : undefined;
  }
}

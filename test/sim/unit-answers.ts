/** Behaviours of a simulated Modbus unit that still answers: it rejects registers, or is busy. */
import type { SimulatedUnit, UnitRequest } from '../../src/bench/subdevices/modbus-device.ts';
import { POINTS } from './line-protocols.ts';
import type { VirtualTime } from './virtual-time.ts';

/** `refuses 2`, `refuses 3`: rejects register `w` with this exception. `acknowledges`: executes commands and answers 5. */
export type UnitBehaviour = 'refuses 2' | 'refuses 3' | 'busy with writes' | 'busy with everything' | 'acknowledges';

export const BUSY = 6;
const READS = [1, 2, 3, 4];

export class UnitAnswers {
  readonly #time: VirtualTime;
  readonly #untilMs = new Map<UnitBehaviour, number>();
  /** Begin and end of the last busy time. */
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

  /** Exception in the answer to the last request, which was then not executed. */
  get exception(): number | undefined {
    return this.#exception;
  }

  begin(behaviour: UnitBehaviour, ms: number): void {
    const { nowMs } = this.#time;
    if (behaviour.startsWith('busy') && nowMs >= this.#busyUntilMs) this.#busySinceMs = nowMs;
    this.#untilMs.set(behaviour, Math.max(this.#untilMs.get(behaviour) ?? 0, nowMs + ms));
  }

  end(): void {
    for (const [behaviour, untilMs] of this.#untilMs) this.#untilMs.set(behaviour, Math.min(untilMs, this.#time.nowMs));
  }

  /** Returns the duration of the last or current busy time after `sinceMs`. */
  busyMs(sinceMs: number): number {
    const untilMs = Math.min(this.#busyUntilMs, this.#time.nowMs);
    return untilMs < sinceMs ? 0 : untilMs - this.#busySinceMs;
  }

  get #busyUntilMs(): number {
    const times = (['busy with writes', 'busy with everything'] as const).map(
      (behaviour) => this.#untilMs.get(behaviour) ?? 0,
    );
    return Math.max(...times);
  }

  #is(behaviour: UnitBehaviour): boolean {
    return this.#time.nowMs < (this.#untilMs.get(behaviour) ?? 0);
  }

  #exceptionTo({ code, start, count }: UnitRequest): number | undefined {
    if (this.#is('busy with everything')) return BUSY;
    if (!READS.includes(code)) return this.#is('busy with writes') ? BUSY : undefined;
    const isOfW = start <= POINTS.w.address && POINTS.w.address < start + count;
    if (!isOfW) return undefined;
    return this.#is('refuses 2') ? 2 : this.#is('refuses 3') ? 3 : undefined;
  }
}

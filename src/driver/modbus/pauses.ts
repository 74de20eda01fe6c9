/**
 * Pauses that slow units and adapters need after a request, in addition to the silence between frames (line §2.5.1.1).
 *
 * The pause of the line keeps the line silent. The pause of a unit delays only the next request to this unit; other
 * units are asked meanwhile. A broadcast is a request to every unit. A pause begins when the request has ended: with its
 * answer, or when the answer is given up.
 */
import type { ModbusRequest } from '../../codec/modbus-pdu.ts';

export interface PausePlan {
  /** Pause after each request, ms. */
  readonly pauseMs: number;
  /** Pause after a write, ms, if it is longer than `pauseMs`. */
  readonly pauseAfterWriteMs: number;
}

interface PausedUnit extends PausePlan {
  readonly address: number;
}

const READS: readonly number[] = [1, 2, 3, 4, 43];

/** True if the request changes nothing in the unit. */
export const isRead = (request: Pick<ModbusRequest, 'function'>): boolean => READS.includes(request.function);

export class ModbusPauses {
  private readonly line: PausePlan;
  private readonly units: readonly PausedUnit[];
  private lineUntilMs = 0;
  /** Unit → time until which it gets no request. Only units with a pause. */
  private unitUntilMs = new Map<number, number>();

  constructor(line: PausePlan, units: readonly PausedUnit[]) {
    this.line = line;
    this.units = units.filter(({ pauseMs, pauseAfterWriteMs }) => pauseMs + pauseAfterWriteMs > 0);
  }

  /** Time until which the unit gets no request, monotonic ms. */
  untilMs(unit: number): number {
    if (unit === BROADCAST) return Math.max(this.lineUntilMs, ...this.unitUntilMs.values());
    return Math.max(this.lineUntilMs, this.unitUntilMs.get(unit) ?? 0);
  }

  /** @param silentAtMs end of the silence after the last byte of the request or of its answer */
  ended(request: Pick<ModbusRequest, 'function' | 'unit'>, silentAtMs: number): void {
    this.begin(isRead(request) ? readPause : writePause, request.unit, silentAtMs);
  }

  /** Begins the longest pauses: an earlier process, or an earlier opening of the port, may have sent a request. */
  opened(nowMs: number): void {
    this.begin(writePause, BROADCAST, nowMs);
  }

  private begin(pauseOf: (plan: PausePlan) => number, unit: number, atMs: number): void {
    const linePauseMs = pauseOf(this.line);
    if (linePauseMs > 0) this.lineUntilMs = Math.max(this.lineUntilMs, atMs + linePauseMs);
    for (const paused of this.units) {
      const { address } = paused;
      const pauseMs = pauseOf(paused);
      if ((unit !== address && unit !== BROADCAST) || pauseMs === 0) continue;
      this.unitUntilMs.set(address, Math.max(this.unitUntilMs.get(address) ?? 0, atMs + pauseMs));
    }
  }
}

export const BROADCAST = 0;

const readPause = ({ pauseMs }: PausePlan): number => pauseMs;
const writePause = ({ pauseMs, pauseAfterWriteMs }: PausePlan): number => Math.max(pauseMs, pauseAfterWriteMs);

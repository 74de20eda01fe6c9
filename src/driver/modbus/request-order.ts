/**
 * Order of requests on a Modbus line: a command, else a probe or an identification, else the most overdue block. After `COMMANDS_IN_A_ROW`
 * commands a due block goes first, so that endless commands do not starve polls. Units with commands take turns.
 */
import type { ModbusRequest } from '../../codec/modbus-pdu.ts';
import { type Block, readRequest } from './blocks.ts';
import type { ModbusIdentification } from './identification.ts';
import type { ModbusSchedule } from './poll-plan.ts';
import type { ModbusUnit } from './unit.ts';
import type { ModbusProbe } from './unit-probe.ts';

interface Question {
  readonly unit: ModbusUnit;
  /** Block to read. `undefined`: a command is executed, or the unit is asked for its identification. */
  readonly block: Block | undefined;
  readonly isIdentification: boolean;
}

interface Turn extends Question {
  readonly request: ModbusRequest;
  readonly isProbe: boolean;
}

const COMMANDS_IN_A_ROW = 8;

export class ModbusTurns {
  private readonly units: readonly ModbusUnit[];
  private readonly schedule: ModbusSchedule;
  private readonly probe: ModbusProbe;
  private readonly identification: ModbusIdentification;
  private asking: Question | undefined;
  private commandsInARow = 0;
  /** Index of the unit whose command was sent last. The next unit's command goes first. */
  private lastCommanded = 0;

  constructor(
    units: readonly ModbusUnit[],
    schedule: ModbusSchedule,
    { probe, identification }: { readonly probe: ModbusProbe; readonly identification: ModbusIdentification },
  ) {
    this.units = units;
    this.schedule = schedule;
    this.probe = probe;
    this.identification = identification;
  }

  /** Next request, while the line is idle. @param blockedUntilMs time until which a unit must not be asked */
  next(nowMs: number, blockedUntilMs: (unit: number) => number): Turn | undefined {
    const turn = this.choose(nowMs, blockedUntilMs);
    this.asking = turn && { unit: turn.unit, block: turn.block, isIdentification: turn.isIdentification };
    return turn;
  }

  /** Called when the last request has been answered or is given up. @returns that request */
  over(): Question | undefined {
    const asking = this.asking;
    this.asking = undefined;
    return asking;
  }

  private choose(nowMs: number, blockedUntilMs: (unit: number) => number): Turn | undefined {
    const block = this.schedule.next(nowMs, blockedUntilMs);
    const isPollsTurn = block !== undefined && this.commandsInARow >= COMMANDS_IN_A_ROW;
    const pressing = isPollsTurn
      ? undefined
      : (this.nextCommand(nowMs, blockedUntilMs) ??
        this.nextProbe(nowMs, blockedUntilMs) ??
        this.nextIdentification(nowMs, blockedUntilMs));
    if (pressing !== undefined) {
      this.commandsInARow += 1;
      return pressing;
    }
    if (block === undefined) return undefined;
    this.commandsInARow = 0;
    return this.reading(block, false);
  }

  /** Request of the next unit in turn that has a command and may be asked. */
  private nextCommand(nowMs: number, blockedUntilMs: (unit: number) => number): Turn | undefined {
    const count = this.units.length;
    for (let step = 1; step <= count; step += 1) {
      const index = (this.lastCommanded + step) % count;
      const unit = this.units[index];
      if (unit === undefined || nowMs < blockedUntilMs(unit.plan.address)) continue;
      const request = unit.nextRequest(nowMs);
      if (request === undefined) continue;
      this.lastCommanded = index;
      return { unit, block: undefined, request, isProbe: false, isIdentification: false };
    }
    return undefined;
  }

  /** Cheapest block of the unit. */
  private nextProbe(nowMs: number, blockedUntilMs: (unit: number) => number): Turn | undefined {
    const probed = this.probe.next(nowMs, blockedUntilMs);
    if (probed === undefined) return undefined;
    const block = this.schedule.probeOf(probed);
    return block && this.reading(block, true);
  }

  private nextIdentification(nowMs: number, blockedUntilMs: (unit: number) => number): Turn | undefined {
    const request = this.identification.next(nowMs, blockedUntilMs);
    const unit = this.units.find(({ plan }) => plan.address === request?.unit);
    return request && unit && { unit, block: undefined, request, isProbe: false, isIdentification: true };
  }

  private reading(block: Block, isProbe: boolean): Turn | undefined {
    const unit = this.units.find(({ plan }) => plan.address === block.unit);
    return unit && { unit, block, request: readRequest(block), isProbe, isIdentification: false };
  }
}

/**
 * Who is asked next on a Modbus line: a command, else the block most overdue. After `COMMANDS_IN_A_ROW` a block that is
 * due goes first, so that commands without end starve no poll; units with commands take turns.
 */
import type { Restorable } from '../base/snapshot.ts';
import type { ModbusRequest } from '../codec/modbus-rtu.ts';
import { type Block, type ModbusSchedule, readRequest } from './modbus-schedule.ts';
import type { ModbusUnit } from './modbus-unit.ts';

export interface Question {
  readonly unit: ModbusUnit;
  /** What is read; `undefined`: a command is carried out. */
  readonly block: Block | undefined;
  readonly request: ModbusRequest;
}

export interface ModbusTurnsSnapshot {
  readonly commandsInARow: number;
  readonly lastCommanded: number;
}

const COMMANDS_IN_A_ROW = 8;

export class ModbusTurns implements Restorable<ModbusTurnsSnapshot> {
  readonly #units: readonly ModbusUnit[];
  readonly #schedule: ModbusSchedule;
  #commandsInARow = 0;
  /** Index of the unit whose command was asked last: the next one's goes first. */
  #lastCommanded = 0;

  constructor(units: readonly ModbusUnit[], schedule: ModbusSchedule) {
    this.#units = units;
    this.#schedule = schedule;
  }

  /** @param restsUntilMs when a unit may be asked again */
  next(nowMs: number, restsUntilMs: (unit: number) => number): Question | undefined {
    const block = this.#schedule.next(nowMs, restsUntilMs);
    const isPollsTurn = block !== undefined && this.#commandsInARow >= COMMANDS_IN_A_ROW;
    const command = isPollsTurn ? undefined : this.#nextCommand(nowMs, restsUntilMs);
    if (command !== undefined) {
      this.#commandsInARow += 1;
      return command;
    }
    const unit = this.#units.find(({ plan }) => plan.address === block?.unit);
    if (block === undefined || unit === undefined) return undefined;
    this.#commandsInARow = 0;
    return { unit, block, request: readRequest(block) };
  }

  snapshot(): ModbusTurnsSnapshot {
    return { commandsInARow: this.#commandsInARow, lastCommanded: this.#lastCommanded };
  }

  restore({ commandsInARow, lastCommanded }: ModbusTurnsSnapshot): void {
    this.#commandsInARow = commandsInARow;
    this.#lastCommanded = lastCommanded;
  }

  /** Of the next unit in turn that has a command to carry out and may be asked. */
  #nextCommand(nowMs: number, restsUntilMs: (unit: number) => number): Question | undefined {
    const count = this.#units.length;
    for (let step = 1; step <= count; step += 1) {
      const index = (this.#lastCommanded + step) % count;
      const unit = this.#units[index];
      if (unit === undefined || nowMs < restsUntilMs(unit.plan.address)) continue;
      const request = unit.nextRequest();
      if (request === undefined) continue;
      this.#lastCommanded = index;
      return { unit, block: undefined, request };
    }
    return undefined;
  }
}

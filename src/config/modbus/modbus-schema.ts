/** `[[link.unit]]` and its points as the program uses them; part of `schema.ts`. */
import type { PointSection } from './modbus-keys.ts';

/** A Modbus unit; addresses are unique on a link. */
export interface UnitConfig {
  readonly subdevice: string;
  /** 0 to 247; 0 = all units at once. */
  readonly address: number;
  readonly heartbeatMs: number;
  readonly gapMax: number;
  readonly writeMode: 'single' | 'multiple' | 'read-write';
  /** How long a command is repeated to a unit that is busy. */
  readonly busyMs: number;
  readonly stateTopic: string;
  readonly setTopic: string;
  readonly resultTopic: string;
  /** At least one; names are unique. */
  readonly points: readonly PointConfig[];
}

export interface PointConfig {
  readonly name: string;
  readonly table: 'coil' | 'discrete' | 'holding' | 'input';
  readonly address: number;
  readonly type: NonNullable<PointSection['type']>;
  /** Of a bool in a register, and there only. */
  readonly bit: number | undefined;
  /** Of a string, and there only; characters. */
  readonly length: number | undefined;
  readonly encoding: NonNullable<PointSection['encoding']>;
  readonly padding: NonNullable<PointSection['padding']>;
  readonly order: 'ABCD' | 'CDAB' | 'BADC' | 'DCBA';
  /** Never 0. */
  readonly scale: number;
  readonly offset: number;
  readonly deadband: number;
  readonly pollMs: number;
  readonly isWritable: boolean;
  readonly min: number | undefined;
  readonly max: number | undefined;
}

/** Account of one Modbus unit: register values that it sent, and the messages that the gateway made of them. */
import type { Message } from '../../src/base/message.ts';
import type { Insight } from './sim-device.ts';
import { Stream } from './stream.ts';
import type { VirtualTime } from './virtual-time.ts';

export type Registers = Readonly<Record<'v' | 'q' | 'n' | 'w' | 'm', number>>;
type Register = keyof Registers;
/** Value of each register; `null`: the unit has rejected the register. */
type Values = Partial<Readonly<Record<Register, number | null>>>;
export const REGISTERS = ['v', 'q', 'n', 'w', 'm'] as const satisfies readonly Register[];

export interface UnitAccountOptions {
  readonly id: string;
  readonly time: VirtualTime;
  readonly complain: (what: string) => void;
  /** Returns the current values. */
  readonly registers: () => Registers;
  /** Called when a command has ended as rejected. */
  readonly judgeRefusal: (command: Uint8Array) => void;
}

interface CommandResult {
  readonly ok: boolean;
  readonly values?: Values;
}

/** Longest delay of a result that finds no room. It is offered again after 1 s, and may be rejected again. */
const NO_ROOM_MS = 2000;
/** Outcomes of commands that were not executed and have a result. */
const REFUSED = ['refused by the subdevice', 'refused by the gateway', 'given up without an answer'];

export class UnitAccount implements Insight {
  readonly uplinks: Stream;
  readonly #options: UnitAccountOptions;
  /** Values that the unit has sent for each register. */
  readonly #answered: Readonly<Record<Register, Set<number | null>>> = {
    ...{ v: new Set(), q: new Set(), n: new Set(), w: new Set(), m: new Set() },
  };
  /** Numbers of states and results by their text, given when the gateway makes the message. */
  readonly #numbers = new Map<string, number>();
  #newest: Values | undefined;
  #lastReceived = 0;
  /** Times at which commands ended whose results are not accepted yet. */
  readonly #unreported: number[] = [];
  #refusedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: UnitAccountOptions) {
    this.#options = options;
    const numberOf = (payload: Uint8Array): number | undefined => this.#numbers.get(textOf(payload));
    this.uplinks = new Stream(`message of unit ${options.id}`, options.complain, { numberOf });
  }

  /** Number of missing results, plus 1 if the last accepted state is not the newest. */
  get unacknowledged(): number {
    const { v, n, m } = this.#options.registers();
    const isReported = this.#newest?.v === v && this.#newest.n === n && this.#newest.m === m;
    return (isReported ? 0 : 1) + this.#unreported.length;
  }

  /** Notes a value that the unit sends for a register. */
  noteAnswer(register: Register, value: number | null): void {
    this.#answered[register].add(value);
  }

  accepted({ payload }: Message, isPutBack: boolean): void {
    const { time } = this.#options;
    const text = textOf(payload);
    if (isPutBack) this.#judgeLetter(text);
    else if (isResult(text)) this.#judgeResult(JSON.parse(text));
    else this.#judgeState(JSON.parse(text));
    if (!this.#numbers.has(text)) this.#numbers.set(text, this.uplinks.send(time.nowMs));
    this.uplinks.accept(payload, time.nowMs);
  }

  refused(): void {
    this.#refusedAtMs = this.#options.time.nowMs;
  }

  revoked({ payload }: Message): void {
    this.refused();
    this.uplinks.revoke(payload);
    if (!isResult(textOf(payload))) this.#newest = undefined;
    else this.#unreported.unshift(this.#options.time.nowMs);
  }

  ended({ payload }: Message, as: string): void {
    if (REFUSED.includes(as)) this.#options.judgeRefusal(payload);
    if (as === 'delivered' || REFUSED.includes(as)) this.#unreported.push(this.#options.time.nowMs);
  }

  crashed(sinceMs: number): void {
    const { id, complain, time } = this.#options;
    const [oldestMs = Number.POSITIVE_INFINITY] = this.#unreported;
    if (oldestMs < sinceMs && this.#refusedAtMs < sinceMs - NO_ROOM_MS)
      complain(`a command to ${id} ended ${Math.round(time.nowMs - oldestMs)} ms ago, and its result is lost`);
    this.#unreported.length = 0;
    this.#newest = undefined;
  }

  /** Checks only that a dead letter was accepted before, since its values are old. */
  #judgeLetter(text: string): void {
    if (!this.#numbers.has(text))
      this.#options.complain(`a dead letter of unit ${this.#options.id} was never accepted`);
  }

  #judgeState(state: Values): void {
    this.#judgeValues('state', state);
    const q = state.q ?? this.#lastReceived; // a point that was not read yet is missing or has no value
    if (q < this.#lastReceived)
      this.#options.complain(`unit ${this.#options.id} went from frame ${this.#lastReceived} back to ${q}`);
    this.#lastReceived = q;
    this.#newest = state;
  }

  #judgeResult({ values = {} }: CommandResult): void {
    this.#judgeValues('result', values);
    if (this.#unreported.shift() === undefined)
      this.#options.complain(`a result of unit ${this.#options.id} without a completed command`);
  }

  #judgeValues(what: string, values: Values): void {
    for (const register of REGISTERS) {
      const value = values[register];
      if (value !== undefined && !this.#answered[register].has(value))
        this.#options.complain(
          `a ${what} of unit ${this.#options.id} says ${register} is ${value}: the unit never sent that`,
        );
    }
  }
}

/** A state has points only. A shared topic does not distinguish the two. */
export function isResult(text: string): boolean {
  return 'ok' in JSON.parse(text);
}

function textOf(payload: Uint8Array): string {
  return new TextDecoder().decode(payload);
}

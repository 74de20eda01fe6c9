/** The books of one Modbus unit: what it said of its registers, and what the gateway made of that. */
import type { Message } from '../../src/base/message.ts';
import type { Insight } from './sim-device.ts';
import { Stream } from './stream.ts';
import type { VirtualTime } from './virtual-time.ts';

export type Registers = Readonly<Record<'v' | 'q' | 'n' | 'w' | 'm', number>>;
type Register = keyof Registers;
/** `null`: the unit has said that there is none. */
type Values = Partial<Readonly<Record<Register, number | null>>>;
export const REGISTERS = ['v', 'q', 'n', 'w', 'm'] as const satisfies readonly Register[];

export interface UnitBooksOptions {
  readonly id: string;
  readonly time: VirtualTime;
  readonly complain: (what: string) => void;
  /** As they are now. */
  readonly registers: () => Registers;
  /** A command has ended, and the unit is said to have refused it. */
  readonly judgeRefusal: (command: Uint8Array) => void;
}

interface CommandResult {
  readonly ok: boolean;
  readonly values?: Values;
}

/** Results that found no room are offered again after a second, and may meet the same. */
const NO_ROOM_MS = 2000;
/** Ways in which a command ends that was not carried out, with a result. */
const REFUSED = ['refused by the subdevice', 'refused by the gateway', 'given up without an answer'];

export class UnitBooks implements Insight {
  readonly uplinks: Stream;
  readonly #options: UnitBooksOptions;
  /** Values that it has said each register holds. */
  readonly #said: Readonly<Record<Register, Set<number | null>>> = {
    ...{ v: new Set(), q: new Set(), n: new Set(), w: new Set(), m: new Set() },
  };
  /** States and results, by what they say: the gateway makes them, so they have no number until it does. */
  readonly #numbers = new Map<string, number>();
  #newest: Values | undefined;
  #lastHeard = 0;
  /** When commands ended whose results nobody has taken yet. */
  readonly #unreported: number[] = [];
  #refusedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: UnitBooksOptions) {
    this.#options = options;
    const numberOf = (payload: Uint8Array): number | undefined => this.#numbers.get(textOf(payload));
    this.uplinks = new Stream(`message of unit ${options.id}`, options.complain, { numberOf });
  }

  /** The newest that was taken is not the newest there is, and results that were not taken. */
  get unacknowledged(): number {
    const { v, n, m } = this.#options.registers();
    const isTold = this.#newest?.v === v && this.#newest.n === n && this.#newest.m === m;
    return (isTold ? 0 : 1) + this.#unreported.length;
  }

  /** It answers a question for this register. */
  said(register: Register, value: number | null): void {
    this.#said[register].add(value);
  }

  taken({ topic, payload }: Message, isPutBack: boolean): void {
    const { time } = this.#options;
    const text = textOf(payload);
    if (isPutBack) this.#judgeLetter(text);
    else if (topic.endsWith('/state')) this.#judgeState(JSON.parse(text));
    else this.#judgeResult(JSON.parse(text));
    if (!this.#numbers.has(text)) this.#numbers.set(text, this.uplinks.send(time.nowMs));
    this.uplinks.take(payload, time.nowMs);
  }

  refused(): void {
    this.#refusedAtMs = this.#options.time.nowMs;
  }

  withdrawn({ topic, payload }: Message): void {
    this.refused();
    this.uplinks.withdraw(payload);
    if (topic.endsWith('/state')) this.#newest = undefined;
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

  /** It was judged when it was taken first, and is old now. */
  #judgeLetter(text: string): void {
    if (!this.#numbers.has(text)) this.#options.complain(`a dead letter of unit ${this.#options.id} was never taken`);
  }

  #judgeState(state: Values): void {
    this.#judgeValues('state', state);
    const q = state.q ?? this.#lastHeard; // what has not been read yet is left out, or has no value
    if (q < this.#lastHeard)
      this.#options.complain(`unit ${this.#options.id} went from frame ${this.#lastHeard} back to ${q}`);
    this.#lastHeard = q;
    this.#newest = state;
  }

  #judgeResult({ values = {} }: CommandResult): void {
    this.#judgeValues('result', values);
    if (this.#unreported.shift() === undefined)
      this.#options.complain(`a result of unit ${this.#options.id}, and no command has ended`);
  }

  #judgeValues(what: string, values: Values): void {
    for (const register of REGISTERS) {
      const value = values[register];
      if (value !== undefined && !this.#said[register].has(value))
        this.#options.complain(
          `a ${what} of unit ${this.#options.id} says ${register} is ${value}: it never said that`,
        );
    }
  }
}

function textOf(payload: Uint8Array): string {
  return new TextDecoder().decode(payload);
}

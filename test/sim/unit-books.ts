/** The books of one Modbus unit: what it said of its registers, and what the gateway made of that. */
import type { Message } from '../../src/base/message.ts';
import type { Insight } from './sim-device.ts';
import { Stream } from './stream.ts';
import type { VirtualTime } from './virtual-time.ts';

export type Registers = Readonly<Record<'v' | 'q' | 'n' | 'm', number>>;
type Register = keyof Registers;
export const REGISTERS = ['v', 'q', 'n', 'm'] as const satisfies readonly Register[];

export interface UnitBooksOptions {
  readonly id: string;
  readonly time: VirtualTime;
  readonly complain: (what: string) => void;
  /** As they are now. */
  readonly registers: () => Registers;
}

interface CommandResult {
  readonly ok: boolean;
  readonly values?: Partial<Registers>;
}

/** Results that found no room are offered again after a second, and may meet the same. */
const NO_ROOM_MS = 2000;
const REFUSED = 'refused by the subdevice';

export class UnitBooks implements Insight {
  readonly uplinks: Stream;
  readonly #options: UnitBooksOptions;
  /** Values that it has said each register holds. */
  readonly #said: Readonly<Record<Register, Set<number>>> = {
    ...{ v: new Set(), q: new Set(), n: new Set(), m: new Set() },
  };
  /** States and results, by what they say: the gateway makes them, so they have no number until it does. */
  readonly #numbers = new Map<string, number>();
  #newest: Partial<Registers> | undefined;
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
  get owed(): number {
    const { v, n, m } = this.#options.registers();
    const isTold = this.#newest?.v === v && this.#newest.n === n && this.#newest.m === m;
    return (isTold ? 0 : 1) + this.#unreported.length;
  }

  /** It answers a question for this register. */
  said(register: Register, value: number): void {
    this.#said[register].add(value);
  }

  taken({ topic, payload }: Message): void {
    const { time } = this.#options;
    const text = textOf(payload);
    if (topic.endsWith('/state')) this.#judgeState(JSON.parse(text));
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

  ended(_: Message, as: string): void {
    if (as === 'delivered' || as === REFUSED) this.#unreported.push(this.#options.time.nowMs);
  }

  crashed(sinceMs: number): void {
    const { id, complain, time } = this.#options;
    const [oldestMs = Number.POSITIVE_INFINITY] = this.#unreported;
    if (oldestMs < sinceMs && this.#refusedAtMs < sinceMs - NO_ROOM_MS)
      complain(`a command to ${id} ended ${Math.round(time.nowMs - oldestMs)} ms ago, and its result is lost`);
    this.#unreported.length = 0;
    this.#newest = undefined;
  }

  #judgeState(state: Partial<Registers>): void {
    this.#judgeValues('state', state);
    const { q = this.#lastHeard } = state; // what has not been read yet is left out
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

  #judgeValues(what: string, values: Partial<Registers>): void {
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

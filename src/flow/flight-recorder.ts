/**
 * The last steps of one machine, in a ring that forgets the oldest. Hangs on the pump, where every input and every action
 * passes; encodes nothing until somebody asks, so that it costs next to nothing.
 *
 * Invariants: never weighs more than `bytesMax`; bytes are copied, because channels reuse theirs; nothing that the product
 * does hangs on it. What is secret in bytes is blanked before it is kept.
 */
import type { Kinded, Step, Subject } from '../base/step.ts';

export interface FlightRecorderOptions {
  readonly subject: Subject;
  /** What the kept steps may weigh; 0 = none is kept, and only those who follow see them. */
  readonly bytesMax: number;
  readonly random: () => number;
  /** Of the machine, now. */
  readonly stateOf: () => string;
  /** Bytes about to be sent, without what nobody may read later; of the same length; may write over its own. */
  readonly blank?: (bytes: Uint8Array) => Uint8Array;
}

/** A step with its objects, measured with `process.memoryUsage` at a million of them: 300 to 380 bytes. */
const STEP_BYTES = 384;
const ACTION_BYTES = 128;
/** A topic id with its topic, in the answer to an attach. */
const TOPIC_BYTES = 128;
/** The place of forgotten steps is taken back when there are so many of them, and more than of those kept. */
const FORGOTTEN_MAX = 1024;

/** Most steps draw nothing. */
const NONE: readonly number[] = [];

interface Kept extends Step {
  readonly weightBytes: number;
}

export class FlightRecorder {
  readonly #options: FlightRecorderOptions;
  #steps: Kept[] = [];
  /** Index of the oldest that is kept. */
  #first = 0;
  #weightBytes = 0;
  #forgotten = 0;
  #begun: { readonly upMs: number; readonly input: Kinded } | undefined;
  readonly #draws: number[] = [];
  readonly #followers = new Set<(step: Step) => void>();

  constructor(options: FlightRecorderOptions) {
    this.#options = options;
  }

  get subject(): Subject {
    return this.#options.subject;
  }

  /** Steps that are not kept any more: 0 = the recording begins with the machine's life. */
  get forgotten(): number {
    return this.#forgotten;
  }

  get weightBytes(): number {
    return this.#weightBytes;
  }

  /** For the machine instead of the real one: what it draws is part of the recording. */
  readonly random = (): number => {
    const drawn = this.#options.random();
    if (this.#isWanted) this.#draws.push(drawn);
    return drawn;
  };

  /** The machine is about to handle this. */
  begin(input: Kinded, upMs: number): void {
    if (this.#isWanted) this.#begun = { upMs, input: kept(input) };
  }

  /** It has. */
  end(actions: readonly Kinded[]): void {
    const begun = this.#begun;
    if (begun === undefined) return;
    this.#begun = undefined;
    const { blank, stateOf } = this.#options;
    const draws = this.#draws.length === 0 ? NONE : this.#draws.splice(0);
    const copies = actions.map((action) => kept(action, blank));
    const weightBytes = weightOf(begun.input, copies);
    const step = { upMs: begun.upMs, input: begun.input, draws, actions: copies, state: stateOf(), weightBytes };
    this.#keep(step);
    for (const follow of this.#followers) follow(step);
  }

  /** The oldest first; the last may be one that the machine did not survive. */
  steps(): readonly Step[] {
    const whole: Step[] = this.#steps.slice(this.#first);
    if (this.#begun !== undefined)
      whole.push({ ...this.#begun, draws: [...this.#draws], actions: undefined, state: 'broken' });
    return whole;
  }

  /** Every step from now on. @returns how to stop */
  follow(follower: (step: Step) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  get #isWanted(): boolean {
    return this.#options.bytesMax > 0 || this.#followers.size > 0;
  }

  #keep(step: Kept): void {
    this.#steps.push(step);
    this.#weightBytes += step.weightBytes;
    while (this.#weightBytes > this.#options.bytesMax) {
      this.#weightBytes -= this.#steps[this.#first]?.weightBytes ?? this.#weightBytes;
      this.#first += 1;
      this.#forgotten += 1;
    }
    if (this.#first < FORGOTTEN_MAX || this.#first * 2 < this.#steps.length) return;
    this.#steps = this.#steps.slice(this.#first);
    this.#first = 0;
  }
}

/** What inputs and actions may carry that weighs something. */
interface Weighable extends Kinded {
  readonly bytes?: Uint8Array;
  readonly topic?: string;
  readonly payload?: Uint8Array;
  readonly publish?: Carried;
  readonly message?: Carried;
  readonly answer?: { readonly topicIds?: ReadonlyMap<number, string> };
}

interface Carried {
  readonly topic: string;
  readonly payload: Uint8Array;
}

function kept(one: Weighable, blank?: (bytes: Uint8Array) => Uint8Array): Kinded {
  if (one.bytes === undefined) return one;
  const copy = new Uint8Array(one.bytes);
  return { ...one, bytes: blank?.(copy) ?? copy } as Kinded;
}

function weightOf(input: Kinded, actions: readonly Kinded[]): number {
  let weight = STEP_BYTES + bytesOf(input);
  for (const action of actions) weight += ACTION_BYTES + bytesOf(action);
  return weight;
}

function bytesOf(one: Weighable): number {
  if (one.bytes !== undefined) return one.bytes.length;
  const { topic, payload } = one.publish ?? one.message ?? one;
  const topicIds = one.answer?.topicIds?.size ?? 0;
  return (topic?.length ?? 0) + (payload?.length ?? 0) + topicIds * TOPIC_BYTES;
}

/**
 * The last steps of one machine, in a ring that forgets the oldest. Hangs on the pump, where every input and every action
 * passes; keeps bytes and no objects, so that the heap does not grow by it. Measured: some 6 µs of CPU per message, all its
 * steps together (a gateway flooded over eight PTYs, with a ring and without).
 *
 * Now and then a step carries the machine as it was before, so that a ring which has forgotten the beginning can still be
 * run again from there: once in some 300 messages, 20 µs for a link with one subdevice, 0.7 ms for one with 32.
 *
 * Invariants: never weighs more than `bytesMax`; nothing that the product does hangs on it. What is secret in bytes is
 * blanked before it is kept; in a snapshot there is nothing secret.
 */
import type { Kinded, Step, Subject } from '../base/step.ts';
import { CompactReader, CompactWriter, Vocabulary } from './encoding.ts';
import { ByteRing } from './ring.ts';

export interface FlightRecorderOptions {
  readonly subject: Subject;
  /** What the kept steps may weigh; 0 = none is kept, and only those who follow see them. */
  readonly bytesMax: number;
  readonly random: () => number;
  /** Of the machine, now. */
  readonly stateOf: () => string;
  /** Of the machine, between two steps. */
  readonly snapshotOf: () => object;
  /** Bytes about to be sent: the same, or a copy without what nobody may read later. */
  readonly blank?: (bytes: Uint8Array) => Uint8Array;
}

/**
 * The machine is written down after each quarter of the ring, and may weigh as much: so the ring holds it at least once,
 * with half of the ring to run from there.
 */
const SNAPSHOT_SHARE = 1 / 4;
/** After one that was too large it is tried again behind so many times its weight of steps: they cost more than it did. */
const TOO_LARGE_PAUSE = 4;
/** Most steps draw nothing. */
const NONE: readonly number[] = [];

export class FlightRecorder {
  readonly #options: FlightRecorderOptions;
  readonly #ring: ByteRing;
  readonly #words = new Vocabulary();
  readonly #writer: CompactWriter;
  #begun: Pick<Step, 'upMs' | 'before' | 'input'> | undefined;
  /** Weight of the steps since the machine was last written down, or since it began. */
  #bareBytes = 0;
  /** At which weight it is written down again. */
  #dueBytes: number;
  #snapshotsTooLarge = 0;
  readonly #draws: number[] = [];
  readonly #followers = new Set<(step: Step) => void>();

  constructor(options: FlightRecorderOptions) {
    this.#options = options;
    this.#ring = new ByteRing(options.bytesMax);
    this.#writer = new CompactWriter(this.#words, options.bytesMax);
    this.#dueBytes = this.#shareBytes;
  }

  get subject(): Subject {
    return this.#options.subject;
  }

  /** Steps that are not kept any more: 0 = the recording begins with the machine's life. */
  get forgotten(): number {
    return this.#ring.forgotten;
  }

  /** Snapshots that were not kept: each would have taken more than its share of the ring. */
  get snapshotsTooLarge(): number {
    return this.#snapshotsTooLarge;
  }

  get weightBytes(): number {
    return this.#ring.usedBytes;
  }

  /** For the machine instead of the real one: what it draws is part of the recording. */
  readonly random = (): number => {
    const drawn = this.#options.random();
    if (this.#isWanted) this.#draws.push(drawn);
    return drawn;
  };

  /** The machine is about to handle this. */
  begin(input: Kinded, upMs: number): void {
    if (!this.#isWanted) return;
    const isDue = this.#bareBytes > this.#dueBytes;
    this.#begun = { upMs, before: isDue ? this.#options.snapshotOf() : undefined, input };
  }

  /** It has. */
  end(actions: readonly Kinded[]): void {
    const begun = this.#begun;
    if (begun === undefined) return;
    this.#begun = undefined;
    const draws = this.#draws.length === 0 ? NONE : this.#draws.splice(0);
    const step = { ...begun, draws, actions, state: this.#options.stateOf() };
    if (this.#options.bytesMax > 0) this.#keep(step);
    if (this.#followers.size === 0) return;
    const copies = actions.map((action) => this.#copy(action));
    for (const follow of this.#followers) {
      try {
        follow({ ...step, before: undefined, actions: copies });
      } catch {
        this.#followers.delete(follow); // an onlooker: what it cannot read is no fault of the machine
      }
    }
  }

  /** The oldest first; the last may be one that the machine did not survive. */
  steps(): readonly Step[] {
    const whole: Step[] = [];
    for (const record of this.#ring.read()) {
      const reader = new CompactReader(this.#words, record);
      const [upMs, state, draws, input, actions, before] = Array.from({ length: 6 }, () => reader.value());
      whole.push({ upMs, before, input, draws, actions, state } as Step);
    }
    if (this.#begun !== undefined)
      whole.push({ ...this.#begun, draws: [...this.#draws], actions: undefined, state: 'broken' });
    return whole;
  }

  /** A new machine: what the last one did cannot be run again before what this one does. */
  renew(): void {
    this.#ring.clear();
    this.#begun = undefined;
    this.#bareBytes = 0;
    this.#dueBytes = this.#shareBytes;
    this.#draws.length = 0;
  }

  /** Every step from now on; its bytes are lent for the call only. @returns how to stop */
  follow(follower: (step: Step) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  get #shareBytes(): number {
    return this.#options.bytesMax * SNAPSHOT_SHARE;
  }

  get #isWanted(): boolean {
    return this.#options.bytesMax > 0 || this.#followers.size > 0;
  }

  #keep({ upMs, before, input, draws, actions = [], state }: Step): void {
    const writer = this.#writer;
    writer.clear();
    writer.number(upMs);
    writer.word(state);
    writer.list(draws);
    writer.object(input);
    writer.list(this.#options.blank === undefined ? actions : actions.map((action) => this.#copy(action)));
    this.#bareBytes += writer.length;
    this.#keepSnapshot(before);
    this.#ring.add(writer.written);
  }

  /** Behind what was written of its step. */
  #keepSnapshot(snapshot: object | undefined): void {
    const writer = this.#writer;
    const stepBytes = writer.length;
    writer.value(snapshot);
    if (snapshot === undefined) return;
    const weightBytes = writer.length - stepBytes;
    const isTooLarge = weightBytes > this.#shareBytes;
    this.#bareBytes = stepBytes;
    this.#dueBytes = isTooLarge ? weightBytes * TOO_LARGE_PAUSE : this.#shareBytes;
    if (!isTooLarge) return;
    this.#snapshotsTooLarge += 1;
    writer.cut(stepBytes);
    writer.value(undefined);
  }

  /** Without its secrets, where it may have any. */
  #copy(action: Kinded): Kinded {
    const { blank } = this.#options;
    if (blank === undefined || !('bytes' in action) || !(action.bytes instanceof Uint8Array)) return action;
    const clean = blank(action.bytes);
    return clean === action.bytes ? action : ({ ...action, bytes: clean } as Kinded);
  }
}

/**
 * Link with a successor: at random steps another machine restores its recorded state, and from then on receives the
 * same inputs. The first difference between the two is noted.
 */

import { describe, expect, it } from 'vitest';
import type { LinkCounters } from '../../../src/base/link-counters.ts';
import { seededRandom } from '../../../src/base/random.ts';
import type { Restorable } from '../../../src/base/snapshot.ts';
import type { LinkAction, LinkInput, LinkMachine } from '../../../src/driver/driver.ts';
import { decodeValue, encodeValue } from '../../../src/recorder/recording-file.ts';
import { IS_LONG_RUN } from '../../long-run.ts';

/** Number of conversations in `npm test`. */
const SEEDS_IN_SAMPLE = 2;

type Heritable<Snapshot> = LinkMachine & Restorable<Snapshot>;

export interface Succession<Snapshot> {
  readonly seed: number;
  readonly create: (random: () => number) => Heritable<Snapshot>;
  /** Probability that the step after this one has a new successor. */
  readonly chance: number;
  /** Negative control: change of the restored state. */
  readonly spoil?: (decoded: Snapshot) => void;
}

export class SucceededLink<Snapshot> implements LinkMachine {
  takeovers = 0;
  /** First different decision of the two, or the exception of the successor. */
  difference: string | undefined;
  readonly #plan: Succession<Snapshot>;
  readonly #link: Heritable<Snapshot>;
  readonly #decide: () => number;
  /** Both draw the same random numbers in each step. */
  #draw: () => number;
  #successor: Heritable<Snapshot> | undefined;
  #step = 0;

  constructor(plan: Succession<Snapshot>) {
    this.#plan = plan;
    this.#decide = seededRandom(plan.seed);
    this.#draw = seededRandom(plan.seed);
    this.#link = plan.create(() => this.#draw());
  }

  get counters(): LinkCounters {
    return this.#link.counters;
  }

  get state(): LinkMachine['state'] {
    return this.#link.state;
  }

  attachedSubdevices(): readonly string[] {
    return this.#link.attachedSubdevices();
  }

  lastReceivedAtMs(subdevice: string): number | undefined {
    return this.#link.lastReceivedAtMs(subdevice);
  }

  unanswered(): ReadonlyMap<string, number> {
    return this.#link.unanswered();
  }

  sleepers(): ReadonlyMap<string, number> {
    return this.#link.sleepers();
  }

  probeable(): readonly string[] {
    return this.#link.probeable();
  }

  wakeAtMs(): number | undefined {
    return this.#link.wakeAtMs();
  }

  snapshot(): object {
    return this.#link.snapshot();
  }

  restore(snapshot: Snapshot & object): void {
    this.#link.restore(snapshot);
  }

  handle(input: LinkInput, nowMs: number): LinkAction[] {
    this.#step += 1;
    const actions = this.#decideOf(this.#link, input, nowMs);
    this.difference ??= this.#differenceOf(input, nowMs, actions);
    if (this.#decide() < this.#plan.chance) this.difference ??= this.#takeOver();
    return actions;
  }

  #decideOf(link: LinkMachine, input: LinkInput, nowMs: number): LinkAction[] {
    this.#draw = seededRandom(this.#plan.seed + this.#step);
    return link.handle(input, nowMs);
  }

  #differenceOf(input: LinkInput, nowMs: number, actions: readonly LinkAction[]): string | undefined {
    const successor = this.#successor;
    if (successor === undefined) return undefined;
    try {
      const [was, is] = [lookOf(this.#link, actions), lookOf(successor, this.#decideOf(successor, input, nowMs))];
      return was === is ? undefined : `step ${this.#step}, ${encodeValue(input)}:\n${was}\n${is}`;
    } catch (error) {
      return String(error);
    }
  }

  #takeOver(): string | undefined {
    const { create, spoil } = this.#plan;
    const before = encodeValue(this.#link.snapshot());
    try {
      const decoded = decodeValue(before) as Snapshot;
      spoil?.(decoded);
      this.#successor = create(() => this.#draw());
      this.#successor.restore(decoded);
      this.takeovers += 1;
      return encodeValue(this.#successor.snapshot()) === before || spoil !== undefined ? undefined : before;
    } catch (error) {
      return String(error);
    }
  }
}

function lookOf(link: LinkMachine, actions: readonly LinkAction[]): string {
  const { state, counters } = link;
  return encodeValue({
    actions,
    state,
    counters,
    wakeAtMs: link.wakeAtMs(),
    attached: link.attachedSubdevices().map((id) => [id, link.lastReceivedAtMs(id)]),
    unanswered: link.unanswered(),
  });
}

interface Conversations<Snapshot> {
  readonly seeds: readonly number[];
  /** Fields without an effect within such a conversation. */
  readonly unused: readonly string[];
  readonly converse: (seed: number, plan?: Partial<Succession<Snapshot>>) => SucceededLink<Snapshot>;
}

/**
 * Describes the tests that a successor makes the same decisions, and that a missing field of its state is detected.
 */
export function describeSuccession<Snapshot>(what: string, { seeds, unused, converse }: Conversations<Snapshot>): void {
  describe(what, () => {
    it('makes the same decisions from then on, after any inputs', () => {
      let takeovers = 0;
      for (const seed of seeds.slice(0, IS_LONG_RUN ? undefined : SEEDS_IN_SAMPLE)) {
        const succeeded = converse(seed);
        expect({ seed, difference: succeeded.difference }).toEqual({ seed, difference: undefined });
        takeovers += succeeded.takeovers;
      }
      expect(takeovers).toBeGreaterThan(SEEDS_IN_SAMPLE * 20);
    });

    // Some of the fields need many conversations.
    it.runIf(IS_LONG_RUN)('negative control: a missing field of its state is detected', () => {
      const fields = new Set<string>();
      const note = (decoded: Snapshot): void => {
        for (const field of fieldsOf(decoded)) fields.add(field);
      };
      for (const seed of seeds) converse(seed, { spoil: note });
      const isNoticed = (field: string): boolean => {
        const spoil = (decoded: Snapshot): void => omitField(decoded, field);
        return seeds.some((seed) => converse(seed, { spoil }).difference !== undefined);
      };
      expect([...fields].filter((field) => !unused.includes(field) && !isNoticed(field))).toEqual([]);
    });
  });
}

/** Paths of all fields in a snapshot; `*` stands for each element of a list and each value of a map. */
function fieldsOf(value: unknown, path = ''): Set<string> {
  const paths = new Set<string>();
  for (const [step, inner] of partsOf(value)) {
    paths.add(`${path}${step}`);
    for (const deeper of fieldsOf(inner, `${path}${step}.`)) paths.add(deeper);
  }
  return paths;
}

/** Removes a field from the value, at any path. */
function omitField(value: unknown, path: string): void {
  const [first = '', ...rest] = path.split('.');
  for (const [step, inner] of partsOf(value)) {
    if (step !== first) continue;
    if (rest.length > 0) omitField(inner, rest.join('.'));
    else if (step !== '*') Reflect.deleteProperty(Object(value), step);
    else if (value instanceof Map) value.clear();
    else if (Array.isArray(value)) value.length = 0;
  }
}

function partsOf(value: unknown): (readonly [string, unknown])[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  if (value instanceof Map || Array.isArray(value)) return [...value.values()].map((inner) => ['*', inner] as const);
  return Object.entries(value);
}

/**
 * A link with a successor: at random steps another machine takes over its state as a recording would carry it, and from
 * then on is told everything that the first is told. Where the two differ is noted.
 */

import { describe, expect, it } from 'vitest';
import type { LinkCounters } from '../../../src/base/link-counters.ts';
import { seededRandom } from '../../../src/base/random.ts';
import type { Restorable } from '../../../src/base/snapshot.ts';
import type { LinkAction, LinkInput, LinkMachine } from '../../../src/driver/driver.ts';
import { decodeValue, encodeValue } from '../../../src/recorder/recording-file.ts';
import { IS_LONG_RUN } from '../../long-run.ts';

/** Conversations that `npm test` listens to. */
const SEEDS_IN_SAMPLE = 2;

type Heritable<Snapshot> = LinkMachine & Restorable<Snapshot>;

export interface Succession<Snapshot> {
  readonly seed: number;
  readonly create: (random: () => number) => Heritable<Snapshot>;
  /** Chance that the step after this one has a new successor. */
  readonly chance: number;
  /** For the control: what is wrong with what is taken over. */
  readonly spoil?: (decoded: Snapshot) => void;
}

export class SucceededLink<Snapshot> implements LinkMachine {
  takeovers = 0;
  /** What the two did differently first, or what the successor threw. */
  difference: string | undefined;
  readonly #plan: Succession<Snapshot>;
  readonly #link: Heritable<Snapshot>;
  readonly #decide: () => number;
  /** Both draw the same in each step. */
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
  /** Fields that cannot be missed within such a conversation. */
  readonly unused: readonly string[];
  readonly converse: (seed: number, plan?: Partial<Succession<Snapshot>>) => SucceededLink<Snapshot>;
}

/** That a successor does the same, and that it is noticed if any field of what it takes over is missing. */
export function describeSuccession<Snapshot>(what: string, { seeds, unused, converse }: Conversations<Snapshot>): void {
  describe(what, () => {
    it('does from then on what the other does, whatever came before', () => {
      let takeovers = 0;
      for (const seed of seeds.slice(0, IS_LONG_RUN ? undefined : SEEDS_IN_SAMPLE)) {
        const succeeded = converse(seed);
        expect({ seed, difference: succeeded.difference }).toEqual({ seed, difference: undefined });
        takeovers += succeeded.takeovers;
      }
      expect(takeovers).toBeGreaterThan(SEEDS_IN_SAMPLE * 20);
    });

    // many of the conversations are needed for some of the fields
    it.runIf(IS_LONG_RUN)('is noticed to lack any of its fields', () => {
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

/** Takes a field away, wherever the path leads. */
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

/**
 * A machine with successors: at random steps a new machine gets its state from a snapshot, written as in a recording
 * file, and from then on receives the same inputs. The first difference between the two is noted.
 */
import { describe, expect, it } from 'vitest';
import type { Machine } from '../../../src/base/machine.ts';
import { type Random, seededRandom } from '../../../src/base/random.ts';
import type { LinkMachine } from '../../../src/driver/driver.ts';
import type { LinkDriver } from '../../../src/driver/link-driver.ts';
import { MachineSnapshots } from '../../../src/recorder/machine-snapshots.ts';
import { decodeValue, encodeValue } from '../../../src/recorder/recording-file.ts';
import { IS_LONG_RUN } from '../../long-run.ts';

/** Number of conversations in `npm test`. */
const SEEDS_IN_SAMPLE = 2;
/** Probability that a new successor begins after a step. */
const TAKEOVER_CHANCE = 0.02;

type Wake = { readonly kind: 'wake' };
type Subject<Input, Action> = Machine<Input | Wake, Action> & { readonly state: string };

/** Machine to be built, and its observable state besides its decisions. */
export interface Kind<Built> {
  readonly create: (options: object) => Built;
  readonly laterClasses: LinkDriver['laterClasses'];
  readonly lookAt: (machine: Built, nowMs: number) => unknown;
}

/** Negative control: a change of a successor that has just been restored. */
export type Spoil = (successor: object, options: object) => void;

/** Comparison of a machine and its successors in one conversation. */
export interface Outcome {
  takeovers: number;
  difference: string | undefined;
}

interface Succession<Built> {
  readonly kind: Kind<Built>;
  /** Options without random numbers. */
  readonly options: object;
  readonly seed: number;
  readonly spoil: Spoil | undefined;
}

/** @returns a machine to converse with, whose steps its successors follow */
export function succeeded<Input, Action, Built extends Subject<Input, Action>>({
  kind,
  options,
  seed,
  spoil,
}: Succession<Built>): { readonly machine: Built; readonly outcome: Outcome } {
  const outcome: Outcome = { takeovers: 0, difference: undefined };
  const chance = seededRandom(seed);
  let draw = seededRandom(seed);
  let step = 0;
  const build = () => {
    const all = { ...options, random: () => draw() };
    const machine = kind.create(all);
    return { machine, options: all, snapshots: new MachineSnapshots(machine, all, kind.laterClasses) };
  };
  const decide = (machine: Built, input: Input, nowMs: number): Action[] => {
    draw = seededRandom(seed + step); // the same numbers for both
    return machine.handle(input, nowMs);
  };
  const lookOf = (machine: Built, actions: readonly Action[], nowMs: number): string => {
    const { state } = machine;
    return encodeValue({ actions, state, wakeAtMs: machine.wakeAtMs(), seen: kind.lookAt(machine, nowMs) });
  };
  const first = build();
  let last: ReturnType<typeof build> | undefined;
  const takeOver = (): string | undefined => {
    const before = encodeValue(first.snapshots.capture());
    const [was, is] = [stateText(first), stateText(last ?? first)];
    if (was !== is) return `${was}\n${is}`;
    const next = build();
    if (!next.snapshots.restore(decodeValue(before) as object)) return 'another layout';
    const after = encodeValue(next.snapshots.capture());
    spoil?.(next.machine, next.options);
    last = next;
    outcome.takeovers += 1;
    return after === before ? undefined : `${before}\n${after}`;
  };
  const follow = (input: Input, nowMs: number, actions: readonly Action[]): string | undefined => {
    if (last === undefined) return undefined;
    const [was, is] = [
      lookOf(first.machine, actions, nowMs),
      lookOf(last.machine, decide(last.machine, input, nowMs), nowMs),
    ];
    return was === is ? undefined : `step ${step}, ${encodeValue(input)}:\n${was}\n${is}`;
  };
  const attempt = (compare: () => string | undefined): void => {
    try {
      outcome.difference ??= compare();
    } catch (error) {
      outcome.difference = String(error);
    }
  };
  const handle = (input: Input, nowMs: number): Action[] => {
    step += 1;
    const actions = decide(first.machine, input, nowMs);
    attempt(() => follow(input, nowMs, actions));
    if (chance() < TAKEOVER_CHANCE) attempt(takeOver);
    return actions;
  };
  const machine = new Proxy(first.machine, {
    get: (target, key) => (key === 'handle' ? handle : Reflect.get(target, key, target)),
  });
  return { machine, outcome };
}

/** State of a machine as text: all fields of its objects, without its options. */
function stateText({ machine, options }: { readonly machine: object; readonly options: object }): string {
  const outside = new Set(within(options));
  const seen = new Set<object>();
  const stateOf = (value: unknown): unknown => {
    if (typeof value === 'function') return 'function';
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    if (outside.has(value)) return 'option';
    if (value instanceof Map || value instanceof Set || Array.isArray(value)) return Array.from(value, stateOf);
    const { name } = value.constructor;
    if (name !== 'Object' && seen.has(value)) return name;
    seen.add(value);
    return Object.entries(value).map(stateOf);
  };
  return encodeValue(stateOf(machine));
}

export function linkKind({ create, laterClasses }: LinkDriver): Kind<LinkMachine> {
  return {
    create: create as Kind<LinkMachine>['create'],
    laterClasses,
    lookAt: (link) => ({
      counters: link.counters,
      attached: link.attachedSubdevices().map((id) => [id, link.lastReceivedAtMs(id)]),
      unanswered: link.unanswered(),
      sleepers: link.sleepers(),
      probeable: link.probeable(),
    }),
  };
}

/** Peer of a machine, and source of its commands. */
export interface Talk<Input, Action> {
  /** Next input, except the timer of the machine. */
  next(): Input;
  handle(action: Action): void;
}

/** Most inputs follow at once, some after seconds. */
function pauseMs(random: Random): number {
  return Math.floor(random() < 0.9 ? random() * 40 : random() * 8000);
}

/** @param steps length of the conversation */
export function talkWith<Input, Action, Built extends Subject<Input, Action>>(
  { machine, outcome }: { readonly machine: Built; readonly outcome: Outcome },
  talk: Talk<Input, Action>,
  { random, steps }: { readonly random: Random; readonly steps: number },
): Outcome {
  let nowMs = 5000;
  for (let step = 0; step < steps && outcome.difference === undefined; step += 1) {
    const atMs = nowMs + pauseMs(random);
    const wakeAtMs = machine.wakeAtMs() ?? Number.POSITIVE_INFINITY;
    nowMs = Math.max(nowMs, Math.min(atMs, wakeAtMs));
    const input = wakeAtMs <= atMs ? ({ kind: 'wake' } as const) : talk.next();
    for (const action of machine.handle(input, nowMs)) talk.handle(action);
  }
  return outcome;
}

interface Conversations {
  readonly seeds: readonly number[];
  readonly converse: (seed: number, spoil?: Spoil) => Outcome;
}

/** Describes the tests that a successor makes the same decisions, and that a missing part of its state is detected. */
export function describeSuccession(what: string, { seeds, converse }: Conversations): void {
  const sample = seeds.slice(0, IS_LONG_RUN ? undefined : SEEDS_IN_SAMPLE);

  describe(what, () => {
    it('makes the same decisions from then on, after any inputs', () => {
      let takeovers = 0;
      for (const seed of sample) {
        const outcome = converse(seed);
        expect({ seed, difference: outcome.difference }).toEqual({ seed, difference: undefined });
        takeovers += outcome.takeovers;
      }
      expect(takeovers).toBeGreaterThan(SEEDS_IN_SAMPLE * 5);
    });

    it('negative control: a missing field is detected, for each kind of value that its state contains', () => {
      const fields = new Map<string, string>();
      for (const seed of sample)
        converse(seed, (successor, options) => {
          for (const { name, value } of fieldsOf(successor, options)) fields.set(name, valueKind(value));
        });
      const isNoticed = (name: string): boolean =>
        sample.some((seed) => converse(seed, (...machine) => omit(name, ...machine)).difference !== undefined);
      const kinds = new Set(fields.values());
      expect(kinds.size).toBeGreaterThan(4);
      for (const kind of kinds) {
        const ofKind = [...fields].filter(([, one]) => one === kind).map(([name]) => name);
        expect([kind, ofKind.find(isNoticed)]).toEqual([kind, expect.any(String)]);
      }
    });
  });
}

interface Field {
  /** Class and name, or the name alone for a field of a plain object. */
  readonly name: string;
  readonly value: unknown;
  readonly owner: object;
  readonly key: string;
}

/** Fields of all objects of a machine that have a significant value. */
function* fieldsOf(value: unknown, options: object, seen = new Set<unknown>(within(options))): Generator<Field> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
    for (const one of value.values()) yield* fieldsOf(one, options, seen);
    return;
  }
  const { name } = value.constructor;
  for (const [key, one] of Object.entries(value)) {
    if (isSignificant(one) && !seen.has(one))
      yield { name: name === 'Object' ? key : `${name}.${key}`, value: one, owner: value, key };
    yield* fieldsOf(one, options, seen);
  }
}

function* within(value: unknown): Generator<unknown> {
  if (typeof value !== 'object' || value === null) return;
  yield value;
  for (const one of value instanceof Map ? value.values() : Object.values(value)) yield* within(one);
}

function isSignificant(value: unknown): boolean {
  if (value instanceof Map || value instanceof Set) return value.size > 0;
  if (value instanceof Uint8Array) return value.some((octet) => octet !== 0);
  if (Array.isArray(value)) return value.length > 0;
  return Boolean(value) && typeof value !== 'function';
}

function valueKind(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value;
  const { name } = value.constructor;
  return ['Array', 'Map', 'Set', 'Uint8Array', 'Object'].includes(name) ? name : 'part';
}

function omit(name: string, machine: object, options: object): void {
  for (const field of [...fieldsOf(machine, options)]) {
    if (field.name !== name) continue;
    Reflect.set(field.owner, field.key, neutral(field.value));
  }
}

/** Value of the same type that contains nothing. */
function neutral(value: unknown): unknown {
  if (typeof value === 'number') return 0;
  if (typeof value === 'string') return '';
  if (typeof value === 'boolean') return false;
  if (value instanceof Map) return new Map();
  if (value instanceof Set) return new Set();
  if (value instanceof Uint8Array) return new Uint8Array(value.length);
  return Array.isArray(value) ? [] : undefined;
}

/**
 * A machine in a random conversation: its state is written down between any two steps and restored in a new machine,
 * which must make the same decisions.
 */
import type { Machine } from '../../../src/base/machine.ts';
import { type Random, seededRandom } from '../../../src/base/random.ts';
import type { Restorable } from '../../../src/base/snapshot.ts';
import { decodeValue, encodeValue } from '../../../src/recorder/recording-file.ts';

type Subject<Input, Action> = Machine<Input, Action> & Restorable<object> & { readonly state: string };
type Wake = { readonly kind: 'wake' };

/** Peer of a machine, and source of its commands. */
export interface Talk<Input, Action> {
  /** Next input, except the timer of the machine. */
  next(): Input;
  handle(action: Action): void;
}

export interface Play<Input, Action, Built> {
  readonly make: (random: Random) => Built & Subject<Input | Wake, Action>;
  readonly talk: (random: Random) => Talk<Input, Action>;
  /** Observable state other than decisions. */
  readonly lookAt: (machine: Built, nowMs: number) => object;
}

interface Step<Input> {
  readonly input: Input;
  readonly nowMs: number;
  readonly draws: readonly number[];
  /** Previous state of the machine, encoded. */
  readonly before: string;
  /** Decisions, state, timer, counters. */
  readonly outcome: string;
}

export interface Course<Input> {
  readonly steps: readonly Step<Input | Wake>[];
  readonly end: string;
}

/** Most inputs follow at once, some after seconds. */
function pauseMs(random: Random): number {
  return Math.floor(random() < 0.9 ? random() * 40 : random() * 8000);
}

export function playThrough<Input, Action, Built>(
  play: Play<Input, Action, Built>,
  seed: number,
  length: number,
): Course<Input> {
  const random = seededRandom(seed);
  const chance = seededRandom(~seed);
  let draws: number[] = [];
  const machine = play.make(() => {
    const drawn = chance();
    draws.push(drawn);
    return drawn;
  });
  const talk = play.talk(random);
  const steps: Step<Input | Wake>[] = [];
  let nowMs = 5000;
  while (steps.length < length) {
    const atMs = nowMs + pauseMs(random);
    const wakeAtMs = machine.wakeAtMs() ?? Number.POSITIVE_INFINITY;
    nowMs = Math.max(nowMs, Math.min(atMs, wakeAtMs));
    const input = wakeAtMs <= atMs ? ({ kind: 'wake' } as const) : talk.next();
    const snapshot = machine.snapshot();
    const before = encodeValue(snapshot);
    draws = [];
    const actions = machine.handle(input, nowMs);
    if (encodeValue(snapshot) !== before) throw new Error(`step ${steps.length} changed what had been written down`);
    steps.push({ input, nowMs, draws, before, outcome: outcomeOf(play, machine, { actions, nowMs }) });
    for (const action of actions) talk.handle(action);
  }
  return { steps, end: encodeValue(machine.snapshot()) };
}

function outcomeOf<Input, Action, Built>(
  { lookAt }: Play<Input, Action, Built>,
  machine: Built & Subject<Input | Wake, Action>,
  { actions, nowMs }: { readonly actions: readonly Action[]; readonly nowMs: number },
): string {
  return encodeValue({ actions, state: machine.state, wakeAtMs: machine.wakeAtMs(), seen: lookAt(machine, nowMs) });
}

/**
 * @returns the first step with another decision; the number of all steps: another final state; `undefined`: no
 * difference
 */
export function goOn<Input, Action, Built>(
  play: Play<Input, Action, Built>,
  course: Course<Input>,
  { from, snapshot }: { readonly from: number; readonly snapshot: unknown },
): number | undefined {
  let draws: number[] = [];
  const machine = play.make(() => draws.shift() ?? 0);
  let at = from;
  try {
    machine.restore(snapshot as object);
    for (const step of course.steps.slice(from)) {
      draws = [...step.draws];
      const actions = machine.handle(step.input, step.nowMs);
      if (outcomeOf(play, machine, { actions, nowMs: step.nowMs }) !== step.outcome || draws.length > 0) return at;
      at += 1;
    }
    return encodeValue(machine.snapshot()) === course.end ? undefined : at;
  } catch {
    return at;
  }
}

/** Path from the root to a field of plain values; `*` stands for any key of a Map. */
interface Field {
  readonly path: string;
  /** Removes the field from the value in which it was found. */
  readonly remove: () => void;
}

/**
 * Fields with a significant value: a new machine begins with `false`, 0 or nothing. Packets and states count as one
 * field.
 */
function* fieldsOf(value: unknown, path = ''): Generator<Field> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || Array.isArray(value)) return;
  if (value instanceof Map) {
    for (const one of value.values()) yield* fieldsOf(one, `${path}.*`);
    return;
  }
  if ('kind' in value) return;
  for (const [name, one] of Object.entries(value)) {
    const remove = (): void => void Reflect.deleteProperty(value, name);
    const isBlank = one === false || one === 0 || isEmpty(one);
    if (!isBlank) yield { path: `${path}.${name}`, remove };
    yield* fieldsOf(one, `${path}.${name}`);
  }
}

function isEmpty(value: unknown): boolean {
  if (value instanceof Map) return value.size === 0;
  return (value instanceof Uint8Array || Array.isArray(value)) && value.length === 0;
}

/** Steps between two attempts; more steps find rarer fields. */
const STRIDE = 3;

/**
 * Returns the fields of the snapshots below `root` that can be left out without any later difference in these
 * courses.
 */
export function unnoticedFields<Input, Action, Built>(
  play: Play<Input, Action, Built>,
  courses: readonly Course<Input>[],
  root: string,
): string[] {
  const unnoticed = new Set<string>();
  const noticed = new Set<string>();
  for (const course of courses) {
    for (let from = 0; from < course.steps.length; from += STRIDE) {
      const before = course.steps[from]?.before ?? '{}';
      const fields = [...fieldsOf(decodeValue(before))];
      for (const [index, { path }] of fields.entries()) {
        if (noticed.has(path) || !path.startsWith(root)) continue;
        const snapshot = decodeValue(before);
        [...fieldsOf(snapshot)][index]?.remove();
        const at = goOn(play, course, { from, snapshot });
        if (at !== undefined && at < course.steps.length) noticed.add(path);
        else unnoticed.add(path);
      }
    }
  }
  return [...unnoticed].filter((path) => !noticed.has(path)).sort();
}

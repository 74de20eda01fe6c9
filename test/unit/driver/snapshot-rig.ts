/**
 * A machine through a random conversation, written down between any two steps, and taken back into a new one that has to
 * go on as if nothing had happened.
 */
import type { Machine } from '../../../src/base/machine.ts';
import { type Random, seededRandom } from '../../../src/base/random.ts';
import type { Restorable } from '../../../src/base/snapshot.ts';
import { decodeValue, encodeValue } from '../../../src/recorder/recording-file.ts';

type Subject<Input, Action> = Machine<Input, Action> & Restorable<object> & { readonly state: string };
type Wake = { readonly kind: 'wake' };

/** The other end of a machine, and whoever gives it orders. */
export interface Talk<Input, Action> {
  /** What happens next, as far as it is not the machine's own timer. */
  next(): Input;
  handle(action: Action): void;
}

export interface Play<Input, Action, Built> {
  readonly make: (random: Random) => Built & Subject<Input | Wake, Action>;
  readonly talk: (random: Random) => Talk<Input, Action>;
  /** What can be seen of it besides its decisions. */
  readonly lookAt: (machine: Built, nowMs: number) => object;
}

interface Step<Input> {
  readonly input: Input;
  readonly nowMs: number;
  readonly draws: readonly number[];
  /** The machine before, encoded. */
  readonly before: string;
  /** Decisions, state, timer, counters. */
  readonly outcome: string;
}

export interface Course<Input> {
  readonly steps: readonly Step<Input | Wake>[];
  readonly end: string;
}

/** Most things follow at once, some after seconds. */
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

/** @returns the step from which on it goes otherwise; the number of all: it ends otherwise; `undefined`: as before */
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

/** A field of plain values, from the root; `*` stands for any key of a Map. */
interface Field {
  readonly path: string;
  /** Takes it out of the value that it was found in. */
  readonly remove: () => void;
}

/**
 * Those that say something: a `false`, a 0 or nothing at all is what a new machine begins with. Packets and states are one
 * thing each.
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

/** Steps between two tries; more of them find rarer fields. */
const STRIDE = 3;

/** Which fields of the snapshots of these courses below `root` can be left out without anybody noticing by what happens later? */
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

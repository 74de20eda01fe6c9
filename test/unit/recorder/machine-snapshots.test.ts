/** Snapshots of machines of all forms: what is restored, what stays a part of the new machine, and what is rejected. */
import { describe, expect, it } from 'vitest';
import { MachineSnapshots } from '../../../src/recorder/machine-snapshots.ts';
import { decodeValue, encodeValue } from '../../../src/recorder/recording-file.ts';

interface Options {
  readonly points: readonly { readonly name: string }[];
  readonly random: () => number;
}

class Counter {
  private readonly report: (count: number) => void;
  count = 0;

  constructor(report: (count: number) => void) {
    this.report = report;
  }

  step(): void {
    this.count += 1;
    this.report(this.count);
  }
}

class Session {
  readonly counter: Counter;
  name = 'session';

  constructor(counter: Counter) {
    this.counter = counter;
  }
}

class Whole {
  readonly reports: number[] = [];
  readonly options: Options;
  readonly counter: Counter;
  value: unknown;
  other: unknown;

  constructor(options: Options) {
    this.options = options;
    this.counter = new Counter((count) => this.reports.push(count));
  }
}

class Hidden {
  #count = 0;

  step(): number {
    this.#count += 1;
    return this.#count;
  }
}

const OPTIONS = { points: [{ name: 'a' }, { name: 'b' }] };

function build(points: Options['points'] = OPTIONS.points) {
  const options: Options = { points, random: () => 0.5 };
  const machine = new Whole(options);
  return { machine, snapshots: new MachineSnapshots(machine, options, [Session, Hidden]) };
}

/** Machine restored from a snapshot of `machine`, as a recording file has it. */
function restored({ snapshots }: ReturnType<typeof build>): Whole {
  const next = build(decodeValue(encodeValue(OPTIONS.points)) as Options['points']);
  expect(next.snapshots.restore(decodeValue(encodeValue(snapshots.capture())) as object)).toBe(true);
  return next.machine;
}

describe('a restored machine', () => {
  it.each([
    ['numbers', [0, -1, 0.1, 2 ** 40, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    ['texts', ['', 'short', 'a longer text', 'a longer text']],
    ['truth values, undefined and null', [true, false, undefined, null]],
    ['byte arrays', [Uint8Array.of(), Uint8Array.of(0, 255)]],
    ['lists', [[], [1, [2, [undefined]]]]],
    [
      'Maps',
      [
        new Map<unknown, unknown>([
          [1, 'x'],
          ['y', undefined],
          [undefined, new Map([[true, null]])],
        ]),
      ],
    ],
    ['Sets', [new Set([1, 'x', undefined])]],
    ['plain objects', [{}, { kind: 'open', atMs: undefined, deep: { list: [{}] } }]],
    ['fields that have special names elsewhere', [{ kind: undefined, constructor: 1, length: 2, layout: 3 }]],
  ])('has the same %s', (_, value) => {
    const pair = build();
    pair.machine.value = value;
    expect(restored(pair).value).toEqual(value);
  });

  it('has one object for several references, also in cycles', () => {
    const pair = build();
    const delivery: Record<string, unknown> = { token: 1 };
    delivery.self = delivery;
    pair.machine.value = [delivery, new Set([delivery])];
    pair.machine.other = new Map([[delivery, delivery]]);
    const { value, other } = restored(pair);
    const [first, set] = value as [Record<string, unknown>, Set<unknown>];
    expect(first.self).toBe(first);
    expect([...set]).toEqual([first]);
    const [entry] = other as Map<unknown, unknown>;
    expect(entry?.[0]).toBe(first);
    expect(entry?.[1]).toBe(first);
  });

  it('keeps its own parts, and functions that refer to them', () => {
    const pair = build();
    pair.machine.counter.step();
    const next = restored(pair);
    next.counter.step();
    expect(next.reports).toEqual([1, 2]);
    expect(pair.machine.reports).toEqual([1]);
  });

  it('refers to its own options', () => {
    const pair = build();
    pair.machine.value = { read: [pair.machine.options.points[1]], random: pair.machine.options.random };
    const next = restored(pair);
    const { read, random } = next.value as { read: unknown[]; random: unknown };
    expect(read[0]).toBe(next.options.points[1]);
    expect(random).toBe(next.options.random);
  });

  it('has objects that were created later, which refer to its parts', () => {
    const pair = build();
    const session = new Session(pair.machine.counter);
    session.name = 'renamed';
    pair.machine.value = new Map([['s', session]]);
    const next = restored(pair);
    const made = (next.value as Map<string, Session>).get('s');
    expect(made).toBeInstanceOf(Session);
    expect(made?.name).toBe('renamed');
    expect(made?.counter).toBe(next.counter);
  });

  it('refers to its options by their position, even if two of them were one object', () => {
    const shared = { name: 'a' };
    const pair = build([shared, shared]);
    pair.machine.value = pair.machine.counter;
    expect(restored(pair).value).toBeInstanceOf(Counter);
  });
});

describe('a snapshot', () => {
  it('does not change with later steps', () => {
    const { machine, snapshots } = build();
    const bytes = Buffer.from('first');
    machine.value = { bytes, list: [1] };
    const snapshot = snapshots.capture();
    const text = encodeValue(snapshot);
    bytes.write('other');
    (machine.value as { list: number[] }).list.push(2);
    machine.counter.step();
    expect(encodeValue(snapshot)).toBe(text);
  });

  it('contains nothing of the options', () => {
    const { machine, snapshots } = build([{ name: 'secret' }]);
    machine.value = machine.options.points;
    expect(encodeValue(snapshots.capture())).not.toContain('secret');
  });

  it.each([
    ['a function', () => 1, 'value: kept: a function created later cannot be saved'],
    ['an object of an unknown class', new (class Unlisted {})(), 'an object of class Unlisted cannot be saved'],
    ['an object with fields that are not visible', new Hidden(), 'an object of class Hidden cannot be saved'],
    ['a built-in object', new Date(0), 'an object of class Date cannot be saved'],
    ['an object without a class', Object.create(null), 'an object of class null cannot be saved'],
    ['a bigint', 1n, 'a bigint cannot be saved'],
    ['a symbol', Symbol('x'), 'a symbol cannot be saved'],
    ['a field with a reserved name', { $part: 1 }, 'a field $part cannot be saved'],
  ])('is rejected if the state contains %s', (_, kept, problem) => {
    const { machine, snapshots } = build();
    machine.value = { kept };
    expect(() => snapshots.capture()).toThrow(problem);
  });

  it('is not restored in a machine with other parts or options', () => {
    const { snapshots } = build();
    expect(build([{ name: 'a' }]).snapshots.restore(snapshots.capture())).toBe(false);
    const other = new MachineSnapshots(new Counter(() => {}), {}, []);
    expect(other.restore(snapshots.capture())).toBe(false);
  });
});

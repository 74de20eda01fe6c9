/**
 * Snapshots of one machine: its state as plain values, so that a recording can begin while the machine runs. The fields
 * of the machine's objects are read and written from outside, so no class contains code for this.
 *
 * - The options are not state. A reference to an object of the options is saved as its number.
 * - The objects of classes that a new machine consists of, and the functions that it has, are its parts. They have the
 *   same numbers in every machine built by the same code with the same options. A restored machine keeps its own parts
 *   and gets their saved fields.
 * - All other objects are created again: plain objects, lists, Maps, Sets, and objects of the `laterClasses`.
 *   References to one object stay references to one object. Byte arrays are copied, each by itself.
 *
 * Values in a snapshot (numbers, short texts, byte arrays, Maps and plain objects stay as they are):
 *
 *     {$part: 3, …}          part with its fields
 *     {$class: 'Ping', …}    object that was created later, with its fields
 *     {$list: […]}, {$set: […]}
 *     [12]                   object of the options, part, or earlier object or text of this snapshot, by number
 *     null                   undefined
 *     {$value: 'null'}       null, NaN, Infinity or -Infinity
 *
 * Numbers begin with the objects of the options, followed by the parts, followed by the other objects and the texts of
 * the snapshot in their order.
 */
import { crc32 } from '../codec/crc32.ts';

type PartClass = abstract new (...args: never[]) => object;

interface Written {
  readonly [field: string]: unknown;
  readonly $value?: string;
  readonly $list?: readonly unknown[];
  readonly $set?: readonly unknown[];
  readonly $part?: number;
  readonly $class?: string;
}

export class MachineSnapshots {
  readonly #machine: object;
  /** Objects of the options, then the parts. Their indexes are their numbers. */
  readonly #known: object[] = [];
  readonly #numbers = new Map<object, number>();
  readonly #optionCount: number;
  /** Name → prototype. */
  readonly #prototypes = new Map<string, object>();
  /** Checksum of the parts. Equal for machines built by the same code with the same options. */
  readonly #layout: number;

  /**
   * @param machine new machine, before its first step
   * @param options options with which the machine was built
   * @param laterClasses classes of objects that the machine may create after its construction
   */
  constructor(machine: object, options: object, laterClasses: readonly PartClass[]) {
    this.#machine = machine;
    for (const { prototype } of laterClasses) this.#addClass(prototype);
    this.#addOption(options);
    this.#optionCount = this.#known.length;
    for (const one of [...contentOf(options), machine]) this.#addParts(one, new Set());
    const words = this.#known.map((one) => `${one.constructor?.name} ${isInstance(one) ? Object.keys(one) : ''}`);
    this.#layout = crc32(new TextEncoder().encode([...words, ...this.#prototypes.keys()].join()));
  }

  /** Called between two steps. @throws if the state contains anything that cannot be saved */
  capture(): object {
    return { layout: this.#layout, machine: this.#write(this.#machine, new Map()) };
  }

  /**
   * Gives a new machine the state in the snapshot. @returns false if the snapshot is of another version of the program;
   * @throws if the snapshot is damaged
   */
  restore(snapshot: object): boolean {
    const { layout, machine } = snapshot as { readonly layout?: number; readonly machine?: unknown };
    if (layout !== this.#layout) return false;
    if (this.#read(machine, []) !== this.#machine) throw new Error('a snapshot without a machine');
    return true;
  }

  /**
   * Numbers the objects of the options by their position. An object that two options share takes two positions, because
   * it becomes two objects in a recalled copy.
   */
  #addOption(value: unknown): void {
    if (!isObject(value) || typeof value === 'function') return;
    if (!this.#numbers.has(value)) this.#numbers.set(value, this.#known.length);
    this.#known.push(value);
    for (const inner of contentOf(value)) this.#addOption(inner);
  }

  #addParts(value: unknown, visited: Set<object>): void {
    if (!isObject(value) || visited.has(value) || this.#numbers.has(value)) return;
    visited.add(value);
    if (isInstance(value) && !this.#addClass(Object.getPrototypeOf(value))) return;
    if (isInstance(value) || typeof value === 'function') this.#numbers.set(value, this.#known.push(value) - 1);
    for (const inner of isInstance(value) ? Object.values(value) : contentOf(value)) this.#addParts(inner, visited);
  }

  /** @returns false if objects of this class have state that is not visible from outside */
  #addClass(prototype: object | null): boolean {
    if (prototype === null || Object.getPrototypeOf(prototype) !== Object.prototype) return false;
    if (this.#prototypes.get(prototype.constructor.name) === prototype) return true;
    const source = String(prototype.constructor);
    if (!source.startsWith('class ') || source.includes('this.#')) return false;
    this.#prototypes.set(prototype.constructor.name, prototype);
    return true;
  }

  #write(value: unknown, seen: Map<object | string, number>): unknown {
    if (value === undefined) return null;
    if (value === null || (typeof value === 'number' && !Number.isFinite(value))) return { $value: String(value) };
    if (typeof value === 'string' && value.length >= SHARED_LENGTH_MIN) return this.#earlier(value, seen) ?? value;
    if (typeof value === 'object') return this.#writeObject(value, seen);
    if (typeof value === 'function' && this.#numbers.has(value)) return [this.#numbers.get(value)];
    if (typeof value === 'function') throw new Error('a function created later cannot be saved');
    if (typeof value === 'bigint' || typeof value === 'symbol') throw new Error(`a ${typeof value} cannot be saved`);
    return value;
  }

  /** Reference to a text or object that this snapshot contains already. */
  #earlier(value: object | string, seen: Map<object | string, number>, number = this.#known.length + seen.size) {
    const earlier = seen.get(value);
    if (earlier !== undefined) return [earlier];
    seen.set(value, number);
    return undefined;
  }

  #writeObject(value: object, seen: Map<object | string, number>): unknown {
    if (value instanceof Uint8Array) return new Uint8Array(value);
    const number = this.#numbers.get(value);
    if (number !== undefined && number < this.#optionCount) return [number];
    const earlier = this.#earlier(value, seen, number);
    if (earlier !== undefined) return earlier;
    if (Array.isArray(value)) return { $list: value.map((one) => this.#write(one, seen)) };
    if (value instanceof Map) {
      const map = new Map<unknown, unknown>();
      for (const [key, one] of value) map.set(this.#write(key, seen), this.#write(one, seen));
      return map;
    }
    if (value instanceof Set) return { $set: Array.from(value, (one) => this.#write(one, seen)) };
    const written: Record<string, unknown> = { ...this.#headOf(value, number), ...value };
    for (const key of Object.keys(value)) {
      if (key[0] === '$') throw new Error(`a field ${key} cannot be saved`);
      try {
        written[key] = this.#write(written[key], seen);
      } catch (cause) {
        throw new Error(`${key}: ${cause instanceof Error ? cause.message : cause}`);
      }
    }
    return written;
  }

  #headOf(value: object, number: number | undefined): Pick<Written, '$part' | '$class'> {
    if (number !== undefined) return { $part: number };
    const prototype: object | null = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) return {};
    const name = prototype?.constructor.name ?? 'null';
    if (prototype === null || this.#prototypes.get(name) !== prototype)
      throw new Error(`an object of class ${name} cannot be saved: it is no known part, or has fields with #`);
    return { $class: name };
  }

  /** @param made texts and objects read before, in their order */
  #read(value: unknown, made: unknown[]): unknown {
    if (value === null) return undefined;
    if (typeof value === 'string' && value.length >= SHARED_LENGTH_MIN) made.push(value);
    if (typeof value !== 'object') return value;
    if (value instanceof Uint8Array) return new Uint8Array(value);
    if (Array.isArray(value)) return existing(this.#known[value[0]] ?? made[value[0] - this.#known.length]);
    if (value instanceof Map) {
      const map = added(made, new Map<unknown, unknown>());
      for (const [key, one] of value) map.set(this.#read(key, made), this.#read(one, made));
      return map;
    }
    const { $value, $list, $set, $part, $class, ...fields } = value as Written;
    if ($value !== undefined) return $value === 'null' ? null : Number($value);
    const items = $list ?? $set;
    if (items !== undefined) {
      const group = added<unknown[] | Set<unknown>>(made, $set === undefined ? [] : new Set());
      for (const one of items)
        Array.isArray(group) ? group.push(this.#read(one, made)) : group.add(this.#read(one, made));
      return group;
    }
    const later = (): object => ($class === undefined ? {} : Object.create(existing(this.#prototypes.get($class))));
    const target = added(made, $part === undefined ? later() : existing(this.#known[$part]));
    for (const [key, one] of Object.entries(fields))
      Object.defineProperty(target, key, { ...PROPERTY, value: this.#read(one, made) });
    return target;
  }
}

/** Smallest length of a text that is written only once in a snapshot. A shorter text is written each time. */
const SHARED_LENGTH_MIN = 8;
const PROPERTY = { configurable: true, enumerable: true, writable: true } as const;

function isObject(value: unknown): value is object {
  if (typeof value === 'function') return true;
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}

const CONTAINERS = new Set<unknown>([Object.prototype, Array.prototype, Map.prototype, Set.prototype]);

function isInstance(value: object): boolean {
  return typeof value === 'object' && !CONTAINERS.has(Object.getPrototypeOf(value));
}

/**
 * Content of a plain object, list, Map or Set. Fields are sorted by name, because their order may differ between two
 * equal objects.
 */
function contentOf(value: object): unknown[] {
  if (value instanceof Map) return [...value].flat();
  if (value instanceof Set || Array.isArray(value)) return [...value];
  const fields = Object.getPrototypeOf(value) === Object.prototype ? Object.entries(value) : [];
  return fields.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, inner]) => inner);
}

function added<Made extends object>(made: unknown[], one: Made): Made {
  made.push(one);
  return one;
}

function existing<Found>(found: Found | undefined): Found {
  if (found === undefined) throw new Error('a snapshot refers to something that does not exist');
  return found;
}

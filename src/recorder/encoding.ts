/**
 * Fast encoding of plain values as bytes. The flight recorder keeps these instead of objects, which would grow old in
 * the heap (measured under a flood: 340 MB of RSS instead of 78). Used within one process only.
 */
import type { ByteRing } from './ring.ts';

const TAG = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  number: 4,
  text: 5,
  bytes: 6,
  list: 7,
  map: 8,
  object: 9,
  word: 10,
  whole: 11,
};
const SIZE_BYTES_FIRST = 4096;
/** Length up to which a loop writes ASCII faster than a call into the runtime. */
const SHORT_BYTES = 32;
/** Names of the fields of an object, in their order. */
interface Shape {
  readonly number: number;
  readonly fields: readonly string[];
}

/** Shapes of the objects with the same kind, or without a kind and with the same first field. */
interface Family {
  /** Number of the kind among the words. */
  readonly word: number;
  readonly shapes: Shape[];
  /** Shape of the last object: usually the shape of the next one too. */
  last: Shape;
}

/** Names and shapes used so far, by number: a few hundred of our own types. */
export class Vocabulary {
  readonly #numbers = new Map<string, number>();
  readonly #words: string[] = [];
  readonly #shapes: Shape[] = [];
  readonly #families = new Map<string, Family>();

  numberOf(word: string): number {
    const known = this.#numbers.get(word);
    if (known !== undefined) return known;
    this.#numbers.set(word, this.#words.length);
    return this.#words.push(word) - 1;
  }

  word(number: number): string {
    return this.#words[number] ?? '';
  }

  /** @returns shapes of the objects like `value`; `last` is the shape of `value` if this kind is new */
  familyOf(value: object, kind: string): Family {
    const known = this.#families.get(kind);
    if (known !== undefined) return known;
    const shape = this.#newShape(Object.keys(value));
    const family = { word: this.numberOf(kind), shapes: [shape], last: shape };
    this.#families.set(kind, family);
    return family;
  }

  /** Makes the shape of `value` the last of its family. */
  select(family: Family, value: object): Shape {
    const fields = Object.keys(value);
    let shape = family.shapes.find((one) => areSame(one.fields, fields));
    if (shape === undefined) {
      shape = this.#newShape(fields);
      family.shapes.push(shape);
    }
    family.last = shape;
    return shape;
  }

  fields(number: number): readonly string[] {
    return this.#shapes[number]?.fields ?? [];
  }

  #newShape(fields: readonly string[]): Shape {
    const shape = { number: this.#shapes.length, fields };
    this.#shapes.push(shape);
    return shape;
  }
}

function areSame(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false;
  return true;
}

/** Writes values one after the other into a buffer that grows up to its maximum. */
export class CompactWriter {
  readonly #words: Vocabulary;
  readonly #bytesMax: number;
  #buffer = Buffer.allocUnsafe(SIZE_BYTES_FIRST);
  #at = 0;

  constructor(words: Vocabulary, bytesMax: number) {
    this.#words = words;
    this.#bytesMax = bytesMax;
  }

  /** Bytes written since `clear`. `undefined`: more than the maximum. Valid until the next write or `clear`. */
  get written(): Buffer | undefined {
    return this.#at > this.#bytesMax ? undefined : this.#buffer.subarray(0, this.#at);
  }

  /** Adds the bytes written since `clear` to the ring as one record. */
  moveTo(ring: ByteRing): void {
    if (this.#at > this.#bytesMax) ring.add(undefined);
    else ring.add(this.#buffer, this.#at);
  }

  /** Bytes since `clear`, including those beyond the maximum. */
  get length(): number {
    return this.#at;
  }

  clear(): void {
    this.#at = 0;
  }

  /** Removes everything written since the length was `length`. */
  cut(length: number): void {
    this.#at = Math.min(this.#at, length);
  }

  number(value: number): void {
    if (value >>> 0 === value) this.#head(TAG.whole, value, 0);
    else if (this.#tag(TAG.number, 8)) this.#buffer.writeDoubleLE(value, this.#at - 8);
  }

  /** Writes a word of a small vocabulary. */
  word(value: string): void {
    this.#head(TAG.word, this.#words.numberOf(value), 0);
  }

  bytes(value: Uint8Array): void {
    if (this.#head(TAG.bytes, value.length, value.length)) this.#buffer.set(value, this.#at - value.length);
  }

  list(values: readonly unknown[]): void {
    this.listOf(values.length);
    for (const value of values) this.value(value);
  }

  /** Begins a list. The caller writes its `length` values. */
  listOf(length: number): void {
    this.#head(TAG.list, length, 0);
  }

  object(value: object): void {
    const kind = 'kind' in value && typeof value.kind === 'string' ? value.kind : firstFieldOf(value);
    const family = this.#words.familyOf(value, kind);
    const start = this.#at;
    if (this.#fields(value, family, family.last)) return;
    this.#at = start;
    this.#fields(value, family, this.#words.select(family, value));
  }

  value(value: unknown): void {
    if (typeof value === 'string') this.#text(value);
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'boolean') this.#tag(value ? TAG.true : TAG.false, 0);
    else if (value === undefined) this.#tag(TAG.undefined, 0);
    else if (value === null) this.#tag(TAG.null, 0);
    else if (value instanceof Uint8Array) this.bytes(value);
    else if (Array.isArray(value)) this.list(value);
    else if (value instanceof Map) {
      this.#head(TAG.map, value.size, 0);
      for (const pair of value) this.list(pair);
    } else this.object(value as object);
  }

  /** @returns whether the object has this shape; if not, what was written must be overwritten */
  #fields(value: object, { word }: Family, { number, fields }: Shape): boolean {
    this.#head(TAG.object, number, 0);
    let place = 0;
    // unlike `Object.keys`, the loop allocates no list
    for (const field in value) {
      if (field !== fields[place]) return false;
      place += 1;
      const one: unknown = value[field as keyof typeof value];
      if (field === 'kind' && typeof one === 'string') this.#head(TAG.word, word, 0);
      else this.value(one);
    }
    return place === fields.length;
  }

  #text(value: string): void {
    if (value.length <= SHORT_BYTES && this.#shortText(value)) return;
    const bytes = Buffer.byteLength(value);
    if (this.#head(TAG.text, bytes, bytes)) this.#buffer.write(value, this.#at - bytes);
  }

  /** @returns whether the text is ASCII, so that it is written */
  #shortText(value: string): boolean {
    const start = this.#at;
    const bytes = value.length;
    if (!this.#head(TAG.text, bytes, bytes)) return true;
    const buffer = this.#buffer;
    const from = this.#at - bytes;
    for (let at = 0; at < bytes; at += 1) {
      const code = value.charCodeAt(at);
      if (code > 0x7f) {
        this.#at = start;
        return false;
      }
      buffer[from + at] = code;
    }
    return true;
  }

  /**
   * Writes a 32-bit count in as few octets as possible: seven bits in each, lowest first. The eighth bit means that
   * more octets follow.
   */
  #head(tag: number, count: number, bytes: number): boolean {
    const countBytes = count < 0x80 ? 1 : Math.ceil((32 - Math.clz32(count)) / 7);
    if (!this.#tag(tag, countBytes + bytes)) return false;
    let at = this.#at - countBytes - bytes;
    let rest = count;
    for (; rest > 0x7f; rest >>>= 7) {
      this.#buffer[at] = rest | 0x80; // the octet takes the lowest eight bits
      at += 1;
    }
    this.#buffer[at] = rest;
    return true;
  }

  /** Writes a tag and ensures room after it. @returns whether there is room */
  #tag(tag: number, bytes: number): boolean {
    const at = this.#at;
    this.#at += 1 + bytes;
    if (this.#at > this.#bytesMax) return false;
    if (this.#at > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#at, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    this.#buffer[at] = tag;
    return true;
  }
}

function firstFieldOf(value: object): string {
  for (const field in value) return field;
  return '';
}

/** Reads the values written by a `CompactWriter`. Byte arrays are copies. */
export class CompactReader {
  readonly #words: Vocabulary;
  readonly #buffer: Buffer;
  #at = 0;

  constructor(words: Vocabulary, buffer: Buffer) {
    this.#words = words;
    this.#buffer = buffer;
  }

  value(): unknown {
    const tag = this.#buffer[this.#at];
    this.#at += 1;
    switch (tag) {
      case TAG.null:
        return null;
      case TAG.true:
        return true;
      case TAG.false:
        return false;
      case TAG.number:
        return this.#buffer.readDoubleLE(this.#skip(8));
      case TAG.whole:
        return this.#count();
      case TAG.word:
        return this.#words.word(this.#count());
      case TAG.text:
        return this.#take().toString();
      case TAG.bytes:
        return new Uint8Array(this.#take());
      case TAG.list:
        return this.#list();
      case TAG.map:
        return new Map(this.#list() as [unknown, unknown][]);
      case TAG.object:
        return Object.fromEntries(this.#words.fields(this.#count()).map((field) => [field, this.value()]));
      default:
        return undefined;
    }
  }

  #list(): unknown[] {
    return Array.from({ length: this.#count() }, () => this.value());
  }

  #take(): Buffer {
    const bytes = this.#count();
    const at = this.#skip(bytes);
    return this.#buffer.subarray(at, at + bytes);
  }

  #count(): number {
    let count = 0;
    for (let shift = 0; ; shift += 7) {
      const octet = this.#buffer[this.#skip(1)] ?? 0;
      count |= (octet & 0x7f) << shift;
      if (octet < 0x80) return count >>> 0;
    }
  }

  #skip(bytes: number): number {
    this.#at += bytes;
    return this.#at - bytes;
  }
}

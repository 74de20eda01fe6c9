/**
 * Kinds of damage to the files of a store, drawn from a seed: flipped bits in each kind of page and in each file,
 * zeroed pages, torn ends, missing files, and files of another store.
 */
import type { Random } from '../../../../src/base/random.ts';
import { flipped, type Image, type Suffix } from './bit-rot-rig.ts';

export interface Corruption {
  readonly name: string;
  readonly image: Image;
}

const PAGE_BYTES = 1024;
const FRAME_BYTES = PAGE_BYTES + 24;
const LOG_HEADER_BYTES = 32;
const PAGE_KINDS = { 2: 'index inner', 5: 'table inner', 10: 'index leaf', 13: 'table leaf' } as const;
const SUFFIXES: readonly Suffix[] = ['', '-wal', '-highwater'];

/** Each kind once. @param other files of an unrelated store */
export function* corruptions(image: Image, other: Image, random: Random): Iterable<Corruption> {
  const below = (bound: number): number => Math.floor(random() * bound);
  const change = (name: string, suffix: Suffix, bytes: Buffer | undefined): Corruption => {
    const changed = new Map(image);
    if (bytes === undefined) changed.delete(suffix);
    else changed.set(suffix, bytes);
    return { name: `${name} of ${suffix || 'the database'}`, image: changed };
  };
  const pages = image.get('') ?? Buffer.alloc(0);
  for (const [kind, numbers] of pagesByKind(pages)) {
    const page = numbers[below(numbers.length)] ?? 0;
    const at = page * PAGE_BYTES + (page === 0 ? 100 : 0);
    yield change(`a bit in the head of a page (${kind})`, '', flipped(pages, at + below(8), below(8)));
    yield change(`a bit in the pointers of a page (${kind})`, '', flipped(pages, at + 8 + below(16), below(8)));
    yield change(`a bit in a page (${kind})`, '', flipped(pages, page * PAGE_BYTES + below(PAGE_BYTES), below(8)));
    yield change(`a zeroed page (${kind})`, '', zeroed(pages, page * PAGE_BYTES, PAGE_BYTES));
    yield change(`a zeroed sector of a page (${kind})`, '', zeroed(pages, page * PAGE_BYTES + 512 * below(2), 512));
  }
  yield change('a bit in the header', '', flipped(pages, below(100), below(8)));
  for (const suffix of SUFFIXES) {
    const bytes = image.get(suffix);
    const replacement = other.get(suffix);
    if (bytes !== undefined) {
      yield change('a missing file in place', suffix, undefined);
      yield change('an empty file in place', suffix, Buffer.alloc(0));
      yield change('a lost end', suffix, bytes.subarray(0, below(bytes.length)));
      yield change('a lost end at a page', suffix, bytes.subarray(0, PAGE_BYTES * below(bytes.length / PAGE_BYTES)));
      yield change('garbage in place', suffix, Buffer.alloc(bytes.length, 0xa5));
      yield change('a bit', suffix, flipped(bytes, below(bytes.length), below(8)));
    }
    if (replacement !== undefined) yield change('a file of another store in place', suffix, replacement);
  }
  const log = image.get('-wal');
  if (log === undefined || log.length < LOG_HEADER_BYTES + FRAME_BYTES) return;
  const frame = LOG_HEADER_BYTES + FRAME_BYTES * below((log.length - LOG_HEADER_BYTES) / FRAME_BYTES);
  yield change('a bit in the header', '-wal', flipped(log, below(LOG_HEADER_BYTES), below(8)));
  yield change('a bit in the head of a frame', '-wal', flipped(log, frame + below(24), below(8)));
  yield change('a zeroed frame', '-wal', zeroed(log, frame, FRAME_BYTES));
  yield change('a zeroed page of a frame', '-wal', zeroed(log, frame + 24, PAGE_BYTES));
}

function pagesByKind(pages: Buffer): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (let page = 0; page < pages.length / PAGE_BYTES; page += 1) {
    const type = pages[page * PAGE_BYTES + (page === 0 ? 100 : 0)] ?? 0;
    const kind = page === 0 ? 'the first' : (PAGE_KINDS[type as keyof typeof PAGE_KINDS] ?? 'overflow or free');
    found.set(kind, [...(found.get(kind) ?? []), page]);
  }
  return found;
}

function zeroed(bytes: Buffer, from: number, length: number): Buffer {
  return Buffer.concat([bytes.subarray(0, from), Buffer.alloc(length), bytes.subarray(from + length)]).subarray(
    0,
    bytes.length,
  );
}

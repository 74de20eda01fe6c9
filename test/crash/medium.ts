/**
 * Folder on a medium that keeps only synced data: follows the operations of a trace, and returns the possible
 * contents of the folder after a power cut at this point.
 *
 * Data confirmed by an fsync is present. Each later operation is present, absent, or (a write) present in some of its
 * sectors, independently of the others; an entry of a folder needs an fsync of that folder. Data written before a
 * failed fsync is never confirmed: the kernel has marked it as clean.
 */
import { basename, dirname } from 'node:path';
import type { FileEvent } from './trace.ts';

/** Size that a medium writes atomically. */
const SECTOR_BYTES = 512;

/** Operation that no fsync has confirmed. */
export interface Pending {
  readonly id: number;
  readonly isWrite: boolean;
}

/** `sectors`: of a write, bit i % 32 set: sector i of the file is present. */
export type Fate = 'kept' | 'dropped' | { readonly sectors: number };

/** Files by name; a file in a folder has the name `folder/file`. */
export type Image = ReadonlyMap<string, Uint8Array>;

type Effect =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly length: number }
  | { readonly kind: 'enter'; readonly name: string; readonly body: Body }
  | { readonly kind: 'remove'; readonly name: string };

interface Operation extends Pending {
  readonly effect: Effect;
  state: 'pending' | 'confirmed' | 'forgotten';
}

/** A file, or a folder. */
interface Body {
  content: Uint8Array;
  /** Confirmed entries of a folder; `undefined`: a file. */
  entries: Map<string, Body> | undefined;
  /** Operations that are not yet part of `content` (of a folder: of `entries`), in order. */
  operations: Operation[];
}

type Decide = (operation: Pending) => Fate;

export class Medium {
  readonly #root: Body = newFolder();
  /** Folders in the root, by their path. */
  readonly #folders = new Map<string, Body>();
  readonly #bodies = new Map<number, Body>();
  readonly #begun = new Map<number, number>();
  #lastId = 0;
  /** Increases with each confirmation. */
  version = 0;

  /** @param image confirmed content at the beginning */
  constructor(image: Image = new Map()) {
    for (const [name, content] of image) {
      const folder = dirname(name) === '.' ? this.#root : this.#confirmedFolder(dirname(name));
      folder.entries?.set(basename(name), { content, entries: undefined, operations: [] });
    }
  }

  /** Another process starts: numbers of its records start again. */
  start(): void {
    this.#begun.clear();
  }

  /** @returns true if a power cut after the operation can have another result than one before it */
  apply(event: FileEvent): boolean {
    switch (event.kind) {
      case 'folder':
        this.#bodies.set(event.file, this.#folders.get(event.path) ?? this.#root);
        return false;
      case 'opened':
        return this.#open(event.file, event.path, event.existed);
      case 'mkdir': {
        const body = newFolder();
        this.#folders.set(event.path, body);
        this.#add(this.#root, { kind: 'enter', name: basename(event.path), body });
        return true;
      }
      case 'write':
        this.#add(this.#body(event.file), { kind: 'write', offset: event.offset, bytes: event.bytes });
        return true;
      case 'truncate':
        this.#add(this.#body(event.file), { kind: 'truncate', length: event.length });
        return true;
      case 'fsyncBegin':
        this.#begun.set(event.serial, this.#lastId);
        return false;
      case 'fsyncEnd':
      case 'fsyncFailed':
        this.#settle(this.#body(event.file), event);
        return true;
      case 'unlink':
        this.#add(this.#folderOf(event.path), { kind: 'remove', name: basename(event.path) });
        return true;
      case 'rename': {
        const body = this.#named(event.path);
        if (body !== undefined) this.#add(this.#folderOf(event.to), { kind: 'enter', name: basename(event.to), body });
        this.#add(this.#folderOf(event.path), { kind: 'remove', name: basename(event.path) });
        return true;
      }
    }
  }

  /** Operations in their order. */
  pending(): Pending[] {
    const bodies = bodiesIn(this.#root);
    const operations = [...bodies].flatMap((body) => body.operations.filter(({ state }) => state !== 'confirmed'));
    return operations.sort((one, other) => one.id - other.id);
  }

  /** Possible result of a power cut now. */
  image(decide: Decide): Image {
    return new Map(filesIn(this.#root, '', decide));
  }

  #open(file: number, path: string, existed: boolean): boolean {
    const known = this.#named(path);
    if (existed && known !== undefined) {
      this.#bodies.set(file, known);
      return false;
    }
    if (existed) throw new Error(`${path} was there before the trace began`);
    const body: Body = { content: new Uint8Array(0), entries: undefined, operations: [] };
    this.#bodies.set(file, body);
    this.#add(this.#folderOf(path), { kind: 'enter', name: basename(path), body });
    return true;
  }

  /** Content as the living process reads it. */
  #named(path: string): Body | undefined {
    return entriesOf(this.#folderOf(path), () => 'kept').get(basename(path));
  }

  #folderOf(path: string): Body {
    return this.#folders.get(dirname(path)) ?? this.#root;
  }

  #confirmedFolder(name: string): Body {
    const known = this.#root.entries?.get(name) ?? newFolder();
    this.#root.entries?.set(name, known);
    return known;
  }

  #body(file: number): Body {
    const body = this.#bodies.get(file);
    if (body === undefined) throw new Error(`inode ${file} was never opened`);
    return body;
  }

  #add(body: Body, effect: Effect): void {
    this.#lastId += 1;
    body.operations.push({ id: this.#lastId, isWrite: effect.kind === 'write', effect, state: 'pending' });
  }

  #settle(body: Body, event: Extract<FileEvent, { kind: 'fsyncEnd' | 'fsyncFailed' }>): void {
    const upTo = this.#begun.get(event.begun) ?? 0;
    for (const operation of body.operations) {
      if (operation.id > upTo || operation.state !== 'pending') continue;
      operation.state = event.kind === 'fsyncEnd' ? 'confirmed' : 'forgotten';
    }
    this.version += 1;
    const confirmed = body.operations.findIndex(({ state }) => state !== 'confirmed');
    const done = body.operations.splice(0, confirmed === -1 ? body.operations.length : confirmed);
    const settled: Body = { content: body.content, entries: undefined, operations: done };
    if (body.entries !== undefined) body.entries = enter(body.entries, done, () => 'kept');
    else body.content = contentOf(settled, () => 'kept');
  }
}

function newFolder(): Body {
  return { content: new Uint8Array(0), entries: new Map(), operations: [] };
}

function entriesOf({ entries = new Map(), operations }: Body, decide: Decide): Map<string, Body> {
  return enter(entries, operations, decide);
}

/** The folder and everything that is or may be in it, each once. */
function bodiesIn(folder: Body): ReadonlySet<Body> {
  const inside = new Set([...entriesOf(folder, () => 'kept').values(), ...(folder.entries?.values() ?? [])]);
  return new Set([
    folder,
    ...[...inside].flatMap((body) => (body.entries === undefined ? [body] : [...bodiesIn(body)])),
  ]);
}

function filesIn(folder: Body, prefix: string, decide: Decide): (readonly [string, Uint8Array])[] {
  return [...entriesOf(folder, decide)].flatMap(([name, body]) =>
    body.entries === undefined
      ? [[`${prefix}${name}`, contentOf(body, decide)] as const]
      : filesIn(body, `${prefix}${name}/`, decide),
  );
}

function fateOf(operation: Operation, decide: Decide): Fate {
  return operation.state === 'confirmed' ? 'kept' : decide(operation);
}

function enter(entries: ReadonlyMap<string, Body>, operations: readonly Operation[], decide: Decide) {
  const after = new Map(entries);
  for (const operation of operations) {
    const { effect } = operation;
    if (fateOf(operation, decide) === 'dropped') continue;
    if (effect.kind === 'enter') after.set(effect.name, effect.body);
    if (effect.kind === 'remove') after.delete(effect.name);
  }
  return after;
}

function contentOf(body: Body, decide: Decide): Uint8Array {
  if (body.operations.length === 0) return body.content;
  let length = body.content.length;
  let room = length;
  for (const { effect } of body.operations)
    if (effect.kind === 'write') room = Math.max(room, effect.offset + effect.bytes.length);
  const content = new Uint8Array(room);
  content.set(body.content);
  for (const operation of body.operations) {
    const { effect } = operation;
    const outcome = fateOf(operation, decide);
    if (outcome === 'dropped') continue;
    if (effect.kind === 'write') {
      write(content, effect, outcome);
      length = Math.max(length, effect.offset + effect.bytes.length);
    }
    if (effect.kind === 'truncate') {
      content.fill(0, effect.length);
      length = Math.min(length, effect.length);
    }
  }
  return content.subarray(0, length);
}

function write(content: Uint8Array, { offset, bytes }: Extract<Effect, { kind: 'write' }>, outcome: Fate): void {
  if (typeof outcome === 'string') {
    content.set(bytes, offset);
    return;
  }
  for (let at = offset; at < offset + bytes.length; ) {
    const sector = Math.floor(at / SECTOR_BYTES);
    const end = Math.min((sector + 1) * SECTOR_BYTES, offset + bytes.length);
    if (((outcome.sectors >>> (sector % 32)) & 1) === 1) content.set(bytes.subarray(at - offset, end - offset), at);
    at = end;
  }
}

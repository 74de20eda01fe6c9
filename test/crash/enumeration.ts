/**
 * Every power cut that a trace allows: after each operation on the files, each possible content of the medium is
 * opened with the product's own recovery and compared with everything promised until the next operation. If there are
 * too many combinations, a seed chooses among them; all kept, all dropped and torn are always included.
 */
import { join } from 'node:path';
import { seededRandom } from '../../src/base/random.ts';
import { type Found, inspect, layOut } from './inspection.ts';
import { type Fate, type Image, Medium, type Pending } from './medium.ts';
import { type Kept, type Names, noNames, Promises } from './promises.ts';
import type { TraceEvent } from './trace.ts';

export interface EnumerationOptions {
  /** Folder in a tmpfs, for speed: images are written here, one after the other. */
  readonly folder: string;
  readonly seed: number;
  /** Content before the trace; empty by default. */
  readonly from?: Specimen;
  /** One of this number of crash points is checked; 1: all. */
  readonly stride?: number;
  /** States that a store may have; any by default. */
  readonly states?: ReadonlySet<string>;
  /** True: a copy of a dropped message does not count as the message. */
  readonly ignoresCopies?: true;
  /** Receives each image that is opened first, with its required content. */
  readonly onImage?: (specimen: Specimen) => void;
}

/** Medium after a power cut. */
export interface Specimen {
  readonly image: Image;
  /** Content that must be on the medium. */
  readonly unacknowledged: Names;
  /** Content that may be on the medium. */
  readonly sent: Names;
}

export interface Enumeration {
  readonly images: number;
  readonly crashPoints: number;
  /** Images without some promised content. */
  readonly lossy: number;
  readonly corrupt: number;
  /** Images with an inconsistent ledger, or with content that was never sent. */
  readonly wrong: number;
  /** The first few findings, as texts. */
  readonly stories: readonly string[];
  readonly promised: Readonly<Record<Kept, number>>;
}

/** All combinations of up to this number of operations are opened. */
const ALL_COMBINATIONS_MAX = 4;
/** Number of random combinations, besides the fixed ones, if there are more operations. */
const CHOSEN_COMBINATIONS = 3;
const STORIES_MAX = 8;

export function enumerate(trace: readonly TraceEvent[], options: EnumerationOptions): Enumeration {
  const run = new Run(options);
  for (const event of trace) run.take(event);
  return run.finish();
}

class Run {
  readonly #options: EnumerationOptions;
  readonly #medium: Medium;
  readonly #promises = new Promises();
  readonly #random: () => number;
  /** Findings in the images of this version of the medium. */
  readonly #found = new Map<string, Found>();
  #foundVersion = 0;
  #images = 0;
  #crashPoints = 0;
  #lossy = 0;
  #corrupt = 0;
  #wrong = 0;
  readonly #stories: string[] = [];

  constructor(options: EnumerationOptions) {
    this.#options = options;
    this.#medium = new Medium(options.from?.image);
    this.#random = seededRandom(options.seed);
  }

  take(event: TraceEvent): void {
    switch (event.kind) {
      case 'start':
        this.#medium.start();
        this.#promises.start();
        return;
      case 'in':
      case 'out':
        this.#promises.note(event);
        return;
      default:
        // The state before the operation, with all promises since the last one.
        if (event.kind !== 'fsyncBegin' && event.kind !== 'folder') this.#cut();
        if (this.#medium.apply(event)) this.#promises.beginInterval();
    }
  }

  finish(): Enumeration {
    this.#cut();
    return {
      images: this.#images,
      crashPoints: this.#crashPoints,
      lossy: this.#lossy,
      corrupt: this.#corrupt,
      wrong: this.#wrong,
      stories: this.#stories,
      promised: this.#promises.count,
    };
  }

  #cut(): void {
    this.#crashPoints += 1;
    if (this.#crashPoints % (this.#options.stride ?? 1) !== 0) return;
    const pending = this.#medium.pending();
    for (const fates of this.#choose(pending)) this.#check(fates);
  }

  /** @returns result of the pending operations, one map per image; an operation without an entry is dropped */
  #choose(pending: readonly Pending[]): Map<number, Fate>[] {
    const keep = (isKept: (pending: Pending, index: number) => boolean): Map<number, Fate> =>
      new Map(pending.filter(isKept).map(({ id }) => [id, 'kept']));
    const chosen = [keep(() => true), keep(() => false)];
    if (pending.length <= ALL_COMBINATIONS_MAX) {
      for (let mask = 1; mask < 2 ** pending.length - 1; mask += 1)
        chosen.push(keep((_, index) => ((mask >> index) & 1) === 1));
    } else {
      for (let more = 0; more < CHOSEN_COMBINATIONS; more += 1) chosen.push(keep(() => this.#random() < 0.5));
      const without = Math.floor(this.#random() * pending.length);
      chosen.push(keep((_, index) => index !== without));
    }
    const writes = pending.filter(({ isWrite }) => isWrite);
    const torn = [writes.at(-1), writes[Math.floor(this.#random() * writes.length)]];
    for (const write of new Set(torn)) {
      if (write === undefined) continue;
      chosen.push(keep(() => true).set(write.id, { sectors: Math.floor(this.#random() * 2 ** 32) }));
    }
    return chosen;
  }

  #check(fates: ReadonlyMap<number, Fate>): void {
    const found = this.#open(fates);
    if (found.corrupt.length > 0) {
      this.#corrupt += 1;
      this.#tell('corrupt', found.corrupt);
    }
    const missing = this.#missingFrom(found);
    if (missing.length > 0) {
      this.#lossy += 1;
      this.#tell('lost', missing);
    }
    const wrong = [...found.wrong, ...this.#strangersIn(found), ...this.#disorderIn(found)];
    if (wrong.length > 0) {
      this.#wrong += 1;
      this.#tell('wrong', wrong);
    }
  }

  #open(fates: ReadonlyMap<number, Fate>): Found {
    if (this.#foundVersion !== this.#medium.version) this.#found.clear();
    this.#foundVersion = this.#medium.version;
    const key = [...fates]
      .map(([id, outcome]) => (outcome === 'kept' ? id : `${id}:${JSON.stringify(outcome)}`))
      .join();
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const image = this.#medium.image(({ id }) => fates.get(id) ?? 'dropped');
    this.#options.onImage?.({ image, unacknowledged: this.#required(), sent: this.#promises.sent });
    const folder = join(this.#options.folder, 'image');
    layOut(image, folder);
    const found = inspect(folder);
    this.#images += 1;
    this.#found.set(key, found);
    return found;
  }

  #required(): Names {
    const { required } = this.#promises;
    const unacknowledged = this.#options.from?.unacknowledged ?? noNames();
    return {
      uplinks: required.uplinks.union(unacknowledged.uplinks),
      downlinks: required.downlinks.union(unacknowledged.downlinks),
      subscriptions: required.subscriptions.union(unacknowledged.subscriptions),
    };
  }

  #missingFrom({ names, copies }: Found): string[] {
    const required = this.#required();
    return (['uplinks', 'downlinks', 'subscriptions'] as const).flatMap((kept) =>
      [
        ...required[kept].difference(names[kept]).difference(this.#options.ignoresCopies ? new Set() : copies[kept]),
      ].map((name) => `${kept} ${name}`),
    );
  }

  #disorderIn({ state, corrupt }: Found): string[] {
    const { states } = this.#options;
    const isAny = states === undefined || corrupt.length > 0 || states.has(state);
    return isAny ? [] : ['the content of the store is not a state between two commits'];
  }

  #strangersIn({ names, copies }: Found): string[] {
    const before = this.#options.from?.sent ?? noNames();
    return (['uplinks', 'downlinks'] as const).flatMap((kept) =>
      [...names[kept].union(copies[kept]).difference(this.#promises.sent[kept]).difference(before[kept])].map(
        (name) => `${name} was never sent`,
      ),
    );
  }

  #tell(what: string, words: readonly string[]): void {
    const story = `power cut ${this.#crashPoints}: ${what}: ${words.slice(0, 3).join('; ')}`;
    if (this.#stories.length < STORIES_MAX && !this.#stories.includes(story)) this.#stories.push(story);
  }
}

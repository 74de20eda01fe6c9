/**
 * Every power cut a trace allows: after each operation on the files, what the medium may hold is opened with the product's
 * own recovery and asked for everything that was promised until the next operation. Where there are more combinations
 * than can be opened, a seed chooses among them; all kept, all dropped and torn are always among them.
 */
import { join } from 'node:path';
import { seededRandom } from '../../src/base/random.ts';
import { type Found, inspect, layOut } from './inspection.ts';
import { type Fate, type Image, Medium, type Pending } from './medium.ts';
import { type Kept, type Names, noNames, Promises } from './promises.ts';
import type { TraceEvent } from './trace.ts';

export interface EnumerationOptions {
  /** In a tmpfs, for speed: images are laid out here, one after the other. */
  readonly folder: string;
  readonly seed: number;
  /** What was before the trace began; nothing at all, unless told otherwise. */
  readonly from?: Specimen;
  /** Crash points that are looked at, one of so many; 1: all. */
  readonly stride?: number;
  /** A store may hold these and nothing else; anything, unless told otherwise. */
  readonly states?: ReadonlySet<string>;
  /** Sees each image that is opened first, with what it has to hold. */
  readonly onImage?: (specimen: Specimen) => void;
}

/** A medium after a power cut. */
export interface Specimen {
  readonly image: Image;
  /** Must be on it. */
  readonly unacknowledged: Names;
  /** May be on it. */
  readonly sent: Names;
}

export interface Enumeration {
  readonly images: number;
  readonly crashPoints: number;
  /** Images in which something promised is missing. */
  readonly lossy: number;
  readonly corrupt: number;
  /** Images whose books contradict themselves, or that hold what nobody sent. */
  readonly wrong: number;
  /** The first few, in words. */
  readonly stories: readonly string[];
  readonly promised: Readonly<Record<Kept, number>>;
}

/** All combinations of so many operations are opened. */
const ALL_COMBINATIONS_MAX = 4;
/** Beside the fixed ones, where there are more operations than that. */
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
  /** What was found in the images of this version of the medium. */
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
        // before it, with all that was promised since the last one
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

  /** @returns what becomes of the pending operations, one map per image; what is not in it is dropped */
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

  #missingFrom({ names }: Found): string[] {
    const required = this.#required();
    return (['uplinks', 'downlinks', 'subscriptions'] as const).flatMap((kept) =>
      [...required[kept].difference(names[kept])].map((name) => `${kept} ${name}`),
    );
  }

  #disorderIn({ state, corrupt }: Found): string[] {
    const { states } = this.#options;
    const isAny = states === undefined || corrupt.length > 0 || states.has(state);
    return isAny ? [] : ['the store holds what it held between no two commits'];
  }

  #strangersIn({ names }: Found): string[] {
    const before = this.#options.from?.sent ?? noNames();
    return (['uplinks', 'downlinks'] as const).flatMap((kept) =>
      [...names[kept].difference(this.#promises.sent[kept]).difference(before[kept])].map(
        (name) => `nobody sent ${name}`,
      ),
    );
  }

  #tell(what: string, words: readonly string[]): void {
    const story = `power cut ${this.#crashPoints}: ${what}: ${words.slice(0, 3).join('; ')}`;
    if (this.#stories.length < STORIES_MAX && !this.#stories.includes(story)) this.#stories.push(story);
  }
}

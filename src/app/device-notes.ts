/**
 * Keeps what the links have learned about their devices: read at the start, saved after a change. The notes are not in
 * the store, because a lost note costs only a few requests.
 */
import { isDeepStrictEqual } from 'node:util';
import type { DeviceNote } from '../base/device-note.ts';
import type { Age, Stamp } from '../base/time.ts';
import type { LinkPlan } from '../flow/links.ts';
import type { NoteFile, SavedNote } from '../ports.ts';

interface NotesClock {
  stamp(): Stamp;
  age(stamp: Stamp): Age;
}

/** Shortest time between two writes, so that a device that changes its mind does not wear the medium. */
const WRITE_MS = 10 * 60_000;
/** Change of the time of a refusal that is worth a write. */
const WORTH_MS = 6 * 3_600_000;

type NotedLinks = readonly { readonly plan: Pick<LinkPlan, 'name' | 'machine'> }[];

export class DeviceNotes {
  readonly #file: NoteFile | undefined;
  readonly #clock: NotesClock;
  #notes: readonly SavedNote[];
  /** Content of the file, without small changes of times. */
  #saved: unknown;
  #savedAtMs = Number.NEGATIVE_INFINITY;
  readonly #judged: (problem: string | undefined) => void;
  /** Reason why the last write failed; `undefined`: it did not. */
  #problem: string | undefined;

  /**
   * @param file absent: the notes are not kept
   * @param judged called when the file cannot be written, once for each reason, and when it is written again (`undefined`)
   */
  constructor(file: NoteFile | undefined, clock: NotesClock, judged: (problem: string | undefined) => void) {
    this.#judged = judged;
    this.#file = file;
    this.#clock = clock;
    this.#notes = this.#read();
    this.#saved = worthOf(this.#notes);
  }

  /** Notes about the devices of a link, by subdevice. */
  of(link: string): ReadonlyMap<string, DeviceNote> {
    const ofLink = this.#notes.filter((one) => one.link === link);
    return new Map(ofLink.map(({ subdevice, note }) => [subdevice, note]));
  }

  /** Takes the notes of the links over, and saves them if they have changed. Called once a minute. */
  look(links: NotedLinks): void {
    this.#notes = notesOf(links);
    if (this.#clock.stamp().upMs - this.#savedAtMs >= WRITE_MS) void this.#save();
  }

  /** Saves the notes for the last time. */
  async close(links: NotedLinks): Promise<void> {
    this.#notes = notesOf(links);
    await this.#save();
  }

  async #save(): Promise<void> {
    const worth = worthOf(this.#notes);
    if (isDeepStrictEqual(worth, this.#saved)) return;
    const at = this.#clock.stamp();
    this.#saved = worth;
    this.#savedAtMs = at.upMs;
    // a file that cannot be written ends nothing: the notes are learned again after a restart
    const problem = await this.#file?.write({ at, notes: this.#notes }).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (problem !== undefined) this.#saved = undefined; // written again later, also without a change
    if (problem !== this.#problem) this.#judged(problem);
    this.#problem = problem;
  }

  /** Reads the file, with its times converted to the clock of this boot. */
  #read(): readonly SavedNote[] {
    const { epoch, upMs } = this.#clock.stamp();
    const saved = this.#file?.read();
    // a number of a later boot is from another store
    if (saved === undefined || saved.at.epoch > epoch) return [];
    const shiftMs = upMs - this.#clock.age(saved.at).ms - saved.at.upMs;
    return saved.notes.map(({ link, subdevice, note }) => {
      const refused = note.refused.map((point) => ({ ...point, atMs: Math.min(upMs, point.atMs + shiftMs) }));
      return { link, subdevice, note: { ...note, refused } };
    });
  }
}

function notesOf(links: NotedLinks): SavedNote[] {
  return links.flatMap(({ plan: { name, machine } }) =>
    [...machine.deviceNotes()].map(([subdevice, note]) => ({ link: name, subdevice, note })),
  );
}

/** Content of the notes without changes of times that are not worth a write. */
function worthOf(notes: readonly SavedNote[]): unknown {
  return notes.map(({ link, subdevice, note: { basis, refused, apart, identity } }) => {
    const points = refused.map(({ name, code, atMs }) => [name, code, Math.round(atMs / WORTH_MS)]);
    return [link, subdevice, basis, points, apart, identity];
  });
}

/**
 * The connections of one local socket, by what each waits for, with a bound on each kind.
 *
 *     waiting ──request──▶ served ──answer──▶ leaving ──taken──▶ gone
 *
 * Nobody keeps a place by being slow. A connection without a request is cheap, and gives way to a newer one when there
 * are too many. An answer that is not taken gives way to the next request. So slow connections that are opened again at
 * once take no place from a reader who asks and reads.
 */

/** The part of a socket that is needed here. */
export interface Guest {
  destroy(): unknown;
}

export interface PlacesOptions {
  readonly waitingMax: number;
  /** Served and leaving together: what an answer may take of the memory, so often. */
  readonly servedMax: number;
}

export class ConnectionSlots {
  readonly #options: PlacesOptions;
  // sets are in the order of entering: the first is the one that has been there longest
  readonly #waiting = new Set<Guest>();
  readonly #served = new Set<Guest>();
  readonly #leaving = new Set<Guest>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** It has connected and not asked yet. */
  enter(guest: Guest): void {
    if (this.#waiting.size >= this.#options.waitingMax) evictFirst(this.#waiting);
    this.#waiting.add(guest);
  }

  /** Its request has come. @returns whether it is served; `again`: it has asked before, and one request is all it has */
  ask(guest: Guest): 'served' | 'full' | 'again' {
    if (!this.#waiting.delete(guest)) return 'again';
    if (this.#served.size + this.#leaving.size >= this.#options.servedMax) evictFirst(this.#leaving);
    const isFull = this.#served.size + this.#leaving.size >= this.#options.servedMax;
    this.#served.add(guest);
    return isFull ? 'full' : 'served';
  }

  /** Its answer is complete, and has to be taken. */
  answered(guest: Guest): void {
    if (this.#served.delete(guest)) this.#leaving.add(guest);
  }

  left(guest: Guest): void {
    for (const kind of [this.#waiting, this.#served, this.#leaving]) kind.delete(guest);
  }
}

function evictFirst(guests: Set<Guest>): void {
  for (const first of guests) {
    guests.delete(first);
    first.destroy();
    return;
  }
}

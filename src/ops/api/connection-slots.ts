/**
 * Connections of one local socket, by state, with a bound on each state.
 *
 *     waiting ──request──▶ served ──answer──▶ leaving ──taken──▶ gone
 *
 * A slow client cannot keep a slot. If there are too many connections without a request, the oldest is closed for a
 * newer one. A connection whose answer is not read is closed if the next request needs its slot. So slow connections
 * that are reopened at once take no slot from a client that asks and reads.
 */

/** The part of a socket that is needed here. */
export interface Guest {
  destroy(): unknown;
}

export interface PlacesOptions {
  readonly waitingMax: number;
  /** Largest number of connections that are served or leaving. It limits the memory for answers. */
  readonly servedMax: number;
}

export class ConnectionSlots {
  readonly #options: PlacesOptions;
  // Sets keep the order of entering: the first connection is the oldest.
  readonly #waiting = new Set<Guest>();
  readonly #served = new Set<Guest>();
  readonly #leaving = new Set<Guest>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** Adds a connection that has not sent a request yet. */
  enter(guest: Guest): void {
    if (this.#waiting.size >= this.#options.waitingMax) evictFirst(this.#waiting);
    this.#waiting.add(guest);
  }

  /** Handles the request of a connection. @returns `again`: the connection has sent a request before; one is allowed */
  ask(guest: Guest): 'served' | 'full' | 'again' {
    if (!this.#waiting.delete(guest)) return 'again';
    if (this.#served.size + this.#leaving.size >= this.#options.servedMax) evictFirst(this.#leaving);
    const isFull = this.#served.size + this.#leaving.size >= this.#options.servedMax;
    this.#served.add(guest);
    return isFull ? 'full' : 'served';
  }

  /** Marks the answer as complete; the client must still read it. */
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

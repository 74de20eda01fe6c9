/**
 * The outside's books of one subdevice in one direction, message by message: sent, let in by the hub or the gateway,
 * acknowledged, on the disk, let go by policy, arrived. Complaints are made the moment a promise is broken.
 *
 * Where nobody is told that a message is safe, it is promised once it has been in custody for the window of loss.
 */

/** The number of a message, in whichever way its sender writes it: `n=17;…` or `{"n":17,…}`. */
const NUMBERED = /^(?:n=(\d+);|\{"n":(\d+)[,}])/;

export function numberIn(payload: Uint8Array): number | undefined {
  const found = NUMBERED.exec(new TextDecoder().decode(payload.subarray(0, 20)));
  return found === null ? undefined : Number(found[1] ?? found[2]);
}

export interface Arrival {
  readonly topic: string;
  readonly number: number;
  readonly nowMs: number;
  /** Why this message may come a second time; `undefined`: no reason. @param sinceMs its first arrival */
  readonly excuse: (sinceMs: number, sentAtMs: number) => string | undefined;
}

export interface StreamTerms {
  /** Its messages are to arrive in the order in which they were sent. */
  readonly isOrdered: boolean;
  readonly numberOf: (payload: Uint8Array) => number | undefined;
}

export class Stream {
  readonly name: string;
  readonly numberOf: StreamTerms['numberOf'];
  readonly #isOrdered: boolean;
  readonly #complain: (what: string) => void;
  /** By number, from 1. */
  readonly #sentAtMs: number[] = [0];
  readonly #acknowledged = new Set<number>();
  /** Taken into custody without a word to anybody: when, each time that the same was. */
  readonly #taken = new Map<number, number[]>();
  /** Taken more than once: there is no order between what was said again and what was said between. */
  readonly #repeated = new Set<number>();
  readonly #arrivedAtMs = new Map<number, number>();
  /** No hop behind the gateway takes these. */
  readonly #tooLarge = new Set<number>();
  readonly #stored = new Set<number>();
  /** Number → why. */
  readonly #flushHeld = new Map<number, string>();
  /** Number → its place in the order that is to be kept. */
  readonly #places = new Map<number, number>();
  #lastPlace = 0;
  readonly #highest = new Map<string, number>();
  #duplicates = 0;
  /** May come twice: its second copy counts as a message of its own. */
  readonly #crossed = new Set<number>();
  /** Let go without a number, e.g. because nobody subscribed. */
  nameless = 0;

  constructor(name: string, complain: (what: string) => void, terms: Partial<StreamTerms> = {}) {
    this.name = name;
    this.#complain = complain;
    this.numberOf = terms.numberOf ?? numberIn;
    this.#isOrdered = terms.isOrdered ?? true;
  }

  /** The number of the next message. */
  send(nowMs: number): number {
    return this.#sentAtMs.push(nowMs) - 1;
  }

  sendTooLarge(nowMs: number): number {
    const number = this.send(nowMs);
    this.#tooLarge.add(number);
    return number;
  }

  /** The sender was told that it will never be taken. */
  reject(number: number): void {
    if (!this.#tooLarge.has(number))
      this.#complain(`${this.name} ${number} was rejected for good, and nothing is wrong with it`);
    this.#flushHeld.set(number, 'rejected');
  }

  /** It is on its way to the gateway: from here on the order counts. Only the first time is noted. */
  place(payload: Uint8Array): void {
    const number = this.numberOf(payload);
    if (number === undefined || this.#places.has(number)) return;
    this.#lastPlace += 1;
    this.#places.set(number, this.#lastPlace);
  }

  /** The gateway's RAM is gone: whatever it held of this there comes again, in the order in which it comes then. */
  displace(onDisk: ReadonlySet<number> | undefined): void {
    for (const number of this.#places.keys())
      if (!this.#acknowledged.has(number) && !onDisk?.has(number)) this.#places.delete(number);
  }

  /** Somebody was told that it is safe. It has to be, at this very moment. */
  acknowledge(number: number): void {
    this.#acknowledged.add(number);
    const isSafe = this.#stored.has(number) || this.#arrivedAtMs.has(number) || this.#flushHeld.has(number);
    if (!isSafe && this.nameless === 0)
      this.#complain(`${this.name} ${number} was acknowledged, and is neither on the disk nor with the next hop`);
  }

  stored(payload: Uint8Array): void {
    const number = this.numberOf(payload);
    if (number !== undefined) this.#stored.add(number);
  }

  cross(payload: Uint8Array): void {
    const number = this.numberOf(payload);
    if (number !== undefined) this.#crossed.add(number);
  }

  flushHeld(payload: Uint8Array, why: string): void {
    const number = this.numberOf(payload);
    if (number !== undefined) this.#flushHeld.set(number, why);
  }

  /** It is in custody, and its sender will never know. */
  take(payload: Uint8Array, nowMs: number): void {
    const number = this.numberOf(payload);
    if (number === undefined) return;
    const times = this.#taken.get(number) ?? [];
    if (this.#taken.has(number)) this.#repeated.add(number);
    this.#taken.set(number, [...times, nowMs]);
    this.#flushHeld.delete(number); // whatever became of it when it was taken before
    this.place(payload);
  }

  /** There was no room for it after all. */
  withdraw(payload: Uint8Array): void {
    const number = this.numberOf(payload);
    if (number !== undefined) this.#taken.get(number)?.pop();
  }

  /** The power has failed: what was taken later than this may be gone. */
  forgive(sinceMs: number, onDisk: ReadonlySet<number> | undefined): void {
    for (const [number, times] of this.#taken) {
      const isEarly = times.some((atMs) => atMs < sinceMs);
      if (isEarly || this.#arrivedAtMs.has(number) || onDisk?.has(number)) continue;
      times.length = 0;
      this.#flushHeld.set(number, 'lost with the power');
    }
  }

  arrive({ topic, number, nowMs, excuse }: Arrival): void {
    if (number >= this.#sentAtMs.length) this.#complain(`${this.name} ${number} arrived and was never sent`);
    if (this.#tooLarge.has(number)) this.#complain(`${this.name} ${number} is too large, and was passed on`);
    const firstAtMs = this.#arrivedAtMs.get(number);
    if (firstAtMs !== undefined) {
      this.#duplicates += 1;
      const mayRepeat = this.#crossed.has(number) || this.#repeated.has(number);
      if (!mayRepeat && excuse(firstAtMs, this.#sentAtMs[number] ?? 0) === undefined)
        this.#complain(`${this.name} ${number} arrived twice without a crash, a reconnect or a retry`);
      return;
    }
    this.#arrivedAtMs.set(number, nowMs);
    const highest = this.#highest.get(topic) ?? 0;
    const place = this.#places.get(number) ?? highest; // displaced, and on the line already
    // what was shed and comes back from a disk that had not heard of it yet may be late
    const mayBeLate = !this.#isOrdered || this.#flushHeld.has(number) || this.#repeated.has(number);
    if (place < highest && !mayBeLate) this.#complain(`${this.name} ${number} arrived out of order`);
    this.#highest.set(topic, Math.max(place, highest));
  }

  /** Acknowledged or taken, never arrived, and nobody said why; as many as nobody can account for. @param onDisk what still may */
  lost(onDisk?: ReadonlySet<number>): number[] {
    const isLost = (number: number): boolean =>
      !this.#arrivedAtMs.has(number) && !this.#flushHeld.has(number) && !(onDisk?.has(number) ?? false);
    const taken = [...this.#taken].flatMap(([number, times]) => (times.length === 0 ? [] : [number]));
    return [...new Set([...this.#acknowledged, ...taken])].filter(isLost).slice(this.nameless);
  }

  /** Sent and never seen again, for whatever reason but a policy of the gateway. */
  get vanished(): number {
    let vanished = 0;
    for (let number = 1; number < this.#sentAtMs.length; number += 1)
      if (!this.#arrivedAtMs.has(number) && !this.#flushHeld.has(number)) vanished += 1;
    return vanished;
  }

  hasArrived(number: number): boolean {
    return this.#arrivedAtMs.has(number);
  }

  /** Different messages that arrived. */
  get delivered(): number {
    return this.#arrivedAtMs.size;
  }

  get duplicates(): number {
    return this.#duplicates;
  }

  get shed(): number {
    return this.#flushHeld.size;
  }
}

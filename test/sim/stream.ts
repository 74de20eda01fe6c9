/**
 * The outside's books of one subdevice in one direction, message by message: sent, let in by the hub or the gateway,
 * acknowledged, on the disk, let go by policy, arrived. Complaints are made the moment a promise is broken.
 */
import { numberOf } from '../../src/bench/account.ts';

export interface Arrival {
  readonly topic: string;
  readonly number: number;
  readonly nowMs: number;
  /** Why this message may come a second time; `undefined`: no reason. @param sinceMs its first arrival */
  readonly excuse: (sinceMs: number, sentAtMs: number) => string | undefined;
}

export class Stream {
  readonly name: string;
  readonly #complain: (what: string) => void;
  /** By number, from 1. */
  readonly #sentAtMs: number[] = [0];
  readonly #acknowledged = new Set<number>();
  readonly #arrivedAtMs = new Map<number, number>();
  /** No hop behind the gateway takes these. */
  readonly #tooLarge = new Set<number>();
  readonly #stored = new Set<number>();
  /** Number → why. */
  readonly #letGo = new Map<number, string>();
  /** Number → its place in the order that is to be kept. */
  readonly #places = new Map<number, number>();
  readonly #highest = new Map<string, number>();
  #duplicates = 0;
  /** May come twice: its second copy counts as a message of its own. */
  readonly #crossed = new Set<number>();
  /** Let go without a number, e.g. because nobody subscribed. */
  nameless = 0;

  constructor(name: string, complain: (what: string) => void) {
    this.name = name;
    this.#complain = complain;
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
    this.#letGo.set(number, 'rejected');
  }

  /** It is on its way to the gateway: from here on the order counts. Only the first time is noted. */
  place(payload: Uint8Array): void {
    const number = numberOf(payload);
    if (number !== undefined && !this.#places.has(number)) this.#places.set(number, this.#places.size + 1);
  }

  /** Somebody was told that it is safe. It has to be, at this very moment. */
  acknowledge(number: number): void {
    this.#acknowledged.add(number);
    const isSafe = this.#stored.has(number) || this.#arrivedAtMs.has(number) || this.#letGo.has(number);
    if (!isSafe && this.nameless === 0)
      this.#complain(`${this.name} ${number} was acknowledged, and is neither on the disk nor with the next hop`);
  }

  stored(payload: Uint8Array): void {
    const number = numberOf(payload);
    if (number !== undefined) this.#stored.add(number);
  }

  cross(payload: Uint8Array): void {
    const number = numberOf(payload);
    if (number !== undefined) this.#crossed.add(number);
  }

  letGo(payload: Uint8Array, why: string): void {
    const number = numberOf(payload);
    if (number !== undefined) this.#letGo.set(number, why);
  }

  arrive({ topic, number, nowMs, excuse }: Arrival): void {
    if (this.#tooLarge.has(number)) this.#complain(`${this.name} ${number} is too large, and was passed on`);
    const firstAtMs = this.#arrivedAtMs.get(number);
    if (firstAtMs !== undefined) {
      this.#duplicates += 1;
      if (!this.#crossed.has(number) && excuse(firstAtMs, this.#sentAtMs[number] ?? 0) === undefined)
        this.#complain(`${this.name} ${number} arrived twice without a crash, a reconnect or a retry`);
      return;
    }
    this.#arrivedAtMs.set(number, nowMs);
    const place = this.#places.get(number) ?? 0;
    const highest = this.#highest.get(topic) ?? 0;
    // what was shed and comes back from a disk that had not heard of it yet may be late
    if (place < highest && !this.#letGo.has(number)) this.#complain(`${this.name} ${number} arrived out of order`);
    this.#highest.set(topic, Math.max(place, highest));
  }

  /** Acknowledged, never arrived, and nobody said why; as many as nobody can account for. @param onDisk what still may */
  lost(onDisk?: ReadonlySet<number>): number[] {
    const isLost = (number: number): boolean =>
      !this.#arrivedAtMs.has(number) && !this.#letGo.has(number) && !(onDisk?.has(number) ?? false);
    return [...this.#acknowledged].filter(isLost).slice(this.nameless);
  }

  /** Sent and never seen again, for whatever reason but a policy of the gateway. */
  get vanished(): number {
    let vanished = 0;
    for (let number = 1; number < this.#sentAtMs.length; number += 1)
      if (!this.#arrivedAtMs.has(number) && !this.#letGo.has(number)) vanished += 1;
    return vanished;
  }

  /** Different messages that arrived. */
  get delivered(): number {
    return this.#arrivedAtMs.size;
  }

  get duplicates(): number {
    return this.#duplicates;
  }

  get shed(): number {
    return this.#letGo.size;
  }
}

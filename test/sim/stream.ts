/**
 * Account of the messages of one subdevice in one direction: sent, accepted by the hub or the gateway, acknowledged, on the
 * disk, released by a policy, arrived. Complains at the moment when a guarantee is broken.
 *
 * A message without an acknowledgement must not be lost after it has been in custody for the loss window.
 */

/** Number of a message, as text or in JSON: `n=17;…` or `{"n":17,…}`. */
const NUMBERED = /^(?:n=(\d+);|\{"n":(\d+)[,}])/;

export function numberIn(payload: Uint8Array): number | undefined {
  const found = NUMBERED.exec(new TextDecoder().decode(payload.subarray(0, 20)));
  return found === null ? undefined : Number(found[1] ?? found[2]);
}

export interface Arrival {
  readonly topic: string;
  readonly number: number;
  readonly nowMs: number;
  /** Returns the reason for a second arrival; `undefined`: none. @param sinceMs time of the first arrival */
  readonly reasonForDuplicate: (sinceMs: number, sentAtMs: number) => string | undefined;
}

export interface StreamRules {
  /** True if the messages must arrive in the order of sending. */
  readonly isOrdered: boolean;
  readonly numberOf: (payload: Uint8Array) => number | undefined;
}

export class Stream {
  readonly name: string;
  readonly numberOf: StreamRules['numberOf'];
  readonly #isOrdered: boolean;
  readonly #complain: (what: string) => void;
  /** Times of sending by number, from 1. */
  readonly #sentAtMs: number[] = [0];
  readonly #acknowledged = new Set<number>();
  /** Number → times at which an unacknowledged message was accepted into custody. */
  readonly #accepted = new Map<number, number[]>();
  /** Numbers accepted more than once. Their order to later messages is not checked. */
  readonly #repeated = new Set<number>();
  readonly #arrivedAtMs = new Map<number, number>();
  /** Numbers of messages that are too large for the next hop. */
  readonly #tooLarge = new Set<number>();
  readonly #stored = new Set<number>();
  /** Number → reason for which the message may be missing. */
  readonly #release = new Map<number, string>();
  /** Number → position in the expected order. */
  readonly #places = new Map<number, number>();
  #lastPlace = 0;
  readonly #highest = new Map<string, number>();
  #duplicates = 0;
  /** Numbers that may arrive twice, because a second copy counts as a new message. */
  readonly #crossed = new Set<number>();
  /** Number of messages released without a known number, e.g. without a subscriber. */
  unnumberedLosses = 0;

  constructor(name: string, complain: (what: string) => void, rules: Partial<StreamRules> = {}) {
    this.name = name;
    this.#complain = complain;
    this.numberOf = rules.numberOf ?? numberIn;
    this.#isOrdered = rules.isOrdered ?? true;
  }

  /** Returns the number of the next message. */
  send(nowMs: number): number {
    return this.#sentAtMs.push(nowMs) - 1;
  }

  sendTooLarge(nowMs: number): number {
    const number = this.send(nowMs);
    this.#tooLarge.add(number);
    return number;
  }

  /** Called when a message is rejected permanently. */
  reject(number: number): void {
    if (!this.#tooLarge.has(number)) this.#complain(`${this.name} ${number} was rejected permanently, but is valid`);
    this.#release.set(number, 'rejected');
  }

  /** Notes the position of a message when it is first sent to the gateway. */
  place(payload: Uint8Array): void {
    const number = this.numberOf(payload);
    if (number === undefined || this.#places.has(number)) return;
    this.#lastPlace += 1;
    this.#places.set(number, this.#lastPlace);
  }

  /** Forgets the positions of messages that were only in the gateway's RAM: they are sent again in a new order. */
  displace(onDisk: ReadonlySet<number> | undefined): void {
    for (const number of this.#places.keys())
      if (!this.#acknowledged.has(number) && !onDisk?.has(number)) this.#places.delete(number);
  }

  /** Called when a message is acknowledged. It must be on the disk or at the next hop at this moment. */
  acknowledge(number: number): void {
    this.#acknowledged.add(number);
    const isSafe = this.#stored.has(number) || this.#arrivedAtMs.has(number) || this.#release.has(number);
    if (!isSafe && this.unnumberedLosses === 0)
      this.#complain(`${this.name} ${number} was acknowledged, but is neither on the disk nor with the next hop`);
  }

  stored(payload: Uint8Array): void {
    const number = this.numberOf(payload);
    if (number !== undefined) this.#stored.add(number);
  }

  cross(payload: Uint8Array): void {
    const number = this.numberOf(payload);
    if (number !== undefined) this.#crossed.add(number);
  }

  release(payload: Uint8Array, why: string): void {
    const number = this.numberOf(payload);
    if (number !== undefined) this.#release.set(number, why);
  }

  /** Called when a message is accepted without an acknowledgement to its sender. */
  accept(payload: Uint8Array, nowMs: number): void {
    const number = this.numberOf(payload);
    if (number === undefined) return;
    const times = this.#accepted.get(number) ?? [];
    if (this.#accepted.has(number)) this.#repeated.add(number);
    this.#accepted.set(number, [...times, nowMs]);
    this.#release.delete(number); // the outcome of an earlier acceptance does not count
    this.place(payload);
  }

  /** Called when an accepted message is revoked because there was no room. */
  revoke(payload: Uint8Array): void {
    const number = this.numberOf(payload);
    if (number !== undefined) this.#accepted.get(number)?.pop();
  }

  /** Called after a power cut: messages accepted after `sinceMs` may be lost. */
  excuseLost(sinceMs: number, onDisk: ReadonlySet<number> | undefined): void {
    for (const [number, times] of this.#accepted) {
      const isEarly = times.some((atMs) => atMs < sinceMs);
      if (isEarly || this.#arrivedAtMs.has(number) || onDisk?.has(number)) continue;
      times.length = 0;
      this.#release.set(number, 'lost in a power cut');
    }
  }

  arrive({ topic, number, nowMs, reasonForDuplicate }: Arrival): void {
    if (number >= this.#sentAtMs.length) this.#complain(`${this.name} ${number} arrived, but was never sent`);
    if (this.#tooLarge.has(number)) this.#complain(`${this.name} ${number} is too large, but was passed on`);
    const firstAtMs = this.#arrivedAtMs.get(number);
    if (firstAtMs !== undefined) {
      this.#duplicates += 1;
      const mayRepeat = this.#crossed.has(number) || this.#repeated.has(number);
      if (!mayRepeat && reasonForDuplicate(firstAtMs, this.#sentAtMs[number] ?? 0) === undefined)
        this.#complain(`${this.name} ${number} arrived twice without a crash, a reconnect or a retry`);
      return;
    }
    this.#arrivedAtMs.set(number, nowMs);
    const highest = this.#highest.get(topic) ?? 0;
    const place = this.#places.get(number) ?? highest; // without a position, since it was on the line already
    // a shed message whose shedding was not yet on the disk may arrive late
    const mayBeLate = !this.#isOrdered || this.#release.has(number) || this.#repeated.has(number);
    if (place < highest && !mayBeLate) this.#complain(`${this.name} ${number} arrived out of order`);
    this.#highest.set(topic, Math.max(place, highest));
  }

  /** Returns accepted messages that are lost without a reason. @param onDisk messages that may still arrive */
  lost(onDisk?: ReadonlySet<number>): number[] {
    const isLost = (number: number): boolean =>
      !this.#arrivedAtMs.has(number) && !this.#release.has(number) && !(onDisk?.has(number) ?? false);
    const accepted = [...this.#accepted].flatMap(([number, times]) => (times.length === 0 ? [] : [number]));
    return [...new Set([...this.#acknowledged, ...accepted])].filter(isLost).slice(this.unnumberedLosses);
  }

  /** Number of messages that did not arrive, except those released by a policy of the gateway. */
  get vanished(): number {
    let vanished = 0;
    for (let number = 1; number < this.#sentAtMs.length; number += 1)
      if (!this.#arrivedAtMs.has(number) && !this.#release.has(number)) vanished += 1;
    return vanished;
  }

  hasArrived(number: number): boolean {
    return this.#arrivedAtMs.has(number);
  }

  /** Number of different messages that arrived. */
  get delivered(): number {
    return this.#arrivedAtMs.size;
  }

  /** Time from the sending to the first arrival, by number, ms. */
  get delaysMs(): ReadonlyMap<number, number> {
    return new Map([...this.#arrivedAtMs].map(([number, atMs]) => [number, atMs - (this.#sentAtMs[number] ?? 0)]));
  }

  get duplicates(): number {
    return this.#duplicates;
  }

  get shed(): number {
    return this.#release.size;
  }
}

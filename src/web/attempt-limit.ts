/**
 * Limit of failed logins: for each address of a client, and for all together, since behind a tunnel all clients have the
 * same address and an attacker may have many. Each limit is a bucket of attempts that fills up again with time. Pure.
 */

interface Bucket {
  attempts: number;
  atMs: number;
}

/** Attempts of one address in a row, and the time for each further one: 120 attempts per hour. */
const ADDRESS_ATTEMPTS = 5;
const ADDRESS_REFILL_MS = 30_000;
/** Attempts of all addresses in a row, and the time for each further one. */
const ALL_ATTEMPTS = 20;
const ALL_REFILL_MS = 5000;
/** Largest number of addresses whose attempts are counted; beyond it the oldest is forgotten. */
const ADDRESSES_MAX = 256;

export class AttemptLimit {
  readonly #addresses = new Map<string, Bucket>();
  readonly #all: Bucket = { attempts: ALL_ATTEMPTS, atMs: 0 };

  /** Returns true if an attempt may be made now. */
  allows(address: string, nowMs: number): boolean {
    const own = this.#addresses.get(address);
    if (own !== undefined) refill(own, ADDRESS_ATTEMPTS, ADDRESS_REFILL_MS, nowMs);
    refill(this.#all, ALL_ATTEMPTS, ALL_REFILL_MS, nowMs);
    return this.#all.attempts >= 1 && (own === undefined || own.attempts >= 1);
  }

  /** Counts a failed attempt. */
  failed(address: string, nowMs: number): void {
    const own = this.#addresses.get(address) ?? { attempts: ADDRESS_ATTEMPTS, atMs: nowMs };
    refill(own, ADDRESS_ATTEMPTS, ADDRESS_REFILL_MS, nowMs);
    own.attempts = Math.max(0, own.attempts - 1);
    this.#all.attempts = Math.max(0, this.#all.attempts - 1);
    // Entered again at the end, so that the first one is the oldest.
    this.#addresses.delete(address);
    this.#addresses.set(address, own);
    const [oldest] = this.#addresses.keys();
    if (this.#addresses.size > ADDRESSES_MAX && oldest !== undefined) this.#addresses.delete(oldest);
  }
}

function refill(bucket: Bucket, attemptsMax: number, refillMs: number, nowMs: number): void {
  bucket.attempts = Math.min(attemptsMax, bucket.attempts + Math.max(0, nowMs - bucket.atMs) / refillMs);
  bucket.atMs = nowMs;
}

/**
 * Message counts as seen by the subdevices and by the hub's application side, message by message. The counts do not
 * depend on the gateway's own counters, so the counts can prove an error in those counters.
 *
 * A stream is the sequence of messages that one subdevice sends (or receives), numbered from 1. Lost: acknowledged and
 * never arrived. Reordered: a first arrival after a later number. Duplicate: a second arrival, which is allowed after a
 * crash or a reconnect.
 */
export class StreamAccount {
  #sent = 0;
  #acknowledged = 0;
  readonly #acknowledgedNumbers = new Set<number>();
  readonly #arrived = new Set<number>();
  #highest = 0;
  #reordered = 0;
  #duplicates = 0;

  /** Number of the next message. */
  send(): number {
    this.#sent += 1;
    return this.#sent;
  }

  /** Records an acknowledgement: from now on the message must not be lost. */
  acknowledge(number: number): void {
    if (this.#acknowledgedNumbers.has(number)) return;
    this.#acknowledgedNumbers.add(number);
    this.#acknowledged += 1;
  }

  isAcknowledged(number: number): boolean {
    return this.#acknowledgedNumbers.has(number);
  }

  hasArrived(number: number): boolean {
    return this.#arrived.has(number);
  }

  arrive(number: number): void {
    if (this.#arrived.has(number)) {
      this.#duplicates += 1;
      return;
    }
    this.#arrived.add(number);
    if (number < this.#highest) this.#reordered += 1;
    else this.#highest = number;
  }

  get sent(): number {
    return this.#sent;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Number of different messages that arrived. */
  get delivered(): number {
    return this.#arrived.size;
  }

  /**
   * Number of acknowledged messages that have not arrived. Such a message is on its way during traffic, and lost at the
   * end.
   */
  get missing(): number {
    let missing = 0;
    for (const number of this.#acknowledgedNumbers) if (!this.#arrived.has(number)) missing += 1;
    return missing;
  }

  get reordered(): number {
    return this.#reordered;
  }

  get duplicates(): number {
    return this.#duplicates;
  }
}

export interface AccountSum {
  readonly sent: number;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly missing: number;
  readonly reordered: number;
  readonly duplicates: number;
}

export function sumAccounts(accounts: Iterable<StreamAccount>): AccountSum {
  const sum = { sent: 0, acknowledged: 0, delivered: 0, missing: 0, reordered: 0, duplicates: 0 };
  for (const account of accounts) {
    sum.sent += account.sent;
    sum.acknowledged += account.acknowledged;
    sum.delivered += account.delivered;
    sum.missing += account.missing;
    sum.reordered += account.reordered;
    sum.duplicates += account.duplicates;
  }
  return sum;
}

/** Returns a payload of `bytes` octets that begins with the number of the message: `n=17;....` */
export function numberedPayload(number: number, bytes: number): Uint8Array {
  return new TextEncoder().encode(`n=${number};`.padEnd(bytes, '.'));
}

/** Returns the number at the beginning of a numbered payload; `undefined` for any other payload. */
export function numberOf(payload: Uint8Array): number | undefined {
  const found = /^n=(\d+);/.exec(new TextDecoder().decode(payload.subarray(0, 20)));
  return found === null ? undefined : Number(found[1]);
}

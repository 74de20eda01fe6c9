/**
 * QoS 1 downlinks between their arrival and their PUBACK. The PUBACKs leave in the order of arrival [MQTT-4.6.0-2]. A
 * message that the hub sends again meanwhile is recognised: by DUP, the packet identifier, the topic and the payload.
 *
 * One arrival is a few numbers and words, and the hub has 65,535 identifiers, so nothing here is ever forgotten for want of room:
 * forgetting the oldest would forget the very one that every later PUBACK waits for.
 */
import { crc32 } from 'node:zlib';
import { sampleWords } from '../base/discard.ts';
import type { Message } from '../base/message.ts';

/** Non-zero 16-bit packet identifiers (MQTT 3.1.1 §2.3.1): a hub that has more without a PUBACK breaks the protocol. */
export const ARRIVALS_MAX = 65_535;
/** The front of the queue is given back in pieces, since each piece costs a copy of the rest. */
const SPENT_MAX = 1024;

export interface Arrival {
  readonly packetId: number;
  /** CRC-32 of topic and payload. */
  readonly print: number;
  /** As it is shown, in few characters. */
  readonly topic: string;
  /** The hub has sent it before: what it makes of our PUBACK is not known. */
  isAgain: boolean;
  /** Copies that are neither on the disk nor delivered. */
  unsafeCopies: number;
}

/** `held`: it and those behind it wait for their turn. `set aside`: the hub closes the connection on it. */
export type PubackOutcome = 'sent' | 'held' | 'set aside';

export class Arrivals {
  readonly #acknowledge: (arrival: Arrival) => PubackOutcome;
  /** In the order of arrival in this connection; those before `#first` have had their PUBACK. */
  #waiting: Arrival[] = [];
  #first = 0;
  /** How many of `#waiting` have this identifier and print. */
  readonly #marks = new Map<number, number>();
  /** By packet identifier: arrivals of earlier connections without a PUBACK, which the hub will send again. */
  readonly #earlier = new Map<number, Arrival>();
  /** Of this connection, by packet identifier: their PUBACKs are set aside, and those behind them have left. */
  readonly #setAside = new Map<number, Arrival>();

  /** @param acknowledge sends a PUBACK, if it may be sent now */
  constructor(acknowledge: (arrival: Arrival) => PubackOutcome) {
    this.#acknowledge = acknowledge;
  }

  /** Arrivals of this connection without a PUBACK. */
  get waiting(): number {
    return this.#waiting.length - this.#first;
  }

  /**
   * Finds out what a PUBLISH with DUP is: `waiting`, a copy of one that has come in this connection; an arrival of an
   * earlier one; or `undefined`, a new message.
   */
  recognise(packetId: number, message: Message): 'waiting' | Arrival | undefined {
    const print = printOf(message);
    if (this.#marks.has(markOf(packetId, print))) return 'waiting';
    const known = this.#earlier.get(packetId);
    return known?.print === print ? known : undefined;
  }

  newArrival(packetId: number, message: Message): Arrival {
    return { packetId, print: printOf(message), topic: sampleWords(message.topic), isAgain: false, unsafeCopies: 0 };
  }

  /** It has come in this connection: its PUBACK leaves in its turn, with the next `settle`. */
  add(arrival: Arrival): void {
    this.#setAside.delete(arrival.packetId);
    this.#earlier.delete(arrival.packetId);
    this.#waiting.push(arrival);
    const mark = markOf(arrival.packetId, arrival.print);
    this.#marks.set(mark, (this.#marks.get(mark) ?? 0) + 1);
  }

  /** Sends every PUBACK whose turn has come. */
  settle(): void {
    for (const arrival of this.#setAside.values()) {
      if (this.#acknowledge(arrival) !== 'sent') continue;
      this.#setAside.delete(arrival.packetId);
      this.#unmark(arrival);
    }
    for (let next = this.#waiting[this.#first]; next?.unsafeCopies === 0; next = this.#waiting[this.#first]) {
      const outcome = this.#acknowledge(next);
      if (outcome === 'held') break;
      this.#first += 1;
      if (outcome === 'sent') this.#unmark(next);
      else this.#setAside.set(next.packetId, next);
    }
    if (this.#first < SPENT_MAX && this.#first < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
  }

  /** The connection is gone: the hub sends all of them again in the next one of this session. */
  connectionLost(): void {
    for (const arrival of [...this.#setAside.values(), ...this.#waiting.slice(this.#first)])
      this.#earlier.set(arrival.packetId, arrival);
    this.#setAside.clear();
    this.#waiting = [];
    this.#first = 0;
    this.#marks.clear();
  }

  /** The session is gone: nothing is sent again, and identifiers start again. */
  sessionLost(): void {
    this.#earlier.clear();
  }

  #unmark({ packetId, print }: Arrival): void {
    const mark = markOf(packetId, print);
    const left = (this.#marks.get(mark) ?? 0) - 1;
    if (left > 0) this.#marks.set(mark, left);
    else this.#marks.delete(mark);
  }
}

function printOf({ topic, payload }: Message): number {
  return crc32(payload, crc32(topic));
}

/** One number for both: 16 bits and 32. */
function markOf(packetId: number, print: number): number {
  return packetId * 2 ** 32 + print;
}

/**
 * QoS 1 downlinks between their arrival and their PUBACK. The PUBACKs are sent in the order of arrival [MQTT-4.6.0-2].
 * A message that the hub sends again meanwhile is recognised by DUP, packet identifier, topic and payload.
 *
 * One arrival is a few numbers and a short text, and the hub has 65,535 identifiers. So no arrival is ever dropped to
 * limit memory: dropping the oldest would drop the one whose PUBACK all later ones wait for.
 */
import { crc32 } from 'node:zlib';
import { sampleWords } from '../base/discard.ts';
import type { Message } from '../base/message.ts';

/** Number of packet identifiers (MQTT 3.1.1 §2.3.1). A hub with more messages without a PUBACK breaks the protocol. */
export const ARRIVALS_MAX = 65_535;
/**
 * Number of answered arrivals at the front of the queue that are removed together, since each removal copies the rest.
 */
const SPENT_MAX = 1024;

export interface Arrival {
  readonly packetId: number;
  /** CRC-32 of topic and payload. */
  readonly print: number;
  /** Shortened topic, for display. */
  readonly topic: string;
  /** The hub has sent the message before. Its reaction to our PUBACK is unknown. */
  isAgain: boolean;
  /** Number of copies that are neither on disk nor delivered. */
  unsafeCopies: number;
}

/** `held`: this PUBACK and the later ones wait for their turn. `set aside`: the hub closes the connection on it. */
export type PubackOutcome = 'sent' | 'held' | 'set aside';

export class Arrivals {
  readonly #acknowledge: (arrival: Arrival) => PubackOutcome;
  /** Arrivals of this connection in their order. Those before `#first` have had their PUBACK. */
  #waiting: Arrival[] = [];
  #first = 0;
  /** Number of arrivals in `#waiting` with the same identifier and checksum. */
  readonly #marks = new Map<number, number>();
  /** Arrivals of earlier connections without a PUBACK, by packet identifier. The hub will send them again. */
  readonly #earlier = new Map<number, Arrival>();
  /** Arrivals of this connection whose PUBACK is set aside, by packet identifier. Later PUBACKs were sent. */
  readonly #setAside = new Map<number, Arrival>();

  /** @param acknowledge sends a PUBACK, if it may be sent now */
  constructor(acknowledge: (arrival: Arrival) => PubackOutcome) {
    this.#acknowledge = acknowledge;
  }

  /** Number of arrivals of this connection without a PUBACK. */
  get waiting(): number {
    return this.#waiting.length - this.#first;
  }

  /**
   * Identifies a PUBLISH with DUP. Returns `waiting` for a copy of an arrival of this connection, the earlier arrival
   * for a copy from an earlier connection, or `undefined` for a new message.
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

  /** Adds an arrival of this connection. Its PUBACK is sent in its turn by `settle`. */
  add(arrival: Arrival): void {
    this.#setAside.delete(arrival.packetId);
    this.#earlier.delete(arrival.packetId);
    this.#waiting.push(arrival);
    const mark = markOf(arrival.packetId, arrival.print);
    this.#marks.set(mark, (this.#marks.get(mark) ?? 0) + 1);
  }

  /** Sends every PUBACK that is due. */
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

  /** Called when the connection has ended. The hub sends all arrivals again in the next connection of this session. */
  connectionLost(): void {
    for (const arrival of [...this.#setAside.values(), ...this.#waiting.slice(this.#first)])
      this.#earlier.set(arrival.packetId, arrival);
    this.#setAside.clear();
    this.#waiting = [];
    this.#first = 0;
    this.#marks.clear();
  }

  /** Called when the session is lost. The hub sends no message again, and identifiers start from the beginning. */
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

/** Combines a packet identifier (16 bits) and a checksum (32 bits) in one number. */
function markOf(packetId: number, print: number): number {
  return packetId * 2 ** 32 + print;
}

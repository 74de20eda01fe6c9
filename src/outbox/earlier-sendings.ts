/**
 * What an earlier process may have sent: after a restart nobody remembers what was in flight, and no write to disk was
 * made for it. Only what was in a lane's window can have been sent, and whatever of that is left is among the first rows
 * of the lane that come back from disk. Those are sent as DUP [MQTT-3.3.1-1], which says no more than that they might
 * have been sent before (MQTT 3.1.1 §3.3.1.1); the hub takes a DUP that it has not seen like any other message.
 *
 * How many were in flight tells nothing about how far back: what waits for a topic without PUBACKs is passed by others.
 * Nor does the last disconnection that is on disk: a process may have connected, sent and died since.
 */
import type { Entry } from '../custody/entry.ts';

export class EarlierSendings {
  /** Rows below this number are an earlier process's. */
  #ownFrom: number;
  readonly #windowMax: number;
  /** Lane → rows of it that have come back. */
  readonly #loaded = new Map<number, number>();

  /** @param windowMax entries of a lane that may be sent */
  constructor(ownFrom: number, windowMax: number) {
    this.#ownFrom = ownFrom;
    this.#windowMax = windowMax;
  }

  /** Rows come back from disk in order of `seq`, each once. */
  loaded(entry: Entry): void {
    if (entry.row.seq >= this.#ownFrom) return;
    const place = this.#loaded.get(entry.row.lane) ?? 0;
    if (place >= this.#windowMax) return;
    this.#loaded.set(entry.row.lane, place + 1);
    entry.sentBefore = true;
  }

  /** The hub remembers nothing: everything is new to it. */
  forget(): void {
    this.#ownFrom = 0;
  }
}

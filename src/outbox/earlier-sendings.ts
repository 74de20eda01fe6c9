/**
 * Marks messages that an earlier process may have sent. The disk does not record which messages were in flight, so this
 * is unknown after a restart. Only messages in the window of a lane can have been sent. Those of them that are still in
 * custody are among the first rows of the lane that are loaded from disk. These rows are sent with DUP [MQTT-3.3.1-1].
 * DUP only means that the message might have been sent before (MQTT 3.1.1 §3.3.1.1), and a hub handles a DUP that it
 * has not received before like any other message.
 *
 * The number of messages in flight does not limit how far back a sent message can be: a message that waits for a topic
 * without PUBACKs is overtaken by others. The last disconnection on disk is no limit either: a process may have
 * connected, sent and ended since.
 */
import type { Entry } from '../custody/entry.ts';

export class EarlierSendings {
  /** Rows with a lower number were stored by an earlier process. */
  #ownFrom: number;
  readonly #windowMax: number;
  /** Lane → number of its rows loaded so far. */
  readonly #loaded = new Map<number, number>();

  /** @param windowMax largest number of entries of a lane that may be sent */
  constructor(ownFrom: number, windowMax: number) {
    this.#ownFrom = ownFrom;
    this.#windowMax = windowMax;
  }

  /** Marks a loaded row. Rows are loaded in order of `seq`, each once. */
  loaded(entry: Entry): void {
    if (entry.row.seq >= this.#ownFrom) return;
    const place = this.#loaded.get(entry.row.lane) ?? 0;
    if (place >= this.#windowMax) return;
    this.#loaded.set(entry.row.lane, place + 1);
    entry.sentBefore = true;
  }

  /** Called when the hub has lost the session: every message is new to the hub. */
  forget(): void {
    this.#ownFrom = 0;
  }
}

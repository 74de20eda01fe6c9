/**
 * Marks messages that an earlier process may have sent. The disk does not record which messages were in flight, so this
 * is unknown after a restart. The messages of a topic are sent in their order. So a message that was sent is among the
 * first rows of its topic: before it are only rows that were in flight too, and rows that were delivered and not deleted
 * yet. The first rows of each topic are sent with DUP [MQTT-3.3.1-1]. DUP only means that the message might have been
 * sent before (MQTT 3.1.1 §3.3.1.1), and a receiver handles a DUP that it has not received before like any other message.
 *
 * The first rows of the lane are not enough. A message in flight stays in the window when an operator hold begins and
 * ends, and then the lane can have any number of older rows on other topics. For the same reason a row can be loaded
 * twice: a hold parks it on disk, and it is read again after the release.
 *
 * The number of messages in flight does not limit how far back a sent message can be: a message that waits for a topic
 * without PUBACKs is overtaken by others. The last disconnection on disk is no limit either: a process may have
 * connected, sent and ended since.
 */
import type { Entry } from './entry.ts';

/** Largest number of topics that are counted. All rows of further topics are marked. */
export const COUNTED_TOPICS_MAX = 1024;

/** Marked rows of a topic. */
interface Marked {
  rows: number;
  /** Highest `seq` of these rows. */
  to: number;
}

export class EarlierSendings {
  /** Rows with a lower number were stored by an earlier process. */
  #ownFrom: number;
  readonly #rowsMax: number;
  /** Marked rows by lane and topic. */
  readonly #marked = new Map<string, Marked>();

  /**
   * @param ownFrom lowest message number that no earlier process has used
   * @param rowsMax largest number of rows of a lane that were sent before a crash and are still on disk
   */
  constructor(ownFrom: number, rowsMax: number) {
    this.#ownFrom = ownFrom;
    this.#rowsMax = rowsMax;
  }

  /** Marks a loaded row. The rows of a topic are loaded in order of `seq`, and again after an operator hold. */
  loaded(entry: Entry): void {
    const { seq, lane, topic } = entry.row;
    if (seq < this.#ownFrom && this.#mayBeSent(`${lane} ${topic}`, seq)) entry.sentBefore = true;
  }

  #mayBeSent(key: string, seq: number): boolean {
    const marked = this.#marked.get(key);
    if (marked === undefined) {
      if (this.#marked.size < COUNTED_TOPICS_MAX) this.#marked.set(key, { rows: 1, to: seq });
      return true;
    }
    if (seq <= marked.to) return true;
    if (marked.rows >= this.#rowsMax) return false;
    marked.rows += 1;
    marked.to = seq;
    return true;
  }

  /** Called when the receiver has lost the session: every message is new to the receiver. */
  forget(): void {
    this.#ownFrom = 0;
    this.#marked.clear();
  }
}

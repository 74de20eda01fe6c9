/**
 * Progress of firmware transfers on its way to the hub: the newest document of each topic, behind the data. A document
 * that cannot be sent is no loss, because a newer one or the result follows.
 */
import { type DocumentSource, type DocumentTurn, nextTurnAtMs, type OwnDocument, turnSince } from './own-documents.ts';

interface DueDocument {
  readonly payload: Uint8Array;
  readonly dueAtMs: number;
}

export class ProgressDocuments implements DocumentSource {
  readonly needsProbe = false;
  readonly #nowMs: () => number;
  /** Called when a document is due. */
  readonly #changed: () => void;
  /** Documents by topic, in the order of waiting. */
  readonly #due = new Map<string, DueDocument>();

  constructor(nowMs: () => number, changed: () => void) {
    this.#nowMs = nowMs;
    this.#changed = changed;
  }

  /** Sets the document of a topic. */
  set(topic: string, payload: Uint8Array): void {
    this.#due.set(topic, { payload, dueAtMs: this.#due.get(topic)?.dueAtMs ?? this.#nowMs() });
    this.#changed();
  }

  /** Removes the document of a topic, because a result follows. */
  remove(topic: string): void {
    this.#due.delete(topic);
  }

  connected(): void {}

  /** Documents of an ended connection are out of date. */
  disconnected(): void {
    this.#due.clear();
  }

  turn(nowMs: number): DocumentTurn {
    const [oldest] = this.#due.values();
    return oldest === undefined ? 'none' : turnSince(oldest.dueAtMs, nowMs);
  }

  get nextTopic(): string | undefined {
    const [topic] = this.#due.keys();
    return topic;
  }

  take(): OwnDocument | undefined {
    const [next] = this.#due;
    if (next === undefined) return undefined;
    const [topic, { payload }] = next;
    this.#due.delete(topic);
    return { topic, payload };
  }

  skip(): void {
    this.take();
  }

  wakeAtMs(nowMs: number): number | undefined {
    const [oldest] = this.#due.values();
    return oldest && nextTurnAtMs(oldest.dueAtMs, nowMs);
  }

  probed(): void {}

  alive(): void {}
}

/**
 * Decides which retained messages a subdevice gets: each content once, always, or never.
 *
 * A hub sends a retained message with each new subscription, so with each new session. A command would be carried out
 * again after every outage. So two marks are stored for each subdevice and topic: the last delivered message, and the
 * last delivered message that was retained by the hub. (A message that arrives while the gateway is subscribed comes
 * without RETAIN [MQTT-3.3.1-9], and again with RETAIN in the next session.)
 *
 * Invariants: only a delivered message counts; in doubt a message is delivered again.
 */
import type { Message } from '../base/message.ts';
import type { Change } from '../custody/change.ts';
import type { CommandMark } from '../custody/row.ts';

export type RetainedPolicy = 'once' | 'always' | 'never';

type Digest = (of: string | Uint8Array) => string;

/** Largest number of topics per subdevice. The least recently used one is dropped first. */
const TOPICS_MAX = 64;

export class RetainedCommands {
  readonly policy: RetainedPolicy;
  readonly #digest: Digest;
  /** Marks by lane and topic, the most recently used last. */
  readonly #marks = new Map<number, Map<string, CommandMark>>();
  /**
   * Hashes of retained messages that are being delivered, by lane and topic. The entries of these messages do not
   * contain the flag RETAIN.
   */
  readonly #underWay = new Map<string, string>();
  /** Changes by lane and topic that are in no commit yet. */
  readonly #unsaved = new Map<string, Change>();

  /** @param digest a cryptographic hash, as text */
  constructor(policy: RetainedPolicy, stored: readonly CommandMark[], digest: Digest) {
    this.#digest = digest;
    this.policy = policy;
    if (policy === 'once') for (const mark of stored) this.#of(mark.lane).set(mark.topic, mark);
  }

  /** @returns whether the subdevice gets a message that came with RETAIN */
  admits(lane: number, message: Message): boolean {
    if (this.policy !== 'once') return this.policy === 'always';
    const [topic, content] = this.#hashesOf(message);
    const mark = this.#marks.get(lane)?.get(topic);
    if (mark?.last === content || mark?.retained === content) return false;
    this.#underWay.set(keyOf({ lane, topic }), content);
    return true;
  }

  /** @returns changes to make durable together with the end of custody */
  delivered(lane: number, message: Message): Change[] {
    if (this.policy !== 'once') return [];
    const [topic, content] = this.#hashesOf(message);
    const before = this.#marks.get(lane)?.get(topic);
    const key = keyOf({ lane, topic });
    const isRetained = this.#underWay.get(key) === content;
    if (isRetained) this.#underWay.delete(key);
    const retained = isRetained ? content : (before?.retained ?? '');
    const mark = { lane, topic, last: content, retained };
    this.#note(mark, before);
    // without RETAIN the mark may wait: a commit per command of a steady stream would wear the SD card
    return isRetained ? this.save() : [];
  }

  /** Returns the marks that are in no commit yet. */
  save(): Change[] {
    const changes = [...this.#unsaved.values()];
    this.#unsaved.clear();
    return changes;
  }

  #note(mark: CommandMark, before: CommandMark | undefined): void {
    const marks = this.#of(mark.lane);
    marks.delete(mark.topic);
    if (before !== undefined && before.last === mark.last && before.retained === mark.retained) {
      marks.set(mark.topic, before);
      return;
    }
    marks.set(mark.topic, mark);
    this.#unsaved.set(keyOf(mark), { kind: 'commandMark', mark });
    const [oldest] = marks.values();
    if (marks.size <= TOPICS_MAX || oldest === undefined) return;
    const { lane, topic } = oldest;
    marks.delete(topic);
    this.#unsaved.set(keyOf(oldest), { kind: 'commandMarkGone', lane, topic });
  }

  #hashesOf({ topic, payload }: Message): [string, string] {
    return [this.#digest(topic), this.#digest(payload)];
  }

  #of(lane: number): Map<string, CommandMark> {
    const known = this.#marks.get(lane);
    if (known !== undefined) return known;
    const marks = new Map<string, CommandMark>();
    this.#marks.set(lane, marks);
    return marks;
  }
}

const keyOf = ({ lane, topic }: Pick<CommandMark, 'lane' | 'topic'>): string => `${lane} ${topic}`;

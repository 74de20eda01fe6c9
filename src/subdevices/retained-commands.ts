/**
 * Which retained messages a subdevice gets: each content once, always, or none.
 *
 * A hub sends what it retains on a topic with each new subscription, so with each new session. For a command that means: it
 * is carried out again after every outage. So it is remembered what was last delivered, for each subdevice and topic: the
 * last message, and the last one that the hub had retained (a message that passes through while the gateway is subscribed
 * comes without RETAIN [MQTT-3.3.1-9], and again with it in the next session).
 *
 * Invariants: only a message that was delivered counts; when in doubt it is delivered again.
 */
import type { Message } from '../base/message.ts';
import type { Change } from '../custody/change.ts';
import type { CommandMark } from '../custody/row.ts';

export type RetainedPolicy = 'once' | 'always' | 'never';

type Digest = (of: string | Uint8Array) => string;

/** Topics of one subdevice; the one that was used longest ago is forgotten. */
const TOPICS_MAX = 64;

export class RetainedCommands {
  readonly policy: RetainedPolicy;
  readonly #digest: Digest;
  /** By lane and topic, those used last at the end. */
  readonly #marks = new Map<number, Map<string, CommandMark>>();
  /** Hashes of retained messages under way, by lane and topic: their entries do not know that they were. */
  readonly #underWay = new Map<string, string>();
  /** By lane and topic: what no commit has taken yet. */
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

  /** @returns what is to be made durable, with the end of its custody */
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
    // without RETAIN it may wait: the commits of a steady stream of commands would wear the card
    return isRetained ? this.save() : [];
  }

  /** Marks that no commit has taken yet. */
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

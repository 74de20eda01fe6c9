/**
 * Retained documents of the gateway: the retained message of each of its topics at the hub becomes the wanted one.
 *
 * For each topic only the newest content waits, so memory is bounded by the number of topics. Nothing is in custody.
 * After each CONNACK the contents are sent that the hub may not have. At most `WINDOW` documents are sent beyond the
 * last PINGRESP: MQTT answers no PUBLISH with QoS 0, but a PINGRESP proves that the hub has read everything before its
 * PINGREQ.
 *
 *     wanted ─▶ remembered ─▶ due ─take─▶ sent ─PINGREQ─▶ probed ─PINGRESP─▶ confirmed
 *                              ▲                                              │
 *                              └─── CONNACK: states always, descriptions if ──┘
 *                                   the hub has lost the session
 *
 * A topic is remembered on the disk before it is sent, until its removal is confirmed. So a topic that is no longer
 * wanted after a restart is removed at the hub: an empty retained payload [MQTT-3.3.1-10].
 */
import type { TopicMemory } from '../ports.ts';
import { type DocumentSource, type DocumentTurn, nextTurnAtMs, type OwnDocument, turnSince } from './own-documents.ts';

/** Order of sending. A consumer that combines the states never sees a subdevice as available that is not. */
const RANKS = ['away', 'gateway', 'here', 'description'] as const;
export type DocumentRank = (typeof RANKS)[number];

/** Documents sent beyond the last PINGRESP: at 700 bytes each less than a socket buffers. */
const WINDOW = 64;
/**
 * Time after CONNACK at which the state of the gateway is sent once more. A hub of several nodes may publish the will of
 * the previous connection after the new one has begun.
 */
const REPEAT_MS = 60_000;
const NOTHING = new Uint8Array(0);

interface Wanted {
  readonly payload: Uint8Array;
  readonly rank: DocumentRank;
}

/** Memory of a gateway that does not know the topics of earlier processes. */
export const NO_TOPIC_MEMORY: TopicMemory = { topics: [], keep: (_, done) => done() };

export class RetainedDocuments implements DocumentSource {
  readonly #memory: TopicMemory;
  /** Wanted contents by topic. An empty payload: the topic is removed at the hub. */
  readonly #wanted = new Map<string, Wanted>();
  /** Topics on the disk. */
  #remembered: ReadonlySet<string>;
  #remembering: 'no' | 'once' | 'again' = 'no';
  /** Topics whose wanted content the hub has. */
  readonly #confirmed = new Set<string>();
  /** Topics that wait, in the order of waiting, with the time since which they wait, monotonic ms. */
  readonly #due: Record<DocumentRank, Map<string, number>> = {
    away: new Map(),
    gateway: new Map(),
    here: new Map(),
    description: new Map(),
  };
  /** Contents sent after the last PINGREQ, by topic. */
  #sent = new Map<string, Wanted>();
  /** Contents sent before the unanswered PINGREQ. */
  #probed: ReadonlyMap<string, Wanted> = new Map();
  /** Time of the repetition after CONNACK. */
  #repeatAtMs: number | undefined;
  #isConnected = false;
  /** Last document of a gateway that stops. */
  #farewell: 'none' | 'waits' | 'sent' = 'none';
  readonly #nowMs: () => number;
  /** Called when a document is due. */
  readonly #changed: () => void;

  constructor(memory: TopicMemory, nowMs: () => number, changed: () => void) {
    this.#memory = memory;
    this.#remembered = new Set(memory.topics);
    this.#nowMs = nowMs;
    this.#changed = changed;
    for (const topic of memory.topics) this.#wanted.set(topic, { payload: NOTHING, rank: 'away' });
  }

  /** Sets the content of a topic. */
  set(topic: string, payload: Uint8Array, rank: DocumentRank): void {
    const before = this.#wanted.get(topic);
    if (before !== undefined && before.rank === rank && Buffer.compare(before.payload, payload) === 0) return;
    this.#wanted.set(topic, { payload, rank });
    this.#confirmed.delete(topic);
    const sinceMs = this.#forgetDue(topic);
    if (this.#remembered.has(topic)) this.#await(topic, sinceMs);
    else this.#remember();
  }

  /** Removes the topic at the hub. */
  remove(topic: string): void {
    if (this.#wanted.has(topic)) this.set(topic, NOTHING, 'away');
  }

  /** Replaces all descriptions. @param contents texts by topic */
  describe(contents: ReadonlyMap<string, string>): void {
    for (const [topic, { rank }] of this.#wanted)
      if (rank === 'description' && !contents.has(topic)) this.remove(topic);
    for (const [topic, text] of contents) this.set(topic, Buffer.from(text), 'description');
  }

  /** Sends the state of a gateway that leaves the hub before anything else. */
  leave(topic: string, payload: Uint8Array): void {
    this.set(topic, payload, 'gateway');
    this.#farewell = this.#due.gateway.has(topic) ? 'waits' : 'none';
    this.#changed();
  }

  /** True if the hub was informed since `leave` that the gateway leaves. */
  get hasLeft(): boolean {
    return this.#farewell === 'sent';
  }

  connected(nowMs: number, sessionPresent: boolean): void {
    this.#isConnected = true;
    this.#farewell = 'none';
    this.#repeatAtMs = nowMs + REPEAT_MS;
    if (!sessionPresent) this.#confirmed.clear();
    for (const [topic, { rank }] of this.#wanted)
      if (this.#remembered.has(topic) && !(rank === 'description' && this.#confirmed.has(topic)))
        this.#due[rank].set(topic, nowMs);
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#repeatAtMs = undefined;
    if (this.#farewell === 'waits') this.#farewell = 'none';
    for (const rank of RANKS) this.#due[rank].clear();
    this.#sent.clear();
    this.#probed = new Map();
  }

  turn(nowMs: number): DocumentTurn {
    this.#repeat(nowMs);
    if (this.#farewell === 'waits') return 'at once';
    const sinceMs = this.#waitingSinceMs;
    return sinceMs === undefined || this.#isWindowFull ? 'none' : turnSince(sinceMs, nowMs);
  }

  get nextTopic(): string | undefined {
    const [farewell] = this.#farewell === 'waits' ? this.#due.gateway.keys() : [];
    if (farewell !== undefined) return farewell;
    for (const rank of RANKS) for (const topic of this.#due[rank].keys()) return topic;
    return undefined;
  }

  take(): OwnDocument | undefined {
    const topic = this.nextTopic;
    const wanted = topic === undefined ? undefined : this.#wanted.get(topic);
    if (topic === undefined || wanted === undefined) return undefined;
    this.#forgetDue(topic);
    if (this.#farewell === 'waits') this.#farewell = 'sent';
    this.#sent.set(topic, wanted);
    return { topic, payload: wanted.payload, retain: true };
  }

  /** Leaves the document out until its content changes, or until the next connection. */
  skip(): void {
    const topic = this.nextTopic;
    if (topic !== undefined) this.#forgetDue(topic);
    if (this.#farewell === 'waits') this.#farewell = 'none';
  }

  wakeAtMs(nowMs: number): number | undefined {
    const sinceMs = this.#waitingSinceMs;
    const turnAtMs = sinceMs === undefined || this.#isWindowFull ? undefined : nextTurnAtMs(sinceMs, nowMs);
    return [turnAtMs, this.#repeatAtMs].reduce((one, other) =>
      other === undefined ? one : Math.min(one ?? other, other),
    );
  }

  get needsProbe(): boolean {
    const isPaused = this.#isWindowFull || this.nextTopic === undefined;
    return this.#isConnected && isPaused && this.#sent.size > 0 && this.#probed.size === 0;
  }

  probed(): void {
    if (this.#probed.size > 0 || this.#sent.size === 0) return;
    this.#probed = this.#sent;
    this.#sent = new Map();
  }

  alive(): void {
    const probed = this.#probed;
    this.#probed = new Map();
    let isRemoved = false;
    for (const [topic, content] of probed) {
      if (this.#wanted.get(topic) !== content) continue; // changed meanwhile
      if (content.payload.length > 0) this.#confirmed.add(topic);
      else isRemoved = this.#wanted.delete(topic);
    }
    if (isRemoved) this.#remember();
  }

  get #isWindowFull(): boolean {
    return this.#sent.size + this.#probed.size >= WINDOW;
  }

  get #waitingSinceMs(): number | undefined {
    const { away, gateway, here, description } = this.#due;
    if (away.size + gateway.size + here.size + description.size === 0) return undefined; // for each message with data
    let earliestMs: number | undefined;
    for (const rank of RANKS)
      for (const sinceMs of this.#due[rank].values()) {
        earliestMs = Math.min(earliestMs ?? sinceMs, sinceMs);
        break; // the first of a rank has waited longest, apart from those that changed their rank
      }
    return earliestMs;
  }

  #repeat(nowMs: number): void {
    if (this.#repeatAtMs === undefined || nowMs < this.#repeatAtMs) return;
    this.#repeatAtMs = undefined;
    for (const [topic, { rank }] of this.#wanted)
      if (rank === 'gateway' && this.#remembered.has(topic) && !this.#due.gateway.has(topic))
        this.#due.gateway.set(topic, nowMs);
  }

  #await(topic: string, sinceMs = this.#nowMs()): void {
    const wanted = this.#wanted.get(topic);
    if (!this.#isConnected || wanted === undefined) return;
    this.#due[wanted.rank].set(topic, sinceMs);
    this.#changed();
  }

  /** @returns the time since which the topic has waited */
  #forgetDue(topic: string): number | undefined {
    for (const rank of RANKS) {
      const sinceMs = this.#due[rank].get(topic);
      if (sinceMs === undefined) continue;
      this.#due[rank].delete(topic);
      return sinceMs;
    }
    return undefined;
  }

  /** Writes the topics to the disk, one write at a time. Then new topics are due. */
  #remember(): void {
    if (this.#remembering !== 'no') {
      this.#remembering = 'again';
      return;
    }
    this.#remembering = 'once';
    const topics = new Set(this.#wanted.keys());
    // a topic that this write leaves out is no longer remembered, also if it is wanted again before the write ends
    this.#remembered = new Set([...this.#remembered].filter((topic) => topics.has(topic)));
    this.#memory.keep([...topics], () => {
      const isAgain = this.#remembering === 'again';
      this.#remembering = 'no';
      const before = this.#remembered;
      this.#remembered = topics;
      for (const topic of topics) if (!before.has(topic)) this.#await(topic);
      if (isAgain) this.#remember();
    });
  }
}

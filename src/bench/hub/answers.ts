/**
 * Delivery of service answers to a client: at once, or late, stale or never on command.
 *
 * Invariant: at most `LATE_MAX` answers are delayed; beyond that number the oldest are sent early.
 */
import type { Message } from '../../base/message.ts';
import type { HubFaults } from './faults.ts';

interface Late {
  readonly atMs: number;
  readonly clientId: string;
  readonly message: Message;
}

/** Largest number of delayed answers. Own choice: a minute of requests at any rate that the hub accepts. */
const LATE_MAX = 3000;

export class ServiceAnswers {
  readonly #offer: (clientId: string, message: Message) => void;
  readonly #late: Late[] = [];
  /** Topic → last answer. A client has few topics. */
  readonly #last = new Map<string, Message>();

  /** @param offer delivers a message to the session of a client, if there is one */
  constructor(offer: (clientId: string, message: Message) => void) {
    this.#offer = offer;
  }

  give(clientId: string, message: Message, { faults, nowMs }: { faults: HubFaults; nowMs: number }): void {
    const previous = this.#last.get(message.topic);
    if (this.#last.size >= LATE_MAX) this.#last.clear();
    this.#last.set(message.topic, message);
    switch (faults.answers) {
      case 'prompt':
        this.#offer(clientId, message);
        return;
      case 'late':
        this.#late.push({ atMs: nowMs + faults.answerDelayMs, clientId, message });
        return;
      case 'stale':
        if (previous !== undefined) this.#offer(clientId, previous);
        return;
      case 'missing':
        return;
    }
  }

  get wakeAtMs(): number | undefined {
    return this.#late[0]?.atMs;
  }

  giveDue(nowMs: number): void {
    while (this.#late[0] !== undefined && (this.#late[0].atMs <= nowMs || this.#late.length > LATE_MAX)) {
      const late = this.#late.shift();
      if (late !== undefined) this.#offer(late.clientId, late.message);
    }
  }
}

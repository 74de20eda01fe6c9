/**
 * Messages that the hub retains: which of them a subdevice gets, and the marks of those that were delivered. Marks are
 * stored once an hour, since this costs a commit, and at a stop.
 */
import type { Facts } from '../base/events.ts';
import type { Message } from '../base/message.ts';
import type { Change } from '../custody/change.ts';
import type { Clock } from '../ports.ts';
import type { Inbox } from '../subdevices/inbox.ts';
import type { Subdevice } from '../subdevices/registry.ts';
import type { RetainedCommands } from '../subdevices/retained-commands.ts';

export interface RetainedMarksOptions {
  readonly clock: Clock;
  readonly facts: Facts;
  readonly inbox: Pick<Inbox, 'holds'>;
  readonly retainedCommands: RetainedCommands;
  readonly addLazy: (change: Change) => void;
}

/**
 * Interval for storing marks. After a crash a retained command may be repeated if it came without RETAIN in this time.
 */
const SAVE_MARKS_MS = 3_600_000;

export class RetainedMarks {
  readonly #options: RetainedMarksOptions;
  #savedAtMs = 0;

  constructor(options: RetainedMarksOptions) {
    this.#options = options;
  }

  /** Returns whether the subdevice gets a retained message. A delivered or waiting one is not delivered again. */
  isForDelivery({ lane, id }: Subdevice, message: Message): boolean {
    const { inbox, retainedCommands, facts } = this.#options;
    if (retainedCommands.policy === 'once' && inbox.holds(lane, message)) return false;
    if (retainedCommands.admits(lane, message)) return true;
    facts.emit('retainedSkipped', { subdevice: id, topic: message.topic, policy: retainedCommands.policy });
    return false;
  }

  delivered(lane: number, message: Message): void {
    this.#add(this.#options.retainedCommands.delivered(lane, message));
  }

  /** Stores recent marks that have waited for an hour. */
  look(): void {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#savedAtMs < SAVE_MARKS_MS) return;
    this.#savedAtMs = nowMs;
    this.save();
  }

  /** Stores recent marks at once. */
  save(): void {
    this.#add(this.#options.retainedCommands.save());
  }

  #add(changes: readonly Change[]): void {
    for (const change of changes) this.#options.addLazy(change);
  }
}

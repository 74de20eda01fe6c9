/**
 * Commands of a technician for dead letters: back into custody as new messages at the end of their lanes, or dropped.
 *
 * A letter leaves its table in the transaction that writes its new row, so after a power cut it is in exactly one
 * place. One command runs at a time. Each handles the letters that existed when it started, page by page.
 */
import type { Facts } from '../base/events.ts';
import { type Message, retaining } from '../base/message.ts';
import type { Committer } from '../commit/committer.ts';
import type { Change } from '../custody/change.ts';
import type { Custodian } from '../custody/custodian.ts';
import type { DeadLetter } from '../custody/dead-letter.ts';
import type { AlarmTopics } from '../outbox/alarm-topics.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Clock, Store } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import type { SubdeviceRegistry } from '../subdevices/registry.ts';
import type { TopicMap } from '../subdevices/topic-map.ts';
import type { HubSender } from './hub-sender.ts';

/** Largest number of letters in one commit. */
const PAGE = 64;

export interface DeadLettersOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  readonly store: Store;
  readonly registry: SubdeviceRegistry;
  readonly outbox: Outbox;
  readonly custodian: Custodian;
  readonly alarmTopics: AlarmTopics;
  readonly committer: Committer;
  readonly hubSender: HubSender;
  readonly topicsOf: (subdevice: string) => TopicMap;
}

/** Numbers of dead letters, or all. */
export type Letters = readonly number[] | 'all';

export interface LettersDone {
  readonly done: number;
  /** Reason why the command stopped early. The remaining letters are unchanged. */
  readonly stopped: string | undefined;
}

/** Returns the changes for a letter, or the reason why this letter and the following ones are not handled. */
type Act = (letter: DeadLetter) => readonly Change[] | string;

export class DeadLetters {
  readonly #options: DeadLettersOptions;
  #isBusy = false;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
  }

  /** Sends dead letters again. Resolves when the change is durable. */
  async retry(letters: Letters): Promise<LettersDone> {
    const outcome = await this.#each(letters, (letter) => this.#readmit(letter));
    if (outcome.done > 0) this.#options.facts.emit('deadLettersRetried', { letters: outcome.done });
    return outcome;
  }

  /** Drops dead letters. Resolves when the change is durable. */
  async drop(letters: Letters): Promise<LettersDone> {
    const { custodian, facts } = this.#options;
    const outcome = await this.#each(letters, ({ id, row: { lane } }) => [custodian.drop({ id, lane })]);
    if (outcome.done > 0) facts.emit('deadLettersDropped', { letters: outcome.done });
    return outcome;
  }

  async #each(letters: Letters, act: Act): Promise<LettersDone> {
    if (this.#isBusy) return { done: 0, stopped: 'another command for dead letters is running' };
    this.#isBusy = true;
    try {
      return await (letters === 'all' ? this.#work(undefined, act) : this.#eachOf(letters, act));
    } finally {
      this.#isBusy = false;
    }
  }

  async #eachOf(ids: readonly number[], act: Act): Promise<LettersDone> {
    const wanted = [...new Set(ids)].sort((left, right) => left - right);
    const found = new Set<number>();
    for await (const page of this.#pages(wanted)) for (const { id } of page) found.add(id);
    const missing = wanted.filter((id) => !found.has(id));
    if (missing.length > 0) return { done: 0, stopped: `there is no dead letter ${missing.slice(0, 5).join(', ')}` };
    return await this.#work(wanted, act);
  }

  async #work(only: readonly number[] | undefined, act: Act): Promise<LettersDone> {
    let done = 0;
    for await (const page of this.#pages(only)) {
      const turn = await this.#commit(page, act);
      done += turn.done;
      if (turn.stopped !== undefined) return { done, stopped: turn.stopped };
    }
    return { done, stopped: undefined };
  }

  /** Reads the letters that exist now, page by page. Letters added meanwhile are left out. */
  async *#pages(only: readonly number[] | undefined): AsyncGenerator<readonly DeadLetter[]> {
    const { store } = this.#options;
    const { newest } = await store.letters({ after: 0, limit: 0 });
    for (let after = 0; after < newest; ) {
      const page = await store.letters({ after, limit: PAGE, only });
      const last = page.letters.at(-1);
      if (last === undefined) return;
      after = last.id;
      yield page.letters.filter(({ id }) => id <= newest);
    }
  }

  /** Handles a page in one task, so that it is one commit. */
  #commit(page: readonly DeadLetter[], act: Act): Promise<LettersDone> {
    const { mailbox, committer, clock, hubSender } = this.#options;
    return new Promise((resolve) =>
      mailbox.post(() => {
        let done = 0;
        let stopped: string | undefined;
        const changes: Change[] = [];
        for (const letter of page) {
          const outcome = act(letter);
          if (typeof outcome === 'string') {
            stopped = outcome;
            break;
          }
          changes.push(...outcome);
          done += 1;
        }
        const then = (): void => resolve({ done, stopped });
        // a full disk accepts the removal of letters, and delays those that become messages again
        if (changes.length > 0) committer.require(changes, clock.nowMs(), then);
        // a letter whose message the hub has acknowledged meanwhile is removed by another change
        else committer.whenSettled(clock.nowMs(), () => committer.require([], clock.nowMs(), then));
        hubSender.send();
      }),
    );
  }

  /**
   * Accepts a letter as a new message at the end of the current lane of its topic. The message keeps the time at which
   * it was first accepted: its value is as old as before.
   */
  #readmit({ id, row, isWhole }: DeadLetter): readonly Change[] | string {
    if (!isWhole) return `dead letter ${id} is damaged: its checksum is wrong`;
    const { outbox, clock } = this.#options;
    outbox.poison.release(({ kind, name }) => kind === 'uplink' && name === row.topic); // sent by command
    const message: Message = { topic: row.topic, payload: row.payload, qos: 1, ...retaining(row.retain) };
    const admission = outbox.admit(
      {
        lane: this.#laneOf(row),
        message,
        overflow: 'reject',
        stamp: row.stamp,
        ackWaiter: undefined,
        holdMs: 0,
        commitMs: 0,
        letter: { id, lane: row.lane },
      },
      clock.nowMs(),
    );
    if (admission.kind !== 'refused') return [];
    return admission.why === 'too large' ? `dead letter ${id}: ${admission.problem.words}` : 'the outbox has no room';
  }

  #laneOf({ lane, topic }: DeadLetter['row']): number {
    const { registry, alarmTopics, topicsOf } = this.#options;
    const subdevice = registry.byLane(lane);
    const own = subdevice === undefined ? undefined : topicsOf(subdevice.id).ofUplink(topic);
    return subdevice === undefined || own === undefined ? lane : alarmTopics.laneOf(subdevice.lane, own);
  }
}

/**
 * Drops messages on an operator's command, page by page. A page is written to a snapshot before its first message is
 * dropped. The messages that can be dropped are determined again afterwards, in the task that drops them: a message that
 * was sent meanwhile is not dropped. Other traffic continues between the steps.
 */
import type { Direction } from '../base/message.ts';
import type { Stamp } from '../base/time.ts';
import type { Committer } from '../commit/committer.ts';
import type { Custodian } from '../custody/custodian.ts';
import type { NotDroppable } from '../custody/lane.ts';
import type { MessageRequest } from '../custody/message-page.ts';
import type { Row } from '../custody/row.ts';
import type { Clock, Store } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';

/** Place for copies of the messages of one drop. */
export interface DropSnapshot {
  /** Resolves when the messages are on the medium. */
  add(rows: readonly Row[]): Promise<void>;
  /** Replaces the messages of the last `add`. */
  replaceLast(rows: readonly Row[]): Promise<void>;
}

export interface DropStep {
  readonly dropped: number;
  readonly bytes: number;
  /** Selected messages that were not dropped, by reason. */
  readonly leftOut: Readonly<Record<NotDroppable, number>>;
  readonly damaged: number;
  /** Number up to which every message was looked at. */
  readonly scannedTo: number;
  readonly atEnd: boolean;
}

export interface MessageDropsOptions {
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly store: Pick<Store, 'messages'>;
  readonly committer: Pick<Committer, 'require'>;
  readonly custodian: (direction: Direction) => Custodian;
  /** Loads and sends the messages that may be sent now. */
  readonly resume: (direction: Direction) => void;
}

export class MessageDrops {
  readonly #options: MessageDropsOptions;
  #isBusy = false;

  constructor(options: MessageDropsOptions) {
    this.#options = options;
  }

  /** True while a step runs. A second one must not begin. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Drops the selected messages of one page. Resolves when that is durable. Rejects as `snapshot` does. */
  async step(request: MessageRequest, fits: (stamp: Stamp) => boolean, snapshot: DropSnapshot): Promise<DropStep> {
    if (this.#isBusy) throw new Error('a step of a drop is running');
    this.#isBusy = true;
    const custodian = this.#options.custodian(request.direction);
    const ended = custodian.trackEnds();
    try {
      await this.#settled();
      const page = await this.#options.store.messages(request);
      const selected = page.rows.filter(({ stamp }) => fits(stamp));
      const leftOut: Record<NotDroppable, number> = { 'in flight': 0, 'not committed yet': 0, gone: 0 };
      const droppable = ({ seq, lane }: Row): boolean => {
        const reason = ended.has(seq) ? 'gone' : custodian.lane(lane).undroppable(seq);
        if (reason !== undefined) leftOut[reason] += 1;
        return reason === undefined;
      };
      const candidates = await this.#inMailbox(() => selected.filter(droppable));
      if (candidates.length > 0) await snapshot.add(candidates);
      const dropped = candidates.length === 0 ? [] : await this.#drop(custodian, candidates, droppable);
      if (dropped.length < candidates.length) await snapshot.replaceLast(dropped);
      return {
        dropped: dropped.length,
        bytes: dropped.reduce((sum, { payload }) => sum + payload.length, 0),
        leftOut,
        damaged: page.damaged.length,
        scannedTo: page.scannedTo,
        atEnd: page.atEnd,
      };
    } finally {
      custodian.untrackEnds(ended);
      this.#isBusy = false;
    }
  }

  /** Drops those of the rows that can still be dropped. */
  #drop(custodian: Custodian, rows: readonly Row[], droppable: (row: Row) => boolean): Promise<readonly Row[]> {
    const { clock, mailbox, committer, resume } = this.#options;
    return new Promise((resolve) =>
      mailbox.post(() => {
        const dropped = rows.filter(droppable);
        const changes = dropped.map((row) => custodian.dropRow(row));
        committer.require(changes, clock.nowMs(), () => {
          for (const { lane, seq } of dropped) custodian.lane(lane).deleted(seq);
          resolve(dropped);
        });
        resume(custodian.direction);
      }),
    );
  }

  /** Resolves when all earlier ends of messages are durable. */
  #settled(): Promise<void> {
    const { clock, mailbox, committer } = this.#options;
    return new Promise((resolve) => mailbox.post(() => committer.require([], clock.nowMs(), resolve)));
  }

  #inMailbox<Answer>(act: () => Answer): Promise<Answer> {
    return new Promise((resolve) => this.#options.mailbox.post(() => resolve(act())));
  }
}

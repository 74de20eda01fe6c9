/**
 * Handles the messages of `thread-messages.ts` with a StoreCore. Runs in the store's thread, or in the simulation's
 * thread. After the first failure other than a full disk it does nothing more, because it is unknown what was
 * committed. On a full disk the reserve is deleted. Until there is room again only commits without messages are made.
 */
import type { Change } from '../custody/change.ts';
import { type CoreOptions, StoreCore } from './core.ts';
import { isFull } from './database.ts';
import { readLetters } from './dead-letter-rows.ts';
import { Reserve } from './disk-reserve.ts';
import { readMessages } from './message-rows.ts';
import { packPage, packRows, unpackChanges } from './packed.ts';
import { readPage, readTally } from './reader.ts';
import { faultOf } from './store-fault.ts';
import type { FromStore, ToStore } from './thread-messages.ts';

export interface ServiceOptions extends CoreOptions {
  readonly nowMs: () => number;
  readonly send: (message: FromStore) => void;
}

export class StoreService {
  readonly #options: ServiceOptions;
  readonly #reserve: Reserve;
  #core: StoreCore | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#reserve = new Reserve(options.reservePath);
    try {
      this.#core = this.#open();
      this.#reserve.claim();
      options.send({ kind: 'opened', opening: this.#core.opening });
    } catch (error) {
      const fault = faultOf(error, options.path);
      options.send({ kind: 'unopened', code: fault.code, what: fault.message, hint: fault.hint });
    }
  }

  handle(message: ToStore): void {
    if (this.#core === undefined) return;
    try {
      this.#answer(this.#core, message);
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Time until `note` must be called, ms, so that the last commit of a burst is noted too. `undefined`: no call is due.
   */
  get noteDueInMs(): number | undefined {
    return this.#core?.noteDueInMs(this.#options.nowMs());
  }

  note(): void {
    try {
      this.#core?.note(this.#options.nowMs());
    } catch (error) {
      this.#fail(error);
    }
  }

  #answer(core: StoreCore, message: ToStore): void {
    const { send } = this.#options;
    switch (message.kind) {
      case 'commit':
        this.#commit(core, message.batch, unpackChanges(message.changes));
        return;
      case 'page':
        send({ kind: 'answer', ask: message.ask, value: packPage(readPage(core.database, message.request)) });
        return;
      case 'tally':
        send({ kind: 'answer', ask: message.ask, value: readTally(core.database) });
        return;
      case 'letters':
        send({ kind: 'answer', ask: message.ask, value: readLetters(core.database, message.request) });
        return;
      case 'history':
        send({ kind: 'answer', ask: message.ask, value: core.history.answer(message.request) });
        return;
      case 'still':
        send({ kind: 'answer', ask: message.ask, value: core.still(message.request, this.#options.nowMs()) });
        return;
      case 'messages': {
        const page = readMessages(core.database, message.request);
        send({ kind: 'answer', ask: message.ask, value: { ...page, rows: packRows(page.rows) } });
        return;
      }
      case 'close':
        core.close(this.#options.nowMs());
        this.#core = undefined;
        send({ kind: 'answer', ask: message.ask, value: undefined });
        return;
    }
  }

  #open(): StoreCore {
    const progress = (sentence: string): void => this.#options.send({ kind: 'progress', sentence });
    const options = { ...this.#options, progress };
    try {
      return new StoreCore(options);
    } catch (error) {
      if (faultOf(error, this.#options.path).code !== 'store-full' || !this.#reserve.spend()) throw error;
      return new StoreCore(options);
    }
  }

  #commit(core: StoreCore, batch: number, changes: readonly Change[]): void {
    const isWritten = this.#hasRoomFor(core, changes) && this.#write(core, changes);
    if (isWritten) this.#options.send({ kind: 'committed', batch, historyBytes: core.history.writtenBytes });
    else this.#options.send({ kind: 'full', batch });
    if (isWritten) this.#unlessFull(() => core.note(this.#options.nowMs()));
    // With a spent reserve a checkpoint is made, so that the WAL restarts in the space that it already has. If the disk
    // is full at another checkpoint, the WAL grows, and later commits report the full disk.
    if (this.#reserve.isSpent) this.#unlessFull(() => core.checkpoint());
    else if (isWritten) this.#unlessFull(() => core.checkpointIfDue(this.#options.nowMs()));
  }

  #hasRoomFor(core: StoreCore, changes: readonly Change[]): boolean {
    const needsRoom = changes.length === 0 || changes.some(({ kind }) => kind === 'put');
    if (!needsRoom) return true;
    if (core.isWalFull && !this.#unlessFull(() => core.checkpoint())) return false;
    return !this.#reserve.isSpent || this.#reserve.regain(core.freeInside);
  }

  #write(core: StoreCore, changes: readonly Change[]): boolean {
    const write = (): void => core.commit(changes, this.#options.nowMs());
    if (this.#unlessFull(write)) return true;
    const isRelief = !changes.some(({ kind }) => kind === 'put');
    return this.#reserve.spend() && isRelief && this.#unlessFull(write);
  }

  /** @returns whether there was room */
  #unlessFull(act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      if (!isFull(error)) throw error;
      return false;
    }
  }

  #fail(error: unknown): void {
    this.#core = undefined;
    const { message, code } = faultOf(error, this.#options.path);
    this.#options.send({ kind: 'failed', reason: message, code });
  }
}

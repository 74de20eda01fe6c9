/**
 * Answers the messages of `wire.ts` with a StoreCore. Runs in the store's thread, and in-thread in the simulation.
 * After the first failure that is not a full disk it does nothing more: what was committed is not known any longer.
 */
import { type CoreOptions, StoreCore } from './core.ts';
import { faultOf, isFull } from './database.ts';
import { readNewest, readPage, readTally } from './reader.ts';
import type { FromStore, ToStore } from './wire.ts';

export interface ServiceOptions extends CoreOptions {
  readonly nowMs: () => number;
  readonly send: (message: FromStore) => void;
}

export class StoreService {
  readonly #options: ServiceOptions;
  #core: StoreCore | undefined;

  constructor(options: ServiceOptions) {
    this.#options = options;
    try {
      this.#core = new StoreCore(options);
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

  /** To be called every few seconds: the last commit of a burst wants its note too. */
  note(): void {
    this.#core?.note(this.#options.nowMs());
  }

  #answer(core: StoreCore, message: ToStore): void {
    const { send } = this.#options;
    switch (message.kind) {
      case 'commit':
        this.#commit(core, message);
        return;
      case 'page':
        send({ kind: 'answer', ask: message.ask, value: readPage(core.database, message.request) });
        return;
      case 'tally':
        send({ kind: 'answer', ask: message.ask, value: readTally(core.database) });
        return;
      case 'peek':
        send({ kind: 'answer', ask: message.ask, value: readNewest(core.database, message.direction, message.limit) });
        return;
      case 'close':
        core.close(this.#options.nowMs());
        this.#core = undefined;
        send({ kind: 'answer', ask: message.ask, value: undefined });
        return;
    }
  }

  #commit(core: StoreCore, message: Extract<ToStore, { kind: 'commit' }>): void {
    try {
      core.commit(message.changes, this.#options.nowMs());
    } catch (error) {
      if (!isFull(error)) throw error;
      this.#options.send({ kind: 'full', batch: message.batch });
      return;
    }
    this.#options.send({ kind: 'committed', batch: message.batch });
    try {
      core.note(this.#options.nowMs());
      core.checkpointIfDue();
    } catch (error) {
      if (!isFull(error)) throw error; // the WAL keeps growing until there is room; commits will say so
    }
  }

  #fail(error: unknown): void {
    this.#core = undefined;
    this.#options.send({ kind: 'failed', reason: faultOf(error, this.#options.path).message });
  }
}

/** Store in its own thread: implements the port `Store` by messages. */
import { Worker } from 'node:worker_threads';
import { Fault } from '../base/fault.ts';
import { SlotMap } from '../base/slot-map.ts';
import type { Change } from '../custody/change.ts';
import type { LetterPage } from '../custody/dead-letter.ts';
import type { Tally } from '../custody/row.ts';
import type { HistoryAnswer } from '../history/history-requests.ts';
import type { OpenStore, StillFile, Store, StoreListener } from '../ports.ts';
import { type PackedMessages, type PackedPage, packChanges, unpackPage } from './packed.ts';
import type { FromStore, StoreCommand, ToStore } from './thread-messages.ts';

export interface RecoverySettings {
  /** True if the last process found the file corrupt. */
  readonly suspect: boolean;
  /** Receives progress sentences while the store is recovered. */
  readonly progress: (sentence: string) => void;
  /** Result of `startStoreThread` without a store. Default: a new thread. */
  readonly worker?: Worker | undefined;
}

const TRUSTED: RecoverySettings = { suspect: false, progress: () => undefined };

/**
 * Starts a thread that loads its code and waits. Loading takes as long as that of the main thread, so `run` starts the
 * thread first and both load at the same time.
 */
export function startStoreThread(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url));
}

/**
 * Opens the store of `path` in its own thread. Rejects with a Fault. @param options options of an opening after a
 * failure
 */
export function storeThread(path: string, bootId: string, options: RecoverySettings = TRUSTED): OpenStore {
  return (listener) =>
    new Promise((resolve, reject) => {
      const worker = options.worker ?? startStoreThread();
      const open: StoreCommand = { path, bootId, suspect: options.suspect };
      const client = new StoreClient((message) => worker.postMessage(message), listener);
      worker.on('message', (message: FromStore) => {
        if (message.kind === 'opened') resolve({ store: client.store, opening: message.opening });
        else if (message.kind === 'progress') options.progress(message.sentence);
        else if (message.kind === 'unopened') {
          reject(new Fault(message.code, message.what, { hint: message.hint }));
          void worker.terminate();
        } else client.receive(message);
      });
      worker.on('error', (error) =>
        listener.failed(`the store thread ended with an error: ${error.message}`, 'store-failed'),
      );
      worker.postMessage(open);
    });
}

/** Requests that may read the whole store, or write the whole WAL. */
const LONG: ReadonlySet<ToStore['kind']> = new Set(['tally', 'still', 'close']);

/** Implements the port with the messages of `thread-messages.ts`. The in-thread store of the simulation uses it too. */
export class StoreClient {
  readonly #post: (message: ToStore) => void;
  readonly #listener: StoreListener;
  readonly #asked = new SlotMap<number, (value: never) => void>();
  #lastAsk = 0;
  /** Kinds of the requests that wait, in the order of their answers. */
  readonly #waiting: ToStore['kind'][] = [];
  #received = 0;
  readonly store: Store;

  constructor(send: (message: ToStore) => void, listener: StoreListener) {
    const post = (message: ToStore): void => {
      this.#waiting.push(message.kind);
      send(message);
    };
    this.#post = post;
    this.#listener = listener;
    this.store = {
      commit: (batch: number, changes: readonly Change[]) =>
        post({ kind: 'commit', batch, changes: packChanges(changes) }),
      page: (request) => this.#ask<PackedPage>((ask) => ({ kind: 'page', ask, request })).then(unpackPage),
      tally: () => this.#ask<Tally>((ask) => ({ kind: 'tally', ask })),
      letters: (request) => this.#ask<LetterPage>((ask) => ({ kind: 'letters', ask, request })),
      history: (request) => this.#ask<HistoryAnswer>((ask) => ({ kind: 'history', ask, request })),
      still: (request) => this.#ask<StillFile>((ask) => ({ kind: 'still', ask, request })),
      messages: (request) => this.#ask<PackedMessages>((ask) => ({ kind: 'messages', ask, request })).then(unpackPage),
      close: () => this.#ask<undefined>((ask) => ({ kind: 'close', ask })),
      progress: () => {
        const [oldest] = this.#waiting;
        return oldest && { answers: this.#received, isLong: LONG.has(oldest) };
      },
    };
  }

  receive(message: Exclude<FromStore, { kind: 'opened' | 'unopened' | 'progress' }>): void {
    this.#received += 1;
    this.#waiting.shift();
    switch (message.kind) {
      case 'committed':
        return this.#listener.committed(message.batch, message.historyBytes);
      case 'full':
        return this.#listener.full(message.batch);
      case 'failed':
        return this.#listener.failed(message.reason, message.code);
      case 'answer': {
        const resolve = this.#asked.get(message.ask);
        this.#asked.delete(message.ask);
        resolve?.(message.value as never);
      }
    }
  }

  #ask<T>(build: (ask: number) => ToStore): Promise<T> {
    this.#lastAsk += 1;
    const ask = this.#lastAsk;
    return new Promise<T>((resolve) => {
      this.#asked.set(ask, resolve as (value: never) => void);
      this.#post(build(ask));
    });
  }
}

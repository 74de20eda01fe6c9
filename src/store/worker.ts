/**
 * The store's thread. It owns the file, so that an SD card that takes 2 s for an fsync delays no serial timer and no
 * keep alive. The first message opens the store (`thread-messages.ts`).
 */
import { dirname, join } from 'node:path';
import { type MessagePort, parentPort } from 'node:worker_threads';
import { StoreService } from './service.ts';
import { RESERVE_FILE } from './state-files.ts';
import type { StoreCommand, ToStore } from './thread-messages.ts';

if (parentPort === null) throw new Error('store/worker.ts runs as a worker thread only');
const port = parentPort;
port.once('message', (command: StoreCommand) => serve(port, command));

function serve(port: MessagePort, { path, bootId, suspect }: StoreCommand): void {
  const service = new StoreService({
    path,
    reservePath: join(dirname(path), RESERVE_FILE),
    bootId,
    suspect,
    upMs: nowMs(),
    nowMs,
    send: (message) => port.postMessage(message),
  });
  let noteTimer: NodeJS.Timeout | undefined;

  /** Waits exactly as long as needed: each ms of delay makes the mark older and hides the loss of more messages. */
  function waitForNote(): void {
    const dueInMs = service.noteDueInMs;
    if (noteTimer !== undefined || dueInMs === undefined) return;
    noteTimer = setTimeout(() => {
      noteTimer = undefined;
      service.note();
      waitForNote();
    }, dueInMs);
  }

  port.on('message', (message: ToStore) => {
    service.handle(message);
    waitForNote();
    if (message.kind !== 'close') return;
    clearTimeout(noteTimer);
    port.close();
  });
}

/** CLOCK_MONOTONIC, the same in every thread. */
function nowMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

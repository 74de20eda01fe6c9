/**
 * Starts the thread of the web page, and starts it again if it ends. The gateway never waits for the page, and runs on
 * without it.
 */
import { Worker } from 'node:worker_threads';
import type { WebThreadInput, WebThreadReport } from './web-messages.ts';

export interface WebThread {
  close(): Promise<void>;
}

/** Largest heap of the thread: the pages of 1,500 subdevices take a quarter. */
const LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };
/** Pause before a thread that has ended is started again. */
const AGAIN_MS = 60_000;

/** @param onReport called when the page can be reached, and when it cannot */
export function startWebThread(input: WebThreadInput, onReport: (report: WebThreadReport) => void): WebThread {
  let isClosing = false;
  let worker = start();
  let timer: NodeJS.Timeout | undefined;

  function start(): Worker {
    const started = new Worker(new URL('./web-worker.ts', import.meta.url), {
      workerData: input,
      resourceLimits: LIMITS,
    });
    started.on('message', onReport);
    started.on('error', (error) =>
      onReport({
        kind: 'down',
        what: `its thread has ended: ${error instanceof Error ? error.message : error}`,
        hint: 'The thread is started again in 60 s. Report the lines above if this repeats.',
      }),
    );
    started.once('exit', () => {
      if (isClosing) return;
      timer = setTimeout(() => {
        worker = start();
      }, AGAIN_MS);
      timer.unref();
    });
    // The gateway ends without waiting for the page.
    started.unref();
    return started;
  }

  return {
    close: async () => {
      isClosing = true;
      clearTimeout(timer);
      await worker.terminate();
    },
  };
}

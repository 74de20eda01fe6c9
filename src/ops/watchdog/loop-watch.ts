/**
 * Watches the event loop of the main thread from a thread of its own. The main thread counts up; a count that stays the
 * same for several turns of the watching thread is a hang. A hung main thread can write nothing, so the thread writes
 * what it can learn and ends the process.
 */
import { Worker } from 'node:worker_threads';

/** Input of the thread. */
export interface LoopWatchInput {
  /** Count of the main thread, one `Int32`. */
  readonly beats: SharedArrayBuffer;
  readonly turnMs: number;
  /** Number of turns without a new count from which the main thread hangs. */
  readonly turnsMax: number;
  /** Path of the file of `io/hang-log.ts`. */
  readonly hangsPath: string;
  readonly logFormat: 'text' | 'json';
}

export interface LoopWatch {
  /** Called by the main thread in each turn. */
  beat(): void;
  stop(): void;
}

/** The thread loads little code and keeps no state. */
const LIMITS = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 };

/** @param onFailed called if the thread ends; a hang of the event loop is then detected by systemd alone */
export function watchLoop(input: Omit<LoopWatchInput, 'beats'>, onFailed: (why: string) => void): LoopWatch {
  const beats = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const count = new Int32Array(beats);
  const worker = new Worker(new URL('./loop-watch-worker.ts', import.meta.url), {
    workerData: { ...input, beats } satisfies LoopWatchInput,
    resourceLimits: LIMITS,
  });
  let isStopping = false;
  worker.on('error', (error) => onFailed(error instanceof Error ? error.message : String(error)));
  worker.on('exit', (code) => {
    if (!isStopping) onFailed(`the thread ended with ${code}`);
  });
  worker.unref();
  return {
    beat: () => void Atomics.add(count, 0, 1),
    stop: () => {
      isStopping = true;
      void worker.terminate();
    },
  };
}

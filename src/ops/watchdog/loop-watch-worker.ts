/** Thread of `loop-watch.ts`. Only its own turns count, so a process that was stopped as a whole does not hang. */
import { workerData } from 'node:worker_threads';
import { EXIT } from '../../base/fault.ts';
import { systemClock } from '../../io/clock.ts';
import { noteHang } from '../../io/hang-log.ts';
import { createJournal } from '../../io/journal.ts';
import { exitAtOnce } from '../../io/libc.ts';
import { examineMainThread } from './hung-loop.ts';
import type { LoopWatchInput } from './loop-watch.ts';

/**
 * Longest time for the examination of the main thread, ms. systemd ends the process after the rest of its own time: a
 * third of it (docs/decisions/0030).
 */
const EXAMINE_MS_MAX = 5000;

const { beats, turnMs, turnsMax, hangsPath, logFormat } = workerData as LoopWatchInput;
const count = new Int32Array(beats);
let last = Atomics.load(count, 0);
let turns = 0;

const timer = setInterval(() => {
  const now = Atomics.load(count, 0);
  turns = now === last ? turns + 1 : 0;
  last = now;
  if (turns < turnsMax) return;
  clearInterval(timer);
  void end();
}, turnMs);

async function end(): Promise<void> {
  const hang = {
    upMs: systemClock().nowMs(),
    source: 'event-loop',
    subject: '',
    forMs: turns * turnMs,
    what: 'the event loop did not run',
    where: '',
    isReported: false,
  };
  noteHang(hangsPath, hang); // first, because the rest may not succeed
  const { where, hasWritten } = await examineMainThread(EXAMINE_MS_MAX);
  noteHang(hangsPath, { ...hang, where });
  createJournal({ level: 'info', format: logFormat }).error('the gateway ends because its event loop hangs', {
    for_s: Math.round(hang.forMs / 1000),
    where,
    recordings: hasWritten ? 'written' : 'none: the main thread did not answer',
  });
  exitAtOnce(EXIT.bug);
}

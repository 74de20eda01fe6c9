/**
 * Thread of `loop-watch.ts`. Only its own turns count, so a process that was stopped as a whole does not hang. The code
 * that examines a hang is loaded when one is found, because the thread takes memory for as long as the gateway runs.
 */
import { workerData } from 'node:worker_threads';
import { EXIT } from '../../base/fault.ts';
import { noteHang } from '../../io/hang-log.ts';
import type { LoopWatchInput } from './loop-watch.ts';

/** Longest time for the examination of the main thread, ms: recordings of all links on a slow card fit. */
const EXAMINE_MS_MAX = 5000;
/**
 * Time after which the process is killed if the code for the examination does not load, ms: the card may hang too. systemd
 * ends the process after the rest of its own time, a third of it (docs/decisions/0030).
 */
const KILL_AFTER_MS = 2 * EXAMINE_MS_MAX;

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
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), KILL_AFTER_MS);
  const hang = {
    upMs: Number(process.hrtime.bigint() / 1_000_000n),
    source: 'event-loop',
    subject: '',
    forMs: turns * turnMs,
    what: 'the event loop did not run',
    where: '',
    hasRecordings: false,
    isReported: false,
    isHandled: false,
  };
  noteHang(hangsPath, hang); // first, because the rest may not succeed
  const { examineMainThread } = await import('./hung-loop.ts');
  const { where, hasWritten } = await examineMainThread(EXAMINE_MS_MAX);
  noteHang(hangsPath, { ...hang, where, hasRecordings: hasWritten });
  const { createJournal } = await import('../../io/journal.ts');
  createJournal({ level: 'info', format: logFormat }).error('the gateway ends because its event loop hangs', {
    for_s: Math.round(hang.forMs / 1000),
    where,
    recordings: hasWritten ? 'written' : 'none: the main thread did not answer',
  });
  const { exitAtOnce } = await import('../../io/libc.ts');
  exitAtOnce(EXIT.bug);
}

/**
 * Examines a main thread that hangs, from another thread, in a bounded time.
 *
 * If the main thread runs JavaScript, the inspector of the process interrupts it: this shows where it is, and it can
 * write its recordings there. The inspector opens no port. If the main thread is in a system call or in native code, it
 * does not answer; the kernel then shows the system call.
 */
import { type Debugger, Session } from 'node:inspector';
import { join } from 'node:path';
import { kernelTextOf } from '../../io/kernel-file.ts';

/**
 * Event of `process` that the hung main thread emits while it is interrupted. Its listener writes the recordings
 * (`ops/recordings.ts`).
 */
export const HUNG = 'holdfastHung';

export interface HungLoop {
  /** Place in the program or in the kernel; '' if it is unknown. */
  readonly where: string;
  /** True if the main thread was interrupted and its listener for `HUNG` returned. */
  readonly hasWritten: boolean;
}

/** Number of functions that are named, the innermost first. */
const FRAMES_MAX = 4;

/** @param msMax time for the whole examination, ms: recordings of all links on a slow card fit */
export function examineMainThread(msMax: number, proc = '/proc/self'): Promise<HungLoop> {
  const { promise, resolve } = Promise.withResolvers<HungLoop>();
  let found: HungLoop = { where: kernelPlace(proc), hasWritten: false };
  setTimeout(() => resolve(found), msMax);
  try {
    const session = new Session();
    session.connectToMainThread();
    const scripts = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({ params }) => scripts.set(params.scriptId, params.url));
    session.once('Debugger.paused', ({ params }) => {
      found = { where: programPlace(params.callFrames, scripts), hasWritten: false };
      session.post('Runtime.evaluate', { expression: `process.emit('${HUNG}')`, silent: true }, (error, answer) =>
        resolve({ ...found, hasWritten: error === null && answer.result.value === true }),
      );
    });
    session.post('Debugger.enable');
    session.post('Debugger.pause');
  } catch {
    // the place in the kernel remains
  }
  return promise;
}

function programPlace(frames: readonly Debugger.CallFrame[], scripts: ReadonlyMap<string, string>): string {
  return frames
    .slice(0, FRAMES_MAX)
    .map(({ functionName, location }) => {
      const file = scripts.get(location.scriptId)?.split('/').at(-1) ?? '';
      return `${functionName || 'anonymous'} (${file}:${location.lineNumber + 1})`;
    })
    .join(' < ');
}

/**
 * System call of the main thread, whose thread id is the process id. Source: proc(5), `/proc/pid/syscall` and
 * `/proc/pid/stat`.
 */
function kernelPlace(proc: string): string {
  const task = join(proc, 'task', String(process.pid));
  const [number = ''] = kernelTextOf(join(task, 'syscall')).trim().split(' ');
  const [state = ''] = kernelTextOf(join(task, 'stat')).split(') ').at(-1)?.split(' ') ?? [];
  const call = /^\d+$/.test(number) ? `system call ${number}` : '';
  const words = [call, state === '' ? '' : `state ${state}`].filter((word) => word !== '');
  return words.length === 0 ? '' : `main thread: ${words.join(', ')}`;
}

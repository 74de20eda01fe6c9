/**
 * Notifications to systemd (sd_notify(3)): `READY=1`, `STOPPING=1`, `STATUS=…`, `WATCHDOG=1`.
 *
 * Each is one datagram sent by the C library, since Node has no Unix datagram sockets. If that fails, `systemd-notify`
 * sends it (needs NotifyAccess=all in the unit). Without NOTIFY_SOCKET this file does nothing and loads nothing. Never
 * throws.
 */
import { spawn } from 'node:child_process';
import { sendUnixDatagram } from './libc.ts';

/** @param state one or more assignments, separated by line feeds; text from outside must pass `statusOf` */
export function notifySystemd(state: string, env: NodeJS.ProcessEnv = process.env): void {
  const path = env.NOTIFY_SOCKET;
  if (path === undefined || path === '') return;
  try {
    sendUnixDatagram(path, state);
  } catch {
    notifyBySpawn(state, env);
  }
}

/** Returns `STATUS=` with one line of free text. A line feed in the text would start another assignment. */
export function statusOf(text: string): string {
  return `STATUS=${text.replace(/[\u0000-\u001f\u007f]+/g, ' ')}`;
}

/**
 * Returns the time of WatchdogSec=, ms; without systemd that of `HOLDFAST_WATCHDOG_S`, with which a process that hangs ends
 * itself, so that its container is restarted. `undefined`: this process is not watched (sd_watchdog_enabled(3)).
 */
export function watchdogMsOf(env: NodeJS.ProcessEnv = process.env, pid = process.pid): number | undefined {
  const { HOLDFAST_WATCHDOG_S: seconds = '' } = env;
  if ((env.NOTIFY_SOCKET ?? '') === '') return /^[1-9]\d{0,4}$/.test(seconds) ? Number(seconds) * 1000 : undefined;
  const { WATCHDOG_USEC: time = '', WATCHDOG_PID: of = String(pid) } = env;
  return !/^[1-9]\d{0,14}$/.test(time) || of !== String(pid) ? undefined : Number(time) / 1000;
}

/** Status line of the service, which is sent to systemd if it has changed. */
export class StatusLine {
  readonly #notify: (state: string) => void;
  #shown = '';

  constructor(notify: (state: string) => void = notifySystemd) {
    this.#notify = notify;
  }

  show(text: string): void {
    if (text === this.#shown) return;
    this.#shown = text;
    this.#notify(statusOf(text));
  }
}

function notifyBySpawn(state: string, env: NodeJS.ProcessEnv): void {
  const child = spawn('systemd-notify', ['--', ...state.split('\n')], { env, stdio: 'ignore' });
  // no such program, or no permission: systemd gets no notification and reports its own time-outs
  child.on('error', () => {});
  child.unref();
}

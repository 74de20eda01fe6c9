/**
 * Telling systemd how we are (sd_notify(3)): `READY=1`, `STOPPING=1`, `STATUS=…`, `WATCHDOG=1`.
 *
 * One datagram by the C library, since Node has no Unix datagram sockets; where that fails, `systemd-notify` says it
 * (needs NotifyAccess=all in the unit). Without NOTIFY_SOCKET nothing happens and nothing is loaded. Never throws.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';

/** The library that calls C costs memory and start-up time: only a service pays for it, and at once, not a tick later. */
function sendDatagram(path: string, text: string): void {
  const libc = createRequire(import.meta.url)('./libc.ts') as typeof import('./libc.ts');
  libc.sendUnixDatagram(path, text);
}

/** @param state one or several assignments, separated by line feeds; text from outside goes through `statusOf` */
export function notifySystemd(state: string, env: NodeJS.ProcessEnv = process.env): void {
  const path = env.NOTIFY_SOCKET;
  if (path === undefined || path === '') return;
  try {
    sendDatagram(path, state);
  } catch {
    notifyBySpawn(state, env);
  }
}

/** `STATUS=` and one line of free text: a line feed in it would be a second assignment. */
export function statusOf(text: string): string {
  return `STATUS=${text.replace(/[\u0000-\u001f\u007f]+/g, ' ')}`;
}

function notifyBySpawn(state: string, env: NodeJS.ProcessEnv): void {
  const child = spawn('systemd-notify', ['--', ...state.split('\n')], { env, stdio: 'ignore' });
  // Not there, or not allowed: systemd learns nothing, and its own time-outs say so.
  child.on('error', () => {});
  child.unref();
}

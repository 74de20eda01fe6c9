/**
 * Paths of the control sockets: detects a running gateway, and replaces the socket of one that died.
 */
import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { Fault } from '../../base/fault.ts';

/** Time for a local connection attempt; on a timeout the daemon counts as present, since its backlog may be full. */
const PROBE_MS_MAX = 1000;

/**
 * Removes the socket at `path` that a dead gateway left behind; removes nothing else.
 * @throws Fault `control-socket-in-use` if a process answers there, or if the file is not a socket
 */
export async function claimSocketPath(path: string): Promise<void> {
  const kind = await kindOf(path);
  if (kind === 'nothing') return;
  if (kind === 'something else') {
    throw new Fault('control-socket-in-use', `${path} exists and is not a socket`, {
      hint: 'Move that file away, or correct gateway.control_socket.',
    });
  }
  if (await isAnswered(path)) {
    throw new Fault('control-socket-in-use', `Another gateway answers on ${path}`, {
      hint: 'Stop the other gateway (systemctl stop holdfast), or give this one its own state_dir and control_socket.',
    });
  }
  await unlink(path).catch(ignoreMissing);
}

async function kindOf(path: string): Promise<'nothing' | 'socket' | 'something else'> {
  try {
    return (await lstat(path)).isSocket() ? 'socket' : 'something else';
  } catch (error) {
    ignoreMissing(error);
    return 'nothing';
  }
}

/** True if a process listens on the socket; only a refused connection proves the contrary. */
export function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    const conclude = (isAnswered: boolean) => {
      probe.destroy();
      resolve(isAnswered);
    };
    probe.setTimeout(PROBE_MS_MAX, () => conclude(true));
    probe.once('connect', () => conclude(true));
    probe.once('error', (error) => conclude(!hasCode(error, 'ECONNREFUSED') && !hasCode(error, 'ENOENT')));
  });
}

function ignoreMissing(error: unknown): void {
  if (!hasCode(error, 'ENOENT')) throw error;
}

/** `/run/holdfast/control.sock` → `/run/holdfast/control-admin.sock`; at most 11 bytes longer. */
export function adminSocketOf(controlSocket: string): string {
  return `${controlSocket.replace(/\.sock$/, '')}-admin.sock`;
}

/** True if the value is an error of the operating system with this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

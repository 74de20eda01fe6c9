/**
 * The paths of the control sockets: who answers there, and taking it over from a gateway that died.
 */
import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { Fault } from '../../base/fault.ts';

/** Generous for a local accept; a daemon whose backlog is full is there all the same. */
const PROBE_MS_MAX = 1000;

/**
 * Makes way for a socket at `path`: removes the file that a dead gateway left behind, and only that.
 * @throws Fault `control-socket-in-use` if somebody answers there, or if it is no socket
 */
export async function claimSocketPath(path: string): Promise<void> {
  const kind = await kindOf(path);
  if (kind === 'nothing') return;
  if (kind === 'something else') {
    throw new Fault('control-socket-in-use', `${path} exists and is no socket`, {
      hint: 'Move that file away, or correct gateway.control_socket.',
    });
  }
  if (await isAnswered(path)) {
    throw new Fault('control-socket-in-use', `Another gateway answers on ${path}`, {
      hint: 'One gateway per state directory: stop the other one (systemctl stop holdfast), or give this one its own paths.',
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

/** Somebody listens on the socket: only a refusal proves the contrary. */
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

/** Is it an error of the operating system with this code? */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Faults of requests to a gateway over its sockets: state of the process that listens there, and the remedy. */
import { statSync } from 'node:fs';
import { Fault } from '../../base/fault.ts';
import { joiningWords, userName } from '../../io/accounts.ts';
import type { SocketOwner } from '../../io/socket-owner.ts';
import { hasCode } from './control-socket.ts';

const JOURNAL = 'journalctl -u holdfast -n 50';

/** Fault for an error of the connection. */
export function unreachable(socketPath: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (hasCode(error, 'EACCES') || hasCode(error, 'EPERM')) return forbidden(socketPath, error);
  if (hasCode(error, 'ECONNREFUSED') && statSync(socketPath, { throwIfNoEntry: false })?.isSocket() === false)
    return new Fault('not-running', `${socketPath} is not a socket, so no gateway can answer there`, {
      hint: 'Correct --socket or gateway.control_socket.',
      cause: error,
    });
  if (hasCode(error, 'ENOENT') || hasCode(error, 'ECONNREFUSED')) {
    return new Fault('not-running', `No gateway is running (no process answers on ${socketPath})`, {
      hint: `Start it with: systemctl start holdfast. If it stops again, see: ${JOURNAL}.`,
      cause: error,
    });
  }
  if (error instanceof Error && error.name === 'AbortError') return new Stalled(socketPath, undefined, error);
  if (hasCode(error, 'ECONNRESET') || hasCode(error, 'EPIPE'))
    return foreign(socketPath, 'it closes the connection without an answer, or has no place for another one');
  const isOtherProtocol = error instanceof Error && 'code' in error && String(error.code).startsWith('HPE_');
  if (isOtherProtocol) return foreign(socketPath, 'it does not speak HTTP');
  if (hasCode(error, 'ENOTSOCK') || hasCode(error, 'EPROTOTYPE'))
    return foreign(socketPath, 'it is not a socket of this kind');
  return silent(`The gateway does not answer on ${socketPath}`, error);
}

/** Fault for a process that accepts the connection and does not answer in time. */
export class Stalled extends Fault {
  constructor(socketPath: string, owner: SocketOwner | undefined, cause?: unknown) {
    const whose =
      owner?.runsOurNode === false ? `The process on ${socketPath} is not a gateway` : 'The gateway does not answer';
    const what = `${whose}: ${socketPath} accepts connections but sends no answer`;
    super('not-running', what, { hint: stalledHint(owner), retryable: true, cause });
  }
}

function stalledHint(owner: SocketOwner | undefined): string {
  const journal = `Then: ${JOURNAL}.`;
  if (owner === undefined)
    return `Is its process stopped (ps -eo pid,stat,args: T in the second column; sudo kill -CONT its pid), or the machine overloaded (uptime)? ${journal}`;
  const { pid, name, isStopped, runsOurNode } = owner;
  if (!runsOurNode)
    return `Process ${pid} (${name}) listens there: stop it, or correct --socket or gateway.control_socket.`;
  if (isStopped)
    return `Its process ${pid} (${name}) is stopped, by a signal or a debugger: kill -CONT ${pid} lets it go on.`;
  return `Process ${pid} (${name}) listens there: is it the gateway, and is the machine overloaded (uptime)? ${journal}`;
}

/** @param version version that the process reports, if any */
export function foreign(socketPath: string, why: string, version?: string): Fault {
  const whose =
    version === undefined ? 'is not a gateway of this version' : `is a gateway of another version (${version})`;
  return new Fault('not-running', `The process that listens on ${socketPath} ${whose}: ${why}`, {
    hint: 'Correct --socket or gateway.control_socket if another program listens there. After an update: systemctl restart holdfast.',
  });
}

/** Fault for a gateway that ended while it was followed. */
export function stopped(socketPath: string): Fault {
  return new Fault('not-running', `The gateway has stopped or was killed: ${socketPath} sends no more data`, {
    hint: `holdfast status shows whether it is running again; ${JOURNAL} shows why it stopped.`,
    retryable: true,
  });
}

/** @param remedy remedy proposed by the gateway itself */
export function silent(what: string, cause?: unknown, remedy?: string): Fault {
  const hint = remedy ?? `Look at the journal: ${JOURNAL}. As a last resort: systemctl restart holdfast.`;
  return new Fault('not-running', what, { hint, retryable: true, cause });
}

function forbidden(socketPath: string, cause: unknown): Fault {
  return new Fault('not-running', `User ${userName()} may not open ${socketPath}`, {
    hint: `${joiningWords(socketPath)}.`,
    cause,
  });
}

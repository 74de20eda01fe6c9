/**
 * Faults of requests to a gateway over its sockets, with the remedy. Each case has its own text and code: no gateway, a
 * gateway that does not answer, another program, another version, a damaged answer, a user without permission.
 */
import { statSync } from 'node:fs';
import { Fault } from '../../base/fault.ts';
import { ownerOfSocket, type SocketOwner } from '../../io/socket-owner.ts';
import { hasCode } from './control-socket.ts';
import { notPermitted } from './socket-permission.ts';

const JOURNAL = 'journalctl -u holdfast -n 50';
const START = `Start it with: systemctl start holdfast. If it stops again, see: ${JOURNAL}.`;
const OTHER_PROGRAM = 'Correct --socket or gateway.control_socket: another program listens there.';

/** Fault for an error of the connection. */
export function unreachable(socketPath: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (hasCode(error, 'EACCES') || hasCode(error, 'EPERM')) return notPermitted(socketPath, error);
  if (hasCode(error, 'ENOENT'))
    return new Fault('not-running', `No gateway is running: ${socketPath} does not exist`, {
      hint: START,
      cause: error,
    });
  if (hasCode(error, 'ECONNREFUSED')) return unanswered(socketPath, error);
  if (hasCode(error, 'ECONNRESET') || hasCode(error, 'EPIPE'))
    return foreign(socketPath, 'it closes the connection without an answer, or has no place for another one');
  const isOtherProtocol = error instanceof Error && 'code' in error && String(error.code).startsWith('HPE_');
  if (isOtherProtocol) return foreign(socketPath, 'it does not speak HTTP');
  if (hasCode(error, 'ENOTSOCK') || hasCode(error, 'EPROTOTYPE'))
    return foreign(socketPath, 'it is not a socket of this kind');
  return silent(`The gateway does not answer on ${socketPath}`, error);
}

/** Fault for a path that refuses connections: a file, or the socket of a process that has ended. */
function unanswered(socketPath: string, cause: unknown): Fault {
  if (statSync(socketPath, { throwIfNoEntry: false })?.isSocket() === false)
    return new Fault('not-running', `${socketPath} is not a socket, so no gateway can answer there`, {
      hint: 'Correct --socket or gateway.control_socket.',
      cause,
    });
  const what = `No gateway is running: no process listens on ${socketPath}, which a process that has ended left behind`;
  return new Fault('not-running', what, { hint: START, cause });
}

/** Fault for a process that accepts the connection and does not answer in time. */
export class Stalled extends Fault {
  /** @param sends what the process does instead, e.g. `sends no answer` */
  constructor(socketPath: string, owner: SocketOwner | undefined, sends = 'sends no answer', cause?: unknown) {
    const whose =
      owner?.runsOurNode === false ? `The process on ${socketPath} is not a gateway` : 'The gateway does not answer';
    const what = `${whose}: ${socketPath} accepts connections but ${sends}`;
    super('not-answering', what, { hint: stalledHint(owner), retryable: true, cause });
  }
}

/** Fault for an answer that was not complete at its deadline. */
export function incomplete(socketPath: string, cause: unknown): Stalled {
  return new Stalled(socketPath, ownerOfSocket(socketPath), 'does not complete its answer in time', cause);
}

/** States of proc(5), as far as they explain that a process does not answer. */
const STATES: Readonly<Record<string, string>> = {
  D: 'waits for a disk or a device (state D)',
  R: 'is computing (state R)',
  S: 'is waiting (state S)',
  Z: 'has ended and is not collected (state Z)',
};

function stalledHint(owner: SocketOwner | undefined): string {
  const journal = `Then: ${JOURNAL}.`;
  if (owner === undefined)
    return `Is its process stopped (ps -eo pid,stat,args: T in the second column; sudo kill -CONT its pid), or the machine overloaded (uptime)? ${journal}`;
  const { pid, name, state, isStopped, runsOurNode } = owner;
  if (!runsOurNode)
    return `Process ${pid} (${name}) listens there: stop it, or correct --socket or gateway.control_socket.`;
  if (isStopped)
    return `Its process ${pid} (${name}) is stopped, by a signal or a debugger: kill -CONT ${pid} lets it go on.`;
  const doing = STATES[state] ?? `is in state ${state}`;
  return `Process ${pid} (${name}) listens there and ${doing}: is it the gateway, and is the machine overloaded (uptime)? ${journal}`;
}

/** Fault for a program that is not a gateway. */
export function foreign(socketPath: string, why: string): Fault {
  return new Fault('not-a-gateway', `The process that listens on ${socketPath} is not a gateway: ${why}`, {
    hint: OTHER_PROGRAM,
  });
}

/** Fault for a process that names another version of the control API than this program, or none. */
export function otherVersion(socketPath: string, why: string): Fault {
  return new Fault(
    'wrong-version',
    `This holdfast cannot use the answers of the process that listens on ${socketPath}: ${why}`,
    {
      hint: 'After an update: systemctl restart holdfast. Otherwise run the holdfast of the gateway (/usr/bin/holdfast).',
    },
  );
}

/** Fault for an answer that cannot be used although the process named the right version. */
export function damaged(socketPath: string, why: string, cause?: unknown): Fault {
  return new Fault('answer-damaged', `The answer from ${socketPath} cannot be used: ${why}`, {
    hint: `Try again. If that does not help, see: ${JOURNAL}, then: systemctl restart holdfast.`,
    retryable: true,
    cause,
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
  return new Fault('not-answering', what, { hint, retryable: true, cause });
}

/**
 * Checks the directories named by the configuration before the gateway creates any file. The gateway does not start
 * with a problem found here, and `config check` reports the same problems.
 */
import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FaultCode } from '../base/fault.ts';
import { folderProblem } from './folders.ts';
import { volatilePlaceOf } from './volatile-storage.ts';

export interface Places {
  readonly stateDir: string;
  readonly allowVolatileStore: boolean;
  readonly controlSocket: string;
}

export interface PlaceProblem {
  /** Key of the configuration. */
  readonly path: string;
  /** Code of the fault with which the gateway ends. */
  readonly code: FaultCode;
  /** Predicate of the key, without a full stop. */
  readonly what: string;
  readonly hint: string;
  /** True if the problem may be absent for another user or after a mount. */
  readonly isOfMoment: boolean;
}

/** @returns the first problem of each key */
export function placeProblems({ stateDir, allowVolatileStore, controlSocket }: Places): PlaceProblem[] {
  return [
    socketProblem(controlSocket),
    stateProblem(stateDir) ?? (allowVolatileStore ? undefined : volatileProblem(stateDir)),
  ].filter((problem) => problem !== undefined);
}

function socketProblem(controlSocket: string): PlaceProblem | undefined {
  const path = 'gateway.control_socket';
  const found = folderProblem(dirname(controlSocket));
  if (found !== undefined) {
    const { kind, what, hint } = found;
    return { path, code: 'config-invalid', what: `cannot be used: ${what}`, hint, isOfMoment: kind === 'access' };
  }
  if (lstatSync(controlSocket, { throwIfNoEntry: false })?.isSocket() ?? true) return undefined;
  return {
    path,
    code: 'control-socket-in-use',
    what: `cannot be used: ${controlSocket} exists and is not a socket`,
    hint: 'Move that file away, or correct gateway.control_socket.',
    isOfMoment: false,
  };
}

function stateProblem(stateDir: string): PlaceProblem | undefined {
  const found = folderProblem(stateDir);
  if (found === undefined) return undefined;
  const { kind, what, hint } = found;
  return {
    path: 'gateway.state_dir',
    // the gateway waits for a disk that is not mounted yet
    code: kind === 'place' ? 'config-invalid' : 'store-failed',
    what: `cannot be used: ${what}`,
    hint,
    isOfMoment: kind === 'access',
  };
}

function volatileProblem(stateDir: string): PlaceProblem | undefined {
  const place = volatilePlaceOf(stateDir);
  if (place === undefined) return undefined;
  return {
    path: 'gateway.state_dir',
    code: 'store-volatile',
    what: `${stateDir} is in RAM (${place}): a power cut loses every message in it`,
    hint: 'Set state_dir to a directory on a disk; or set allow_volatile_store = true in [gateway] to accept the loss.',
    isOfMoment: false,
  };
}

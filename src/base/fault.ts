/**
 * Operating faults: failures around the program, from a closed list, handled once per resource. Invalid bytes are not
 * faults (see `decoded.ts`). A broken invariant is a plain Error and ends the process with 70.
 */
export type FaultCode =
  | 'config-invalid'
  | 'config-unreadable'
  | 'config-rolled-back'
  | 'secret-unreadable'
  | 'password-command'
  | 'control-socket-in-use'
  | 'not-running'
  | 'not-answering'
  | 'not-a-gateway'
  | 'wrong-version'
  | 'answer-damaged'
  | 'not-permitted'
  | 'store-failed'
  | 'store-full'
  | 'store-read-only'
  | 'store-forbidden'
  | 'store-corrupt'
  | 'store-newer'
  | 'store-locked'
  | 'store-volatile'
  | 'wrong-user'
  | 'node-too-old'
  | 'command-rejected'
  | 'usage';

export interface FaultDetail {
  readonly hint: string;
  /** True if a retry may succeed without any change by the user. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

export class Fault extends Error {
  readonly code: FaultCode;
  readonly hint: string;
  readonly retryable: boolean;

  /** @param what text: what failed and where; `detail.hint` is the remedy */
  constructor(code: FaultCode, what: string, detail: FaultDetail) {
    super(what, { cause: detail.cause });
    this.name = 'Fault';
    this.code = code;
    this.hint = detail.hint;
    this.retryable = detail.retryable ?? false;
  }
}

/** Exit codes of sysexits.h that systemd and scripts rely on. The systemd unit does not restart after 78. */
export const EXIT = {
  ok: 0,
  unbalanced: 1,
  refused: 1,
  usage: 64,
  notRunning: 69,
  bug: 70,
  storage: 74,
  foreign: 76,
  notPermitted: 77,
  config: 78,
} as const;

export function exitCodeOf(code: FaultCode): number {
  switch (code) {
    case 'usage':
      return EXIT.usage;
    case 'command-rejected':
    case 'config-rolled-back': // the service manager starts the gateway again, with the configuration before
      return EXIT.refused;
    case 'not-running':
    case 'not-answering':
      return EXIT.notRunning;
    case 'not-a-gateway':
    case 'wrong-version':
    case 'answer-damaged':
      return EXIT.foreign;
    case 'not-permitted':
      return EXIT.notPermitted;
    case 'config-invalid':
    case 'config-unreadable':
    case 'secret-unreadable':
    case 'password-command':
    case 'control-socket-in-use':
    case 'store-volatile':
    case 'wrong-user':
    case 'node-too-old':
      return EXIT.config;
    case 'store-failed':
    case 'store-full':
    case 'store-read-only':
    case 'store-forbidden':
    case 'store-corrupt':
    case 'store-newer':
    case 'store-locked':
      return EXIT.storage;
  }
}

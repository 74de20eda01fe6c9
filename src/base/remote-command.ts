/** Commands that the hub may send to the gateway: the closed list, and the errors of an answer. */
export const REMOTE_COMMANDS = ['status', 'ledger', 'link-test', 'record', 'restart', 'config-confirm'] as const;

export type RemoteCommand = (typeof REMOTE_COMMANDS)[number];

/** Commands that change something. Their requests are remembered on disk, so that none runs twice after a restart. */
export const CHANGING_COMMANDS: ReadonlySet<RemoteCommand> = new Set(['record', 'restart', 'config-confirm']);

/** Code of an answer that is an error. */
export type RemoteErrorCode =
  /** The request is no JSON object with a valid `id`, `command` and `args`. */
  | 'malformed'
  | 'too-large'
  | 'too-many'
  | 'unknown-command'
  /** The command is not in `remote.commands`. */
  | 'not-allowed'
  /** A request with this id has run before. */
  | 'repeated'
  /** The command was run, or tried, and failed. */
  | 'failed';

export interface RemoteError {
  readonly code: RemoteErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** Request that passed all checks. */
export interface RemoteRequest {
  readonly id: string;
  readonly command: RemoteCommand;
  readonly args: Readonly<Record<string, unknown>>;
  readonly answerTopic: string;
  /** The hub keeps the request and sends it again after each subscription. */
  readonly isRetained: boolean;
}

/** Ids of requests that earlier processes have run. */
export interface RunRequests {
  readonly ids: readonly string[];
  /** Id of the last request with RETAIN: the hub may send it at any later time. */
  readonly retained: string | undefined;
}

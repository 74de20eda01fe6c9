/**
 * Runs the commands that the hub sends to the gateway itself. Each request is an event with its id, and its answer is
 * sent before the backlog, in the pace (`hub-sender.ts`). A request that changes something is stored before it runs.
 */
import type { Facts } from '../base/events.ts';
import { Fault } from '../base/fault.ts';
import type { RemoteCommand, RemoteRequest, RunRequests } from '../base/remote-command.ts';
import type { HubServiceEvent } from '../hub/gateway/hub-service.ts';
import { ANSWER_OVERHEAD_BYTES, mustBeStored, type RemoteRequests } from '../hub/gateway/remote-requests.ts';
import type { Mailbox } from '../runtime/mailbox.ts';

/** Event of the remote requests. */
export type CommandReport = Extract<HubServiceEvent, { kind: 'remoteCommand' | 'remoteRejected' }>;

/** Result of a command. */
export interface RemoteResult {
  /** Valid JSON of at most the bytes that the command was given. */
  readonly json: string;
  /** Called once the answer is sent, or is lost with the connection. */
  readonly afterAnswer?: () => void;
}

/** Rejects with a Fault if the command is not possible. */
export type RunRemoteCommand = (
  args: Readonly<Record<string, unknown>>,
  resultBytesMax: number,
) => Promise<RemoteResult>;

/** Parts from the composition that the commands need. */
export interface RemoteActions {
  readonly commands: Readonly<Record<RemoteCommand, RunRemoteCommand>>;
  /** Stores the ids durably. @throws the error of the file system */
  readonly store: (run: RunRequests) => void;
  /** Resolves when the events of the commands until now are durable. */
  readonly settled: () => Promise<void>;
}

export interface RemoteCommandsOptions {
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  readonly requests: RemoteRequests;
  readonly hubLimits: { readonly payloadBytesMax: number };
  /** Sends the packets that wait. */
  readonly send: () => void;
}

/** Commands that run at the same time. */
const RUNNING_MAX = 4;

export class RemoteCommands {
  readonly requests: RemoteRequests;
  readonly #options: RemoteCommandsOptions;
  #actions: RemoteActions | undefined;
  #running = 0;

  constructor(options: RemoteCommandsOptions) {
    this.#options = options;
    this.requests = options.requests;
  }

  attach(actions: RemoteActions): void {
    this.#actions = actions;
  }

  handle(report: CommandReport): void {
    if (report.kind === 'remoteRejected') {
      this.#audit('request', report.id ?? '', `rejected: ${report.code}`, true);
      return;
    }
    const { request } = report;
    this.#run(request).then(
      ({ json, afterAnswer }) => this.#end(request, 'done', () => this.requests.answer(request, json, afterAnswer)),
      (error: unknown) => this.#end(request, `failed: ${wordsOf(error)}`, () => this.#fail(request, error)),
    );
  }

  async #run(request: RemoteRequest): Promise<RemoteResult> {
    const actions = this.#actions;
    if (actions === undefined) throw rejection('The gateway has not started yet', 'Try again.');
    if (this.#running >= RUNNING_MAX)
      throw rejection(`${RUNNING_MAX} remote commands are running`, 'Try again when they have ended.');
    if (mustBeStored(request)) storeOrReject(() => actions.store(this.requests.run));
    this.#running += 1;
    try {
      const resultBytesMax = this.#options.hubLimits.payloadBytesMax - ANSWER_OVERHEAD_BYTES;
      const result = await actions.commands[request.command](request.args, resultBytesMax);
      if (Buffer.byteLength(result.json) > resultBytesMax)
        throw rejection('The result exceeds the payload limit of the hub', 'Use holdfast on the gateway.');
      return result;
    } finally {
      this.#running -= 1;
    }
  }

  /** Answers in the mailbox, in sequence with all other events, and after the commit of the event of a change. */
  #end(request: RemoteRequest, outcome: string, answer: () => void): void {
    const { mailbox, send } = this.#options;
    const isReadOnly = !mustBeStored(request);
    const end = (): void => {
      answer();
      send();
    };
    mailbox.post(() => {
      this.#audit(request.command, request.id, outcome, isReadOnly);
      const actions = this.#actions;
      if (isReadOnly || actions === undefined) return end();
      void actions.settled().then(() => mailbox.post(end));
    });
  }

  #fail({ answerTopic, id }: RemoteRequest, error: unknown): void {
    const hint = error instanceof Fault ? error.hint : 'See the journal of the gateway.';
    this.requests.reject(answerTopic, id, { code: 'failed', message: wordsOf(error), hint });
  }

  #audit(action: string, subject: string, detail: string, isReadOnly: boolean): void {
    this.#options.facts.emit('operatorActed', { action: `remote ${action}`, subject, detail, by: 'hub', isReadOnly });
  }
}

/** Largest number of characters of a message about a failure. */
const WORDS_MAX = 400;

function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, WORDS_MAX);
}

function rejection(what: string, hint: string): Fault {
  return new Fault('command-rejected', what, { hint });
}

/** A request that cannot be stored does not run: it could run again after a restart. */
function storeOrReject(store: () => void): void {
  try {
    store();
  } catch (error) {
    throw rejection(
      `The request cannot be stored: ${wordsOf(error)}`,
      'Check the disk of the state directory: df, dmesg.',
    );
  }
}

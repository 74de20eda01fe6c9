/**
 * Requests of the hub to the gateway itself, and their answers: a closed list of commands, each at most once.
 *
 *     request {"id", "command", "args"} ──▶ checks ──▶ event "command" ──▶ flow/remote-commands.ts
 *                                             └─ error                       └─ result or error ──▶ answer
 *
 * Invariants: an accepted id is never accepted again, also with DUP or RETAIN; at most `perMinute` requests a minute are
 * accepted, with a burst of as many; the ids and the answers that are kept have bounds. Answers have QoS 0 and are lost
 * with the connection: the application sends a new request.
 */
import type { Message } from '../../base/message.ts';
import {
  CHANGING_COMMANDS,
  REMOTE_COMMANDS,
  type RemoteCommand,
  type RemoteError,
  type RemoteRequest,
  type RunRequests,
} from '../../base/remote-command.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import type { HubService, HubServiceEvent, HubServiceRequest } from './hub-service.ts';

export interface RemoteRequestsOptions {
  /** Exact topic of the requests, or a filter that ends in `/+`. */
  readonly filter: string;
  /** Returns the topic of the answer. */
  readonly answerTopic: (requestTopic: string) => string;
  readonly allowed: readonly RemoteCommand[];
  readonly perMinute: number;
}

/** Largest request, bytes: an id, a command and a few names. */
const REQUEST_BYTES_MAX = 4096;
/** Largest number of ids kept. A hub repeats the requests of its window, which is smaller. */
export const IDS_MAX = 256;
/** Answers that wait for the pace. */
const ANSWERS_MAX = 16;
/** Error answers a minute to requests above the limit. More requests get no answer. */
const EXCUSES_PER_MINUTE = 6;
const MINUTE_MS = 60_000;
const ID = /^[A-Za-z0-9._:-]{1,64}$/;

interface Answer extends HubServiceRequest {
  readonly sent: () => void;
}

export class RemoteRequests implements HubService {
  readonly filters: readonly string[];
  readonly #options: RemoteRequestsOptions;
  readonly #limit: TokenBucket;
  readonly #excuses = perMinute(EXCUSES_PER_MINUTE);
  readonly #ids = new Set<string>();
  #retained: string | undefined;
  #isOverLimit = false;
  #answers: Answer[] = [];

  constructor(options: RemoteRequestsOptions) {
    this.#options = options;
    this.filters = [options.filter];
    this.#limit = perMinute(options.perMinute);
  }

  /** Takes over the ids that earlier processes have run. */
  restore({ ids, retained }: RunRequests): void {
    for (const id of ids) this.#remember(id);
    this.#retained = retained;
  }

  connected(): void {
    // the answers of the earlier connection have been dropped
  }

  /** Drops the answers. What an answer would have started when it was sent is started now. */
  disconnected(): void {
    for (const { sent } of this.#answers.splice(0)) sent();
  }

  next(): HubServiceRequest | undefined {
    const answer = this.#answers.shift();
    answer?.sent();
    return answer && { topic: answer.topic, payload: answer.payload };
  }

  wakeAtMs(): undefined {
    return undefined;
  }

  onReceived(message: Message, nowMs: number): readonly HubServiceEvent[] {
    const answerTopic = this.#options.answerTopic(message.topic);
    const read = readRequest(message.payload);
    const id = read.id;
    if (!this.#limit.take(nowMs)) {
      const isNews = !this.#isOverLimit;
      this.#isOverLimit = true;
      const error = excuse('too-many', `More than ${this.#options.perMinute} requests in a minute`, 'Wait a minute.');
      if (this.#excuses.take(nowMs)) this.reject(answerTopic, id, error);
      return isNews ? [{ kind: 'remoteRejected', id, code: 'too-many' }] : [];
    }
    this.#isOverLimit = false;
    const checked = this.#check(read);
    if ('code' in checked) {
      this.reject(answerTopic, id, checked);
      return [{ kind: 'remoteRejected', id, code: checked.code }];
    }
    const isRetained = message.retain === true;
    this.#remember(checked.id);
    if (isRetained) this.#retained = checked.id;
    return [{ kind: 'remoteCommand', request: { ...checked, answerTopic, isRetained } }];
  }

  /** Ids to store before `request` runs. */
  get run(): RunRequests {
    return { ids: [...this.#ids], retained: this.#retained };
  }

  /** @param result valid JSON @param sent called when the answer is sent, or is lost with the connection */
  answer({ answerTopic, id }: RemoteRequest, result: string, sent: () => void = () => undefined): void {
    this.#add(answerTopic, `${openingOf(id)},"ok":true,"result":${result}}`, sent);
  }

  reject(answerTopic: string, id: string | null, error: RemoteError): void {
    this.#add(answerTopic, `${openingOf(id)},"ok":false,"error":${JSON.stringify(error)}}`, () => undefined);
  }

  #add(topic: string, text: string, sent: () => void): void {
    if (this.#answers.length < ANSWERS_MAX)
      this.#answers.push({ topic, payload: new TextEncoder().encode(text), sent });
    else sent();
  }

  #check(read: ReadRequest): Pick<RemoteRequest, 'id' | 'command' | 'args'> | RemoteError {
    if ('problem' in read) return read.problem;
    const { id, name, args } = read;
    const command = REMOTE_COMMANDS.find((one) => one === name);
    const known = `Commands: ${REMOTE_COMMANDS.join(', ')}.`;
    if (command === undefined) return excuse('unknown-command', 'The gateway has no such remote command', known);
    if (!this.#options.allowed.includes(command)) {
      const hint = `Add "${command}" to remote.commands in the configuration of the gateway.`;
      return excuse('not-allowed', `The configuration does not allow ${command} from the hub`, hint);
    }
    if (this.#ids.has(id) || this.#retained === id) {
      const hint = 'Use a new id for a new request. A request with this id has run, or is running.';
      return excuse('repeated', 'A request with this id was accepted before', hint);
    }
    return { id, command, args };
  }

  #remember(id: string): void {
    this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= IDS_MAX) break;
      this.#ids.delete(oldest);
    }
  }
}

/** True if the request must be stored before it runs. */
export function mustBeStored({ command }: RemoteRequest): boolean {
  return CHANGING_COMMANDS.has(command);
}

/** Bytes of an answer with the longest id, without its result. */
export const ANSWER_OVERHEAD_BYTES = 160;
const SCHEMA = 'holdfast/remote-answer/1';

function openingOf(id: string | null): string {
  return `{"schema":"${SCHEMA}","id":${JSON.stringify(id)}`;
}

function excuse(code: RemoteError['code'], message: string, hint: string): RemoteError {
  return { code, message, hint };
}

type ReadRequest =
  | { readonly id: string; readonly name: string; readonly args: Readonly<Record<string, unknown>> }
  | { readonly id: string | null; readonly problem: RemoteError };

/** Reads a request. Total over all payloads. */
function readRequest(payload: Uint8Array): ReadRequest {
  const malformed = (id: string | null, what: string): ReadRequest => {
    const hint = 'Send {"id": "1", "command": "status", "args": {}}; an id has 1 to 64 letters, digits, . _ : or -.';
    return { id, problem: excuse('malformed', what, hint) };
  };
  if (payload.length > REQUEST_BYTES_MAX) {
    const what = `The request has ${payload.length} bytes; the limit is ${REQUEST_BYTES_MAX}`;
    return { id: null, problem: excuse('too-large', what, 'Send a shorter request.') };
  }
  const fields = objectOf(payload);
  if (fields === undefined) return malformed(null, 'The request is not a JSON object');
  const { id, command, args = {} } = fields;
  if (typeof id !== 'string' || !ID.test(id)) return malformed(null, 'The request has no valid "id"');
  if (typeof command !== 'string') return malformed(id, 'The request has no "command"');
  if (typeof args !== 'object' || args === null || Array.isArray(args))
    return malformed(id, 'The "args" of the request are not an object');
  return { id, name: command, args: Object.fromEntries(Object.entries(args)) };
}

function objectOf(payload: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
}

/** Limit of events in a minute, with a burst of as many. */
function perMinute(count: number): TokenBucket {
  return new TokenBucket(count, MINUTE_MS / count);
}

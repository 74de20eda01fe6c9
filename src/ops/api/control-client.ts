/**
 * Client of the control API. Distinguishes a gateway that is absent, stopped or overloaded, a gateway of another
 * version, and another program. Each request has a deadline.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../../base/fault.ts';
import { isMachineOverloaded, ownerOfSocket, type SocketOwner } from '../../io/socket-owner.ts';
import { queryOf, type TailRequest } from '../tail/tail-request.ts';
import { type AnswerPath, type ControlAnswers, unusableIn } from './control-answers.ts';
import { foreign, Stalled, silent, stopped, unreachable } from './control-faults.ts';
import { adminSocketOf, hasCode } from './control-socket.ts';
import { request } from './node-http.ts';
import type { TailLine } from './tail-line.ts';

/**
 * Result of a request. `absent`: no process listens on the socket; `stalled`: a process listens and does not answer in
 * time. `fault` is the fault to throw if the caller cannot continue.
 */
export type Asked<Path extends AnswerPath> =
  | { readonly kind: 'answered'; readonly report: ControlAnswers[Path] }
  | { readonly kind: 'absent'; readonly fault: Fault }
  | { readonly kind: 'stalled'; readonly fault: Fault };

/** Deadline of the first byte: a gateway needs milliseconds, and every command has to answer within 2 s. */
export const ALIVE_MS_MAX = 1000;
/** Time without an answer after which the state of the process is checked. */
const STOPPED_MS = 300;
const OVERLOADED_MS_MAX = 15_000;
const LATE = Symbol('late');

/** Largest answer; 1,500 subdevices with their subscriptions take under 1 MiB. */
const ANSWER_BYTES_MAX = 33_554_432;
/** Longest line of a tail; the gateway queues less. */
const LINE_LENGTH_MAX = 1_048_576;
/** Deadline of a whole answer: a little more than the gateway allows itself. */
const ANSWER_MS_MAX = 35_000;

/**
 * @param query query string with its question mark
 * @param aliveMsMax deadline of the first byte, ms
 * @throws Fault `not-running` if the process is not a gateway of this version, or access is denied
 */
export async function ask<Path extends AnswerPath>(
  socketPath: string,
  path: Path,
  query = '',
  aliveMsMax = ALIVE_MS_MAX,
): Promise<Asked<Path>> {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  let response: IncomingMessage;
  try {
    await greet(socketPath, aliveMsMax);
    response = await open(request({ socketPath, path: `${path}${query}`, signal, agent: false }));
  } catch (error) {
    const fault = unreachable(socketPath, error);
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ECONNREFUSED')) return { kind: 'absent', fault };
    if (error instanceof Stalled) return { kind: 'stalled', fault };
    throw fault;
  }
  const body = await readBody(response, socketPath);
  if (response.statusCode === 404) throw foreign(socketPath, `it does not know ${path}`);
  if (response.statusCode !== 200) throw silent(`The gateway refused: ${refusalIn(body)}`, undefined, hintIn(body));
  const unusable = unusableIn(path, body);
  if (unusable === undefined) return { kind: 'answered', report: body as ControlAnswers[Path] };
  throw foreign(socketPath, `its answer to ${path} is invalid (${unusable})`, versionIn(body));
}

/**
 * Sends a command to the administrative socket.
 * @throws Fault `command-rejected` with reason and hint of the gateway; `not-running` as `ask`, or if access is denied
 */
export async function give(controlSocket: string, name: string, body: object): Promise<unknown> {
  const socketPath = adminSocketOf(controlSocket);
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  const path = `/v1/commands/${name}`;
  let response: IncomingMessage;
  try {
    await greet(socketPath, ALIVE_MS_MAX);
    response = await open(request({ socketPath, path, method: 'POST', signal, agent: false }), JSON.stringify(body));
  } catch (error) {
    throw unreachable(socketPath, error);
  }
  const answer = await readBody(response, socketPath);
  if (response.statusCode === 404) throw foreign(socketPath, `it does not know the command ${name}`);
  if (typeof answer !== 'object' || answer === null) throw foreign(socketPath, 'its answer is not an object');
  if (response.statusCode === 200) return answer;
  throw new Fault('command-rejected', refusalIn(answer), { hint: hintIn(answer) ?? 'holdfast status shows details.' });
}

/** Sends a request that a gateway of any version refuses at once, with JSON that contains a text `error`. */
async function greet(socketPath: string, aliveMsMax: number): Promise<void> {
  const waited = new AbortController();
  const outgoing = request({ socketPath, path: '/', signal: waited.signal, agent: false });
  const answered = open(outgoing).then((response) => readBody(response, socketPath));
  try {
    const body = await inTime(answered, socketPath, aliveMsMax);
    const isGateway = typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string';
    if (!isGateway) throw foreign(socketPath, 'it does not answer like one');
  } finally {
    answered.catch(() => undefined);
    waited.abort();
  }
}

/** Allows a process on an overloaded machine more time, unless the process is stopped. */
async function inTime(answered: Promise<unknown>, socketPath: string, aliveMsMax: number): Promise<unknown> {
  let owner: SocketOwner | undefined;
  for (const ms of [STOPPED_MS, aliveMsMax - STOPPED_MS, OVERLOADED_MS_MAX]) {
    if (ms === OVERLOADED_MS_MAX && !isMachineOverloaded()) break;
    const first = await Promise.race([answered, pause(ms, LATE, { ref: false })]);
    if (first !== LATE) return first;
    owner = ownerOfSocket(socketPath);
    if (owner !== undefined && (owner.isStopped || !owner.runsOurNode)) break;
  }
  throw new Stalled(socketPath, owner);
}

/**
 * Follows the tail until the signal aborts. @param request filters, evaluated by the gateway
 * @throws Fault `not-running` when the gateway ends, normally or not
 */
export async function* followTail(
  socketPath: string,
  request: TailRequest,
  signal: AbortSignal,
): AsyncGenerator<TailLine> {
  for await (const line of follow(socketPath, `/v1/tail${queryOf(request)}`, signal)) {
    const read = tailLineIn(line);
    if (read === undefined) throw foreign(socketPath, 'a line of its tail is invalid');
    yield read;
  }
}

/**
 * Follows the steps of one machine, as lines of `recorder/recording-file.ts`; the first line is the subject.
 * @throws Fault `command-rejected` if there is no link of this name; otherwise as `followTail`
 */
export function followTrace(socketPath: string, name: string, signal: AbortSignal): AsyncGenerator<string> {
  return follow(socketPath, `/v1/trace?of=${encodeURIComponent(name)}`, signal);
}

function tailLineIn(line: string): TailLine | undefined {
  try {
    const { kind, sentence, wallMs, events } = JSON.parse(line);
    const isRead = kind === 'event' ? typeof sentence === 'string' && Number.isFinite(wallMs) : Number.isFinite(events);
    return isRead ? (JSON.parse(line) as TailLine) : undefined;
  } catch {
    return undefined;
  }
}

async function* follow(socketPath: string, path: string, signal: AbortSignal): AsyncGenerator<string> {
  let response: IncomingMessage;
  try {
    await greet(socketPath, ALIVE_MS_MAX);
    response = await open(request({ socketPath, path, signal, agent: false }));
  } catch (error) {
    if (signal.aborted) return;
    throw unreachable(socketPath, error);
  }
  if (response.statusCode !== 200) {
    const why = refusalIn(await readBody(response, socketPath));
    if (response.statusCode !== 404) throw silent(`The gateway refused: ${why}`);
    throw new Fault('command-rejected', why, {
      hint: 'holdfast status lists the links; hub is the connection to the hub.',
    });
  }
  try {
    yield* linesOf(response);
  } catch (error) {
    if (!signal.aborted && !hasCode(error, 'ECONNRESET'))
      throw silent(`The answer from ${socketPath} is incomplete`, error);
  }
  if (!signal.aborted) throw stopped(socketPath);
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  // Errors are raised by the iteration; later ones are ignored.
  response.on('error', () => undefined);
  response.setEncoding('utf8');
  let rest = '';
  for await (const chunk of response) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_LENGTH_MAX) throw new Error('a line is longer than 1 MiB');
    yield* lines;
  }
}

function open(outgoing: ClientRequest, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function readBody(response: IncomingMessage, socketPath: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES_MAX) throw new Error('the answer is larger than 32 MiB');
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error;
    throw foreign(socketPath, 'its answer is incomplete or invalid');
  }
}

function refusalIn(body: unknown): string {
  const why = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
  return typeof why === 'string' ? why : 'no reason given';
}

function hintIn(body: unknown): string | undefined {
  const hint = typeof body === 'object' && body !== null && 'hint' in body ? body.hint : undefined;
  return typeof hint === 'string' ? hint : undefined;
}

function versionIn(body: unknown): string | undefined {
  const { process: itself } = Object(body) as { readonly process?: { readonly version?: unknown } };
  return typeof itself?.version === 'string' ? itself.version.slice(0, 20) : undefined;
}

/**
 * Client of the control API. Distinguishes a gateway that is absent, stopped or overloaded, a gateway of another
 * version, a damaged answer, and another program. Each request has a deadline.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../../base/fault.ts';
import { isMachineOverloaded, ownerOfSocket, type SocketOwner } from '../../io/socket-owner.ts';
import { queryOf, type TailRequest } from '../tail/tail-request.ts';
import { API_HEADER, versionDifference } from './api-version.ts';
import { ANSWERS, type AnswerPath, type ControlAnswers, unusableIn } from './control-answers.ts';
import { damaged, foreign, incomplete, otherVersion, Stalled, silent, stopped, unreachable } from './control-faults.ts';
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
/** Largest refusal of a gateway; one sentence. */
const GREETING_BYTES_MAX = 65_536;
/** Longest line of a tail; the gateway queues less. */
const LINE_LENGTH_MAX = 1_048_576;
/** Deadlines of a whole answer: of one from RAM, and of one from the store, a little more than the gateway allows itself. */
const ANSWER_MS_MAX = { RAM: 15_000, store: 35_000 } as const;

/**
 * @param query query string with its question mark
 * @param aliveMsMax deadline of the first byte, ms
 * @param answerMsMax deadline of the whole answer, ms
 * @throws Fault `not-a-gateway`, `wrong-version`, `answer-damaged`, `not-permitted`; `not-answering` if the gateway
 * refuses
 */
export async function ask<Path extends AnswerPath>(
  socketPath: string,
  path: Path,
  query = '',
  aliveMsMax = ALIVE_MS_MAX,
  answerMsMax: number = ANSWER_MS_MAX[ANSWERS[path].from],
): Promise<Asked<Path>> {
  let signal: AbortSignal | undefined;
  let response: IncomingMessage;
  let body: unknown;
  try {
    await greet(socketPath, aliveMsMax);
    signal = AbortSignal.timeout(answerMsMax);
    response = await open(request({ socketPath, path: `${path}${query}`, signal, agent: false }));
    body = await readBody(response, socketPath);
  } catch (error) {
    const fault = signal?.aborted ? incomplete(socketPath, error) : unreachable(socketPath, error);
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ECONNREFUSED')) return { kind: 'absent', fault };
    if (fault instanceof Stalled) return { kind: 'stalled', fault };
    throw fault;
  }
  if (response.statusCode === 404) throw otherVersion(socketPath, `it is an older gateway: it does not know ${path}`);
  if (response.statusCode !== 200) throw silent(`The gateway refused: ${refusalIn(body)}`, undefined, hintIn(body));
  const unusable = unusableIn(path, body);
  if (unusable === undefined) return { kind: 'answered', report: body as ControlAnswers[Path] };
  const version = versionIn(body);
  const whose = version === undefined ? '' : `it is holdfast ${version}, and `;
  throw otherVersion(socketPath, `${whose}its answer to ${path} has another form (${unusable})`);
}

/**
 * Sends a command to the administrative socket.
 * @throws Fault `command-rejected` with reason and hint of the gateway; `not-running`, and otherwise as `ask`
 */
export async function give(controlSocket: string, name: string, body: object): Promise<unknown> {
  const socketPath = adminSocketOf(controlSocket);
  let signal: AbortSignal | undefined;
  const path = `/v1/commands/${name}`;
  let response: IncomingMessage;
  let answer: unknown;
  try {
    await greet(socketPath, ALIVE_MS_MAX);
    signal = AbortSignal.timeout(ANSWER_MS_MAX.store);
    response = await open(request({ socketPath, path, method: 'POST', signal, agent: false }), JSON.stringify(body));
    answer = await readBody(response, socketPath);
  } catch (error) {
    throw signal?.aborted ? incomplete(socketPath, error) : unreachable(socketPath, error);
  }
  if (response.statusCode === 404)
    throw otherVersion(socketPath, `it is an older gateway: it does not know the command ${name}`);
  if (typeof answer !== 'object' || answer === null) throw damaged(socketPath, 'it is not an object');
  if (response.statusCode === 200) return answer;
  throw new Fault('command-rejected', refusalIn(answer), { hint: hintIn(answer) ?? 'holdfast status shows details.' });
}

/**
 * Sends a request that a gateway of any version refuses at once, with JSON that contains a text `error`. The answer names
 * the version of the API.
 */
async function greet(socketPath: string, aliveMsMax: number): Promise<void> {
  const waited = new AbortController();
  const outgoing = request({ socketPath, path: '/', signal: waited.signal, agent: false });
  const answered = open(outgoing).then(async (response) => {
    const header = response.headers[API_HEADER];
    const difference = versionDifference(header);
    if (header !== undefined && difference !== undefined) throw otherVersion(socketPath, difference);
    const body = await readBody(response, socketPath, GREETING_BYTES_MAX);
    const isRefusal = typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string';
    if (!isRefusal) throw foreign(socketPath, 'it does not answer like one');
    if (difference !== undefined) throw otherVersion(socketPath, difference);
  });
  try {
    await inTime(answered, socketPath, aliveMsMax);
  } finally {
    answered.catch(() => undefined);
    waited.abort();
  }
}

/** Allows a process on an overloaded machine more time, unless the process is stopped. */
async function inTime(answered: Promise<void>, socketPath: string, aliveMsMax: number): Promise<void> {
  let owner: SocketOwner | undefined;
  for (const ms of [STOPPED_MS, aliveMsMax - STOPPED_MS, OVERLOADED_MS_MAX]) {
    if (ms === OVERLOADED_MS_MAX && !isMachineOverloaded()) break;
    const first = await Promise.race([answered, pause(ms, LATE, { ref: false })]);
    if (first !== LATE) return;
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
    if (read === undefined) throw damaged(socketPath, 'a line of the tail is invalid');
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
    if (!signal.aborted && !hasCode(error, 'ECONNRESET')) throw damaged(socketPath, 'it is incomplete', error);
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

async function readBody(response: IncomingMessage, socketPath: string, bytesMax = ANSWER_BYTES_MAX): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw new Error(`it is larger than ${bytesMax / 1024} KiB`);
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (error) {
    const why = defectWords(error, bytes);
    if (response.headers[API_HEADER] === undefined) throw foreign(socketPath, `its answer cannot be used: ${why}`);
    throw damaged(socketPath, why, error);
  }
}

/** @param bytes length of the part that arrived */
function defectWords(error: unknown, bytes: number): string {
  if (error instanceof SyntaxError) return 'it is not valid JSON';
  if (hasCode(error, 'ECONNRESET')) return `it ends after ${bytes} bytes, before its end`;
  return error instanceof Error ? error.message : String(error);
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

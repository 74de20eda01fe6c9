/**
 * Asks a running gateway, over its control socket. Each question has a deadline; a gateway that is not there is told
 * from one that does not answer.
 */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { Fault } from '../base/fault.ts';
import { adminSocketOf, hasCode } from './control-socket.ts';
import type { DeadLettersReport } from './dead-letter-report.ts';
import type { LedgerReport } from './ledger-report.ts';
import type { OutboxReport, StatusReport, SubdevicesReport } from './report.ts';
import type { TailLine } from './tail-line.ts';

export interface Answers {
  readonly '/v1/status': StatusReport;
  readonly '/v1/ledger': LedgerReport;
  readonly '/v1/subdevices': SubdevicesReport;
  readonly '/v1/outbox': OutboxReport;
  readonly '/v1/dead-letters': DeadLettersReport;
}

/** `absent`: nobody listens on the socket; `fault` is what to throw if that is the end of it. */
export type Asked<Path extends keyof Answers> =
  | { readonly kind: 'answered'; readonly report: Answers[Path] }
  | { readonly kind: 'absent'; readonly fault: Fault };

/** 1,500 subdevices with their subscriptions take under 1 MiB. */
const ANSWER_BYTES_MAX = 33_554_432;
/** The gateway queues less than this for a tail. */
const LINE_LENGTH_MAX = 1_048_576;
/** A little more than the gateway allows itself. */
const ANSWER_MS_MAX = 35_000;

/**
 * @param query from its question mark on
 * @throws Fault `not-running` if the gateway is there and does not answer, or we may not ask
 */
export async function ask<Path extends keyof Answers>(
  socketPath: string,
  path: Path,
  query = '',
): Promise<Asked<Path>> {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  let response: IncomingMessage;
  try {
    response = await open(request({ socketPath, path: `${path}${query}`, signal, agent: false }));
  } catch (error) {
    const fault = unreachable(socketPath, error);
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ECONNREFUSED')) return { kind: 'absent', fault };
    throw fault;
  }
  const body = await readBody(response, socketPath);
  if (response.statusCode === 200) return { kind: 'answered', report: body as Answers[Path] };
  throw silent(`The gateway refused: ${refusalIn(body)}`);
}

/**
 * Gives an order at the administrative socket.
 * @throws Fault `order-refused` with the gateway's reason and hint; `not-running` as `ask`, or where we may not
 */
export async function give(controlSocket: string, name: string, body: object): Promise<unknown> {
  const socketPath = adminSocketOf(controlSocket);
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  const path = `/v1/orders/${name}`;
  let response: IncomingMessage;
  try {
    response = await open(request({ socketPath, path, method: 'POST', signal, agent: false }), JSON.stringify(body));
  } catch (error) {
    throw unreachable(socketPath, error);
  }
  const answer = await readBody(response, socketPath);
  if (response.statusCode === 200) return answer;
  const hint = typeof answer === 'object' && answer !== null && 'hint' in answer ? String(answer.hint) : '';
  throw new Fault('order-refused', refusalIn(answer), { hint });
}

/** Follows the tail until the gateway stops or the signal aborts. */
export async function* followTail(socketPath: string, signal: AbortSignal): AsyncGenerator<TailLine> {
  for await (const line of follow(socketPath, '/v1/tail', signal)) yield JSON.parse(line) as TailLine;
}

/**
 * Follows the steps of one machine, as lines of `recording/file.ts`; the first is its subject.
 * @throws Fault `order-refused` if there is no link of this name
 */
export function followTrace(socketPath: string, name: string, signal: AbortSignal): AsyncGenerator<string> {
  return follow(socketPath, `/v1/trace?of=${encodeURIComponent(name)}`, signal);
}

async function* follow(socketPath: string, path: string, signal: AbortSignal): AsyncGenerator<string> {
  let response: IncomingMessage;
  try {
    response = await open(request({ socketPath, path, signal, agent: false }));
  } catch (error) {
    if (signal.aborted) return;
    throw unreachable(socketPath, error);
  }
  if (response.statusCode !== 200) {
    const why = refusalIn(await readBody(response, socketPath));
    if (response.statusCode !== 404) throw silent(`The gateway refused: ${why}`);
    throw new Fault('order-refused', why, { hint: 'holdfast status lists the links; hub is the hub’s connection.' });
  }
  try {
    yield* linesOf(response);
  } catch (error) {
    // The gateway was killed: that is an end of the tail too.
    if (!signal.aborted && !hasCode(error, 'ECONNRESET')) throw silent(`What came from ${socketPath} broke off`, error);
  }
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  // An error reaches us through the iteration; after it nobody is left to hear one.
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
    throw silent(`What answers on ${socketPath} broke off or makes no sense`, error);
  }
}

function refusalIn(body: unknown): string {
  const isRefusal = typeof body === 'object' && body !== null && 'error' in body;
  return isRefusal ? String(body.error) : 'it did not say why';
}

function unreachable(socketPath: string, error: unknown): Fault {
  if (hasCode(error, 'EACCES') || hasCode(error, 'EPERM')) {
    return new Fault('not-running', `You may not open ${socketPath}`, {
      hint: 'Use sudo, or join the group that owns the socket (usually holdfast) and log in again.',
      cause: error,
    });
  }
  if (hasCode(error, 'ENOENT') || hasCode(error, 'ECONNREFUSED')) {
    return new Fault('not-running', `No gateway is running (nobody answers on ${socketPath})`, {
      hint: 'Start it with: systemctl start holdfast. If it does not stay up: journalctl -u holdfast -n 50.',
      cause: error,
    });
  }
  return silent(`The gateway does not answer on ${socketPath}`, error);
}

function silent(what: string, cause?: unknown): Fault {
  const hint = 'Look at the journal: journalctl -u holdfast -n 50. As a last resort: systemctl restart holdfast.';
  return new Fault('not-running', what, { hint, retryable: true, cause });
}

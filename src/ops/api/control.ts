/**
 * Control API: HTTP on a Unix socket, read-only. Changes go to `administration.ts`.
 *
 *     curl --unix-socket /run/holdfast/control.sock http://holdfast/v1/status
 *
 * Mode (0660) and group of the file (`gateway.control_group`) decide who may connect. Everything that a client can make the gateway hold is
 * bounded: connections, header bytes, time, queued tail lines. Answers are made one at a time.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SocketAccess } from '../../io/socket-access.ts';
import { encodeValue } from '../../recorder/recording-file.ts';
import { type TailRequest, tailRequestOf } from '../tail/tail-request.ts';
import { refuse, sendText, type TextAnswer } from './bounded-http.ts';
import { ANSWERS, type Inspection, isAnswerPath } from './control-answers.ts';
import { listenLocally } from './local-server.ts';
import { type MetricsFormat, metricsFormatOf } from './metrics-format.ts';
import { queryProblem } from './query-check.ts';
import { TailStream } from './tail-stream.ts';
import { Turnstile } from './turnstile.ts';

export interface ControlOptions {
  readonly socketPath: string;
  /** Absent: the group that the file has. */
  readonly access?: SocketAccess;
  readonly inspection: Inspection;
}

export interface ControlServer {
  /** Closes every connection, including tails, and removes the socket. */
  close(): Promise<void>;
}

/** Largest number of connections: a few technicians and one scraper. */
const CONNECTIONS_MAX = 32;
const TAILS_MAX = 8;
/** Deadline of an answer: the ledger may count a million rows on a slow card. */
const ANSWER_MS_MAX = 30_000;

/** @throws Fault `control-socket-in-use`, or `config-invalid` if the path cannot be used */
export async function startControl({ socketPath, access, inspection }: ControlOptions): Promise<ControlServer> {
  const tails = new Map<ServerResponse, TailStream>();
  const turnstiles = { ram: new Turnstile(), store: new Turnstile() };
  const local = await listenLocally({
    socketPath,
    ...(access && { access }),
    connectionsMax: CONNECTIONS_MAX,
    answer: (request, response) => answer({ inspection, turnstiles, tails, request, response }),
  });
  return {
    close: () => {
      for (const tail of tails.keys()) tail.end();
      return local.close();
    },
  };
}

interface Exchange {
  readonly inspection: Inspection;
  /** Separate queues for answers from RAM and for answers that need the thread of the store. */
  readonly turnstiles: { readonly ram: Turnstile; readonly store: Turnstile };
  readonly tails: Map<ServerResponse, TailStream>;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function answer(exchange: Exchange): Promise<void> {
  const { inspection, request, response } = exchange;
  const [path, query] = (request.url ?? '').split('?');
  if (request.method !== 'GET') return refuse(response, 405, 'The control API answers GET only.');
  const asked = new URLSearchParams(query);
  if (isAnswerPath(path)) {
    const problem = queryProblem(path, asked);
    if (problem !== undefined) return refuse(response, 400, problem);
    const make = async (): Promise<TextAnswer> => json(await inspection.answers[path](asked));
    return ANSWERS[path].from === 'RAM' ? sendNow(exchange, make) : sendInTime(exchange, make);
  }
  switch (path) {
    case '/v1/metrics':
      return metrics(exchange, metricsFormatOf(request.headers.accept));
    case '/v1/tail':
      return tail(exchange, tailRequestOf(asked));
    case '/v1/trace':
      return trace(exchange, asked.get('of') ?? '');
    default: {
      const names = Object.keys(ANSWERS).map((known) => known.replace('/v1/', ''));
      return refuse(response, 404, `The paths are /v1/${names.join(', ')}, metrics, tail and trace.`);
    }
  }
}

function json(report: unknown): TextAnswer {
  return { contentType: 'application/json', text: `${JSON.stringify(report)}\n` };
}

/** Answers a scraper; the library is loaded at the first request. */
async function metrics({ inspection, turnstiles, response }: Exchange, format: MetricsFormat): Promise<void> {
  const render = async (): Promise<TextAnswer> =>
    (await import('../reports/metrics.ts')).renderMetrics(inspection.status(), format);
  sendText(response, 200, await turnstiles.ram.pass(`metrics ${format}`, render));
}

async function sendNow(
  { turnstiles, request, response }: Exchange,
  work: () => TextAnswer | Promise<TextAnswer>,
): Promise<void> {
  sendText(response, 200, await turnstiles.ram.pass(request.url ?? '', work));
}

async function sendInTime(exchange: Exchange, work: () => Promise<TextAnswer>): Promise<void> {
  const { turnstiles, request, response } = exchange;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, ANSWER_MS_MAX, 'late');
  });
  try {
    const answer = turnstiles.store.pass(request.url ?? '', work);
    const first = await Promise.race([answer, late]);
    if (first === 'late') refuse(response, 504, 'The store did not answer in 30 s.');
    else sendText(response, 200, first);
  } finally {
    clearTimeout(timer);
  }
}

/** @param request problem of the request, as a sentence, if it is invalid */
function tail(exchange: Exchange, request: TailRequest | string): void {
  if (typeof request === 'string') return refuse(exchange.response, 400, `Invalid request for events: ${request}.`);
  follow(exchange, [], (send) => exchange.inspection.onTail(request, (make) => send(() => JSON.stringify(make()))));
}

/** Sends the steps of one machine live, encoded as in a recording; the reader decodes them. */
function trace(exchange: Exchange, name: string): void {
  const recorder = exchange.inspection.recorder(name);
  if (recorder === undefined) return refuse(exchange.response, 404, `No link has the name ${JSON.stringify(name)}.`);
  const first = encodeValue(recorder.subject);
  follow(exchange, [first], (send) => recorder.follow((step) => send(() => encodeValue(step))));
}

/** @param first lines sent before all others; @param listen starts sending and returns a function that stops it */
function follow(
  { tails, response }: Exchange,
  first: readonly string[],
  listen: (send: (json: () => string) => void) => () => void,
): void {
  if (tails.size >= TAILS_MAX) evictStuck(tails);
  if (tails.size >= TAILS_MAX) {
    refuse(response, 503, `${TAILS_MAX} other clients follow events or traces already.`);
    return;
  }
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  // The headers are sent at once, so that the reader knows it is connected even if nothing happens.
  response.flushHeaders();
  const stream = new TailStream(response);
  for (const line of first) stream.send(() => line);
  const stop = listen((json) => stream.send(json));
  tails.set(response, stream);
  response.on('drain', () => stream.admitGap());
  response.once('close', () => {
    stop();
    tails.delete(response);
  });
}

/** Closes the connection of a client that does not read, so that another client can be served. */
function evictStuck(tails: Map<ServerResponse, TailStream>): void {
  for (const [response, stream] of tails) {
    if (!stream.isBehind) continue;
    tails.delete(response);
    response.destroy();
    return;
  }
}

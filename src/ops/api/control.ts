/**
 * The control API: HTTP over a Unix socket, reading only; what changes something goes to `administration.ts`.
 *
 *     curl --unix-socket /run/holdfast/control.sock http://holdfast/v1/status
 *
 * Who may connect is decided by the file's mode (0660) and group. Everything a client can make us hold is bounded:
 * connections, header bytes, time, queued tail lines (durability.md §6). Answers are made one at a time.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { encodeValue } from '../../recorder/recording-file.ts';
import { letterRequestOf } from '../reports/dead-letter-report.ts';
import type { Inspection } from '../reports/report.ts';
import { listenLocally, refuse, sendText, type TextAnswer } from './local-server.ts';
import { TailStream } from './tail-stream.ts';
import { Turnstile } from './turnstile.ts';

export interface ControlOptions {
  readonly socketPath: string;
  readonly inspection: Inspection;
}

export interface ControlServer {
  /** Ends every connection, tails too, and removes the socket. */
  close(): Promise<void>;
}

/** A handful of technicians and one scraper. */
const CONNECTIONS_MAX = 32;
const TAILS_MAX = 8;
/** The ledger counts rows on a slow card with a million of them. */
const ANSWER_MS_MAX = 30_000;
/** rw-rw----: sockets are born 0777 without what the mask takes away. */
const SOCKET_MASK = 0o117;

/** @throws Fault `control-socket-in-use`, or `config-invalid` if the path cannot be used */
export async function startControl({ socketPath, inspection }: ControlOptions): Promise<ControlServer> {
  const tails = new Map<ServerResponse, TailStream>();
  const turnstiles = { ram: new Turnstile(), store: new Turnstile() };
  const local = await listenLocally({
    socketPath,
    mask: SOCKET_MASK,
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
  /** For answers out of RAM, and for those that take the time of the store's thread, which writes messages as well. */
  readonly turnstiles: { readonly ram: Turnstile; readonly store: Turnstile };
  readonly tails: Map<ServerResponse, TailStream>;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function answer(exchange: Exchange): Promise<void> {
  const { inspection, request, response } = exchange;
  const [path, query] = (request.url ?? '').split('?');
  if (request.method !== 'GET') return refuse(response, 405, 'The control API answers GET only.');
  switch (path) {
    case '/v1/status':
      return sendNow(exchange, () => json(inspection.status()));
    case '/v1/metrics':
      return sendNow(exchange, () => metrics(inspection));
    case '/v1/subdevices':
      return sendNow(exchange, () => json(inspection.subdevices()));
    case '/v1/ledger':
      return sendInTime(exchange, () => inspection.ledger());
    case '/v1/hub-subscriptions':
      return sendNow(exchange, () => json(inspection.hubSubscriptions()));
    case '/v1/outbox':
      return sendInTime(exchange, () => inspection.outbox());
    case '/v1/dead-letters':
      return sendInTime(exchange, () => inspection.deadLetters(letterRequestOf(new URLSearchParams(query))));
    case '/v1/tail':
      return follow(exchange, [], (send) => inspection.onTail((event) => send(() => JSON.stringify(event))));
    case '/v1/trace':
      return trace(exchange, new URLSearchParams(query).get('of') ?? '');
    default:
      return refuse(
        response,
        404,
        'There are /v1/status, ledger, subdevices, hub-subscriptions, outbox, dead-letters, metrics, tail and trace.',
      );
  }
}

function json(report: unknown): TextAnswer {
  return { contentType: 'application/json', text: `${JSON.stringify(report)}\n` };
}

/** For a scraper; its library is loaded for the first one who asks. */
async function metrics(inspection: Inspection): Promise<TextAnswer> {
  const { renderMetrics } = await import('../reports/metrics.ts');
  return renderMetrics(inspection.status());
}

async function sendNow(
  { turnstiles, request, response }: Exchange,
  work: () => TextAnswer | Promise<TextAnswer>,
): Promise<void> {
  sendText(response, 200, await turnstiles.ram.pass(request.url ?? '', work));
}

async function sendInTime(exchange: Exchange, work: () => Promise<unknown>): Promise<void> {
  const { turnstiles, request, response } = exchange;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, ANSWER_MS_MAX, 'late');
  });
  try {
    const answer = turnstiles.store.pass(request.url ?? '', async () => json(await work()));
    const first = await Promise.race([answer, late]);
    if (first === 'late') refuse(response, 504, 'The store did not answer in 30 s.');
    else sendText(response, 200, first);
  } finally {
    clearTimeout(timer);
  }
}

/** The steps of one machine as they are taken, encoded as in a recording; what they mean the reader finds out. */
function trace(exchange: Exchange, name: string): void {
  const recorder = exchange.inspection.recorder(name);
  if (recorder === undefined) return refuse(exchange.response, 404, `No link has the name ${JSON.stringify(name)}.`);
  const first = encodeValue(recorder.subject);
  follow(exchange, [first], (send) => recorder.follow((step) => send(() => encodeValue(step))));
}

/** @param first lines that come before everything else; @param listen begins to send, and says how to stop */
function follow(
  { tails, response }: Exchange,
  first: readonly string[],
  listen: (send: (json: () => string) => void) => () => void,
): void {
  if (tails.size >= TAILS_MAX) evictStuck(tails);
  if (tails.size >= TAILS_MAX) {
    refuse(response, 503, `${TAILS_MAX} others follow the tail already.`);
    return;
  }
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  // A reader wants to know at once that it is heard, even if nothing happens.
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

/** One who does not read gives way to one who may. */
function evictStuck(tails: Map<ServerResponse, TailStream>): void {
  for (const [response, stream] of tails) {
    if (!stream.isBehind) continue;
    tails.delete(response);
    response.destroy();
    return;
  }
}

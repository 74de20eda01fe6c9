/**
 * HTTP server whose resources are bounded: connections, header bytes, and the time of a request and of its answer.
 *
 * One connection serves one request and closes. A client that sends a second request with the first is disconnected.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Fault } from '../../base/fault.ts';
import { ConnectionSlots } from './connection-slots.ts';
import { createServer } from './node-http.ts';
import { Trickle } from './trickle.ts';

export interface BoundedHttpOptions {
  readonly connectionsMax: number;
  /** Largest header of a request, bytes. */
  readonly headerBytesMax: number;
  /** Headers of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Handler of requests; a rejected promise is answered with 500. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

const REQUEST_MS_MAX = 5000;
/**
 * Longest time in which a client may read its answer, ms. The kernel takes the answer at once, unless it is larger than
 * the socket buffer.
 */
const TAKEN_MS_MAX = 10_000;
/** Largest number of connections without a request, some 20 KB each. */
const WAITING_MAX = 128;
/**
 * Size of the write buffer, bytes: far below the queue of a tail, so that `drain` always follows when a reader that
 * missed lines has caught up.
 */
const DRAIN_BYTES = 16_384;

/** Returns a server that does not listen yet. */
export function createBoundedServer({
  connectionsMax,
  headerBytesMax,
  headers = {},
  answer,
}: BoundedHttpOptions): Server {
  const server = createServer({
    maxHeaderSize: headerBytesMax,
    headersTimeout: REQUEST_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: REQUEST_MS_MAX,
    connectionsCheckingInterval: 1000,
    highWaterMark: DRAIN_BYTES,
  });
  const places = new ConnectionSlots({ waitingMax: WAITING_MAX, servedMax: connectionsMax });
  const [serve] = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (accepted: Socket) => {
    const socket = new Trickle(accepted, DRAIN_BYTES);
    places.enter(socket);
    socket.once('close', () => places.left(socket)).on('error', () => undefined);
    serve?.call(server, socket);
  });
  server.on('request', (request, response) => {
    const { socket } = request;
    if (socket.destroyed) return;
    const place = places.ask(socket);
    if (place === 'again') {
      socket.destroy();
      return;
    }
    response.shouldKeepAlive = false;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    // Called at the end of the answer, before the bytes are sent.
    response.once('prefinish', () => {
      places.answered(socket);
      const late = setTimeout(() => socket.destroy(), TAKEN_MS_MAX);
      socket.once('close', () => clearTimeout(late));
    });
    if (place === 'full')
      return refuse(response, 503, `${connectionsMax} other requests are being answered.`, 'Try again.');
    void answer(request, response).catch((error: unknown) => {
      const hint = error instanceof Fault ? error.hint : undefined;
      refuse(response, 500, error instanceof Error ? error.message : String(error), hint);
    });
  });
  return server;
}

/** Closes every connection and stops to listen. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** `status` with `{"error":…,"hint":…}`. */
export function refuse(response: ServerResponse, status: number, error: string, hint?: string): void {
  if (response.headersSent) response.destroy();
  else send(response, status, hint === undefined ? { error } : { error, hint });
}

export function send(response: ServerResponse, status: number, body: unknown): void {
  sendText(response, status, { contentType: 'application/json', text: `${JSON.stringify(body)}\n` });
}

export interface TextAnswer {
  readonly contentType: string;
  readonly text: string;
}

export function sendText(response: ServerResponse, status: number, { contentType, text }: TextAnswer): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

/**
 * HTTP on a Unix socket, shared by the read-only and the administrative socket. Everything that a client can make the
 * gateway hold is bounded: connections, header bytes, time. The mode of the file decides who may connect.
 *
 * One connection serves one request and closes. A client that sends a second request with the first is disconnected.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Fault } from '../../base/fault.ts';
import { ConnectionSlots } from './connection-slots.ts';
import { claimSocketPath } from './control-socket.ts';
import { createServer } from './node-http.ts';
import { Trickle } from './trickle.ts';

export interface LocalServerOptions {
  readonly socketPath: string;
  /** umask when the socket is created: sockets are created with 0777 minus the umask. */
  readonly mask: number;
  readonly connectionsMax: number;
  /** Handler of requests; a rejected promise is answered with 500. */
  readonly answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

export interface LocalServer {
  /** Closes every connection and removes the socket. */
  close(): Promise<void>;
}

/** Largest header; requests of this program have one line and three headers. */
const HEADER_BYTES_MAX = 4096;
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

/** @throws Fault `control-socket-in-use`, or `config-invalid` if the path cannot be used */
export async function listenLocally(options: LocalServerOptions): Promise<LocalServer> {
  const { socketPath, connectionsMax, answer } = options;
  await claimSocketPath(socketPath);
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
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
  await listen(server, options);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
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

function listen(server: Server, { socketPath, mask }: LocalServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new Fault('config-invalid', `gateway.control_socket: cannot listen on ${socketPath}: ${error.message}`, {
          hint: 'The directory must exist and be writable by the gateway; under systemd, RuntimeDirectory=holdfast creates it.',
          cause: error,
        }),
      ),
    );
    server.once('listening', () => resolve());
    // The socket is bound within this call, so the file never exists with a wider mode.
    const before = process.umask(mask);
    try {
      server.listen(socketPath);
    } finally {
      process.umask(before);
    }
  });
}

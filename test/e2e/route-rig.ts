/** Tools for the tests of ways to the hub: WebSocket servers on real TCP, and channels with each step. */
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { TlsOptions as ServerOptions } from 'node:tls';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { openRoute, type RouteOptions } from '../../src/io/route/route-channel.ts';
import { openWebSocket } from '../../src/io/route/web-socket-stream.ts';
import { secureByCertificate } from '../../src/io/tls/tls.ts';
import { TlsFiles } from '../../src/io/tls/tls-files.ts';
import type { HttpProxy } from './http-proxy.ts';
import { Recorder } from './recorder.ts';
import { HOST, standUp, type TlsFolder } from './tls-rig.ts';

/** Long limits, which no test waits for: a busy machine is slow, not wrong. */
const LIMITS = { openMsMax: 120_000, closeMsMax: 120_000 };

export function dial(
  port: number,
  way: Partial<RouteOptions> = {},
): { listener: Recorder; channel: ReturnType<ReturnType<typeof openRoute>> } {
  const listener = new Recorder();
  const channel = openRoute({ host: HOST, port, ...LIMITS, ...way })(listener);
  onTestFinished(() => channel.close('the test is over'));
  return { listener, channel };
}

export function through({ port }: HttpProxy, login?: { username: string; password: string }): Partial<RouteOptions> {
  return { proxy: { host: HOST, port, login: () => login }, via: ` through the proxy ${HOST}:${port}` };
}

export const OVER_WS = { webSocket: { path: '/mqtt', open: openWebSocket } };

export function securely(
  folder: TlsFolder,
  port: number,
  options: { serverName?: string; pins?: string[] } = {},
  client?: { certificateFile: string; keyFile: string },
) {
  const files = new TlsFiles({ caFile: folder.caFile, client, noted: () => {} });
  const peer = { host: HOST, port, ...LIMITS, serverName: HOST, pins: [], files, wallMs: Date.now, ...options };
  return { secure: secureByCertificate(peer) };
}

export interface WebSocketHub {
  readonly port: number;
  readonly sockets: WebSocket[];
  /** Requests of the opening handshake: their path, host and extensions. */
  readonly requests: (string | undefined)[][];
}

/** WebSocket server that sends `hello` to each client, and is closed after the test. */
export async function serveWebSocket(tls?: ServerOptions, protocol: string | false = 'mqtt'): Promise<WebSocketHub> {
  const http = tls === undefined ? createHttpServer() : createHttpsServer(tls);
  const server = new WebSocketServer({ server: http, handleProtocols: () => protocol, perMessageDeflate: true });
  const sockets: WebSocket[] = [];
  const requests: WebSocketHub['requests'] = [];
  server.on('connection', (socket, request) => {
    sockets.push(socket.on('error', () => {}));
    requests.push([request.url, request.headers.host, request.headers['sec-websocket-extensions']]);
    socket.send(Buffer.from('hello'));
  });
  return { port: await standUp(http), sockets, requests };
}

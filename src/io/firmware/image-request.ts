/**
 * One HTTP request for an image over TLS, directly or through the proxy of the hub. The server must prove its identity
 * by a certificate. No credentials are sent, and no connection is used twice.
 */

import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { hostAndPort } from '../../base/host-and-port.ts';
import type { ProxyLogin } from '../route/proxy-answer.ts';
import { openTunnel } from '../route/proxy-tunnel.ts';
import type { RouteProxy } from '../route/route-channel.ts';
import { explainSocketError, peerOf } from '../tcp.ts';
import { secureByCertificate } from '../tls/tls.ts';
import type { TlsFiles } from '../tls/tls-files.ts';
import { failedForNow } from './download-failed.ts';

/** `node:http` without the rest of its exports, one of which loads the whole of `fetch`. */
const { request: requestOverHttp } = process.getBuiltinModule('node:http');

type ImageHeaders = Readonly<Record<string, string>>;
/** Head of an answer and its body, a stream. */
export type ImageAnswer = import('node:http').IncomingMessage;

const HTTPS_PORT = 443;
/** Largest size of the head of an answer. */
const HEAD_BYTES_MAX = 16 * 1024;
/** Key of the configuration in the texts about certificates. */
const CA_KEY = 'ca_file in [firmware]';

export interface ImageWay {
  readonly files: TlsFiles;
  /** Proxy of the hub. `undefined`: direct connections. */
  readonly proxy: RouteProxy | undefined;
  /** Largest time from the beginning to the head of the answer, ms. */
  readonly answerMsMax: number;
  /** Largest time between two pieces of the body, ms. */
  readonly idleMsMax: number;
  /** Time in which a server must send `SLOW_BYTES_MIN`, ms. */
  readonly slowMsMax: number;
  /** Unix ms of the untrusted machine clock. Used only in texts. */
  readonly wallMs: () => number;
}

/** Host and port of an address, and the words for them. */
interface ImageServer {
  readonly host: string;
  readonly port: number;
  readonly via: string;
}

export function serverOf(url: URL, { proxy }: Pick<ImageWay, 'proxy'>): ImageServer {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const via = proxy === undefined ? '' : ` through the proxy ${hostAndPort(proxy)}`;
  return { host, port: url.port === '' ? HTTPS_PORT : Number(url.port), via };
}

/** Sends GET. Resolves with the head of the answer. @throws DownloadFailed, or the reason of the signal */
export function requestImage(
  url: URL,
  headers: ImageHeaders,
  way: ImageWay,
  signal: AbortSignal,
): Promise<ImageAnswer> {
  const opening = new RequestOpening(url, headers, way);
  return opening.answer(signal);
}

class RequestOpening {
  readonly #url: URL;
  readonly #headers: ImageHeaders;
  readonly #way: ImageWay;
  readonly #server: ImageServer;
  readonly #sockets: Socket[] = [];
  readonly #answer = Promise.withResolvers<ImageAnswer>();
  #isOpening = true;

  constructor(url: URL, headers: ImageHeaders, way: ImageWay) {
    this.#url = url;
    this.#headers = headers;
    this.#way = way;
    this.#server = serverOf(url, way);
  }

  async answer(signal: AbortSignal): Promise<ImageAnswer> {
    signal.throwIfAborted();
    const { answerMsMax, proxy } = this.#way;
    const late = `${this.#peer} does not answer within ${answerMsMax / 1000} s`;
    const limit = setTimeout(() => this.#fail(late), answerMsMax);
    const abort = (): void => {
      this.#end(signal.reason);
      this.#destroySockets();
    };
    signal.addEventListener('abort', abort);
    try {
      if (proxy === undefined) this.#secure();
      else this.#tunnel(proxy, loginOf(proxy));
      const answer = await this.#answer.promise;
      answer.once('close', () => {
        signal.removeEventListener('abort', abort);
        this.#destroySockets();
      });
      return answer;
    } catch (error) {
      signal.removeEventListener('abort', abort);
      throw error;
    } finally {
      clearTimeout(limit);
    }
  }

  get #peer(): string {
    return peerOf(this.#server);
  }

  #tunnel(proxy: RouteProxy, login: ProxyLogin | undefined): void {
    const address = hostAndPort(proxy);
    const socket = connect({ host: proxy.host, port: proxy.port, noDelay: true });
    this.#watch(socket, (error) => `the proxy ${explainSocketError(address, error)}`);
    socket.once('connect', () =>
      openTunnel(socket, this.#server, login, {
        opened: () => this.#secure(socket),
        failed: (problem) => this.#fail(`the proxy ${address} ${problem}`),
      }),
    );
  }

  #secure(lower?: Socket): void {
    const { files, wallMs, answerMsMax } = this.#way;
    const limits = { openMsMax: answerMsMax, closeMsMax: answerMsMax };
    const { host } = this.#server;
    const peer = { ...this.#server, ...limits, serverName: host, pins: [], files, wallMs, caKey: CA_KEY };
    const secured = secureByCertificate(peer)(lower);
    if (typeof secured === 'string') return this.#fail(secured);
    this.#watch(secured.socket, secured.explain);
    secured.socket.once('secureConnect', () => this.#send(secured.socket));
  }

  #send(socket: TLSSocket): void {
    const { pathname, search, host } = this.#url;
    const request = requestOverHttp({
      createConnection: () => socket,
      method: 'GET',
      path: `${pathname}${search}`,
      headers: { Host: host, 'Accept-Encoding': 'identity', 'User-Agent': 'holdfast', ...this.#headers },
      setHost: false,
      maxHeaderSize: HEAD_BYTES_MAX,
    });
    request.on('response', (answer) => {
      this.#isOpening = false;
      this.#answer.resolve(answer);
    });
    request.on('error', (error: NodeJS.ErrnoException) => this.#fail(requestWords(this.#peer, error)));
    // also after an upgrade that was not asked for
    request.on('close', () => this.#fail(`${this.#peer} closed the connection without an answer`));
    request.end();
  }

  #watch(socket: Socket, explain: (error: Error) => string): void {
    this.#sockets.push(socket);
    socket.on('error', (error) => this.#fail(explain(error)));
    socket.on('close', () => this.#fail(`${this.#peer} closed the connection`));
  }

  #fail(reason: string): void {
    this.#end(failedForNow(reason));
  }

  /** Ends the opening. After the head of the answer, its body ends by itself: its last bytes may still be read. */
  #end(why: unknown): void {
    if (!this.#isOpening) return;
    this.#isOpening = false;
    this.#answer.reject(why);
    this.#destroySockets();
  }

  #destroySockets(): void {
    for (const socket of this.#sockets.toReversed()) socket.destroy();
  }
}

/** @throws DownloadFailed if the password cannot be read */
function loginOf(proxy: RouteProxy): ProxyLogin | undefined {
  try {
    return proxy.login();
  } catch (error) {
    throw failedForNow(`the password of the proxy cannot be used: ${error instanceof Error ? error.message : error}`);
  }
}

/** Text for an error of the request. Errors of its parser have codes that begin with HPE. */
function requestWords(peer: string, error: NodeJS.ErrnoException): string {
  if (error.code === 'HPE_HEADER_OVERFLOW') return `${peer} sent more than ${HEAD_BYTES_MAX} bytes of headers`;
  if (error.code?.startsWith('HPE_')) return `${peer} does not answer in HTTP`;
  return explainSocketError(peer, error);
}

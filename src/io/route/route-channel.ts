/**
 * Connections that are opened in several steps: to a proxy or to the hub itself, CONNECT, TLS, WebSocket. All steps share
 * one time limit. The open connection is a `SocketChannel`, as without these steps.
 *
 *     TCP ──▶ [tunnel] ──▶ [TLS] ──▶ [WebSocket] ──▶ open
 */
import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Channel, ChannelListener, OpenChannel } from '../../ports.ts';
import { explainSocketError, peerOf, SocketChannel, type TcpOptions } from '../tcp.ts';
import type { Secure, SecuredSocket } from '../tls/tls.ts';
import type { ProxyLogin } from './proxy-answer.ts';
import { openTunnel } from './proxy-tunnel.ts';
import type { openWebSocket } from './web-socket-stream.ts';
import { WebSocketEnd } from './web-socket-words.ts';

export interface RouteOptions extends TcpOptions {
  readonly proxy?: RouteProxy | undefined;
  /** Absent: no TLS. */
  readonly secure?: Secure | undefined;
  /** Absent: MQTT without WebSocket. */
  readonly webSocket?: { readonly path: string; readonly open: typeof openWebSocket } | undefined;
}

export interface RouteProxy {
  readonly host: string;
  readonly port: number;
  /** Called for each connection. `undefined`: the proxy needs no login. */
  readonly login: () => ProxyLogin | undefined;
}

export function openRoute(options: RouteOptions): OpenChannel {
  return (listener) => new RouteChannel(options, listener);
}

/** Step that is not complete. */
type Step = 'name' | 'TCP' | 'tunnel' | 'TLS' | 'WebSocket';

class RouteChannel implements Channel {
  readonly #options: RouteOptions;
  readonly #listener: ChannelListener;
  readonly #deadline: NodeJS.Timeout;
  /** Connections of the opening, the lowest first. */
  readonly #sockets: Socket[] = [];
  #step: Step;
  #secured: SecuredSocket | undefined;
  #isOpening = true;
  /** Open connection. */
  #channel: SocketChannel | undefined;

  constructor(options: RouteOptions, listener: ChannelListener) {
    this.#options = options;
    this.#listener = listener;
    const { host, port } = options.proxy ?? options;
    this.#step = isIP(host) === 0 ? 'name' : 'TCP';
    this.#deadline = setTimeout(() => this.#fail(this.#lateWords), options.openMsMax);
    const socket = connect({ host, port, noDelay: true });
    this.#watch(socket, (error) => explainSocketError(this.#nextPeer, error));
    socket
      .once('lookup', () => {
        if (this.#step === 'name') this.#step = 'TCP';
      })
      .once('connect', () => this.#tunnel(socket));
  }

  get queuedBytes(): number {
    return this.#channel?.queuedBytes ?? 0;
  }

  write(bytes: Uint8Array): void {
    this.#channel?.write(bytes);
  }

  setReading(isReading: boolean): void {
    this.#channel?.setReading(isReading);
  }

  close(reason: string): void {
    if (this.#channel !== undefined) this.#channel.close(reason);
    else this.#fail(reason);
  }

  #tunnel(socket: Socket): void {
    const { proxy, host, port } = this.#options;
    if (proxy === undefined) return this.#secure(socket);
    this.#step = 'tunnel';
    openTunnel(socket, { host, port }, proxy.login(), {
      opened: () => this.#secure(socket),
      failed: (problem) => this.#fail(`${this.#nextPeer} ${problem}`),
    });
  }

  #secure(lower: Socket): void {
    if (!this.#isOpening) return;
    const { secure } = this.#options;
    if (secure === undefined) return this.#upgrade(lower);
    this.#step = 'TLS';
    const secured = secure(lower);
    if (typeof secured === 'string') return this.#fail(secured);
    this.#secured = secured;
    this.#watch(secured.socket, secured.explain);
    secured.socket.once('secureConnect', () => this.#upgrade(secured.socket));
  }

  #upgrade(lower: Socket): void {
    const { webSocket, secure, host, port, closeMsMax } = this.#options;
    if (!this.#isOpening) return;
    if (webSocket === undefined) return this.#opened(lower);
    this.#step = 'WebSocket';
    webSocket.open(
      lower,
      { host, port, path: webSocket.path, isSecure: secure !== undefined, closeMsMax },
      {
        opened: (stream) => this.#opened(stream),
        failed: (problem, error) => this.#fail(this.#alertWords(error) ?? `${this.#peer} ${problem}`),
      },
    );
  }

  #opened(socket: Duplex): void {
    if (!this.#isOpening) return void socket.destroy();
    this.#isOpening = false;
    clearTimeout(this.#deadline);
    const { explain, closedWords } = this.#endWords;
    const options = { ...this.#options, socket, connectedEvent: 'routeOpen', explain, closedWords } as const;
    socket.once('close', () => this.#destroySockets());
    this.#channel = new SocketChannel(options, this.#listener);
    socket.emit('routeOpen');
  }

  /** Ends the opening. Later events of its connections are ignored. */
  #fail(reason: string): void {
    if (!this.#isOpening) return;
    this.#isOpening = false;
    clearTimeout(this.#deadline);
    this.#destroySockets();
    setImmediate(() => this.#listener.closed(reason));
  }

  #destroySockets(): void {
    for (const socket of this.#sockets.toReversed()) socket.destroy();
  }

  #watch(socket: Socket, explain: (error: Error) => string): void {
    this.#sockets.push(socket);
    // during the handshake of WebSocket, the library reports both
    socket.on('error', (error) => this.#step !== 'WebSocket' && this.#fail(explain(error)));
    socket.on('close', () => this.#step !== 'WebSocket' && this.#fail(this.#closedEarlyWords));
  }

  /** Text for a hub that rejects the client certificate: in TLS 1.3 it does so after the handshake of the client. */
  #alertWords(error: Error | undefined): string | undefined {
    const { code = '' } = (error ?? {}) as NodeJS.ErrnoException;
    return error !== undefined && code.startsWith('ERR_SSL_') ? this.#secured?.explain(error) : undefined;
  }

  /** Texts for the end of an open connection. With a proxy it is unknown who has ended it. */
  get #endWords(): { readonly explain: (error: Error) => string; readonly closedWords: string } {
    const { proxy } = this.#options;
    const below = this.#secured?.explain ?? ((error: Error) => explainSocketError(this.#peer, error));
    const explain = (error: Error): string => {
      if (error instanceof WebSocketEnd) return `${this.#peer} ${error.message}`;
      const { code = '' } = error as NodeJS.ErrnoException;
      const isReset = proxy !== undefined && ['ECONNRESET', 'EPIPE'].includes(code);
      return isReset ? `the connection to ${this.#peer} was reset` : below(error);
    };
    const closedWords =
      proxy === undefined ? `${this.#peer} closed the connection` : `the connection to ${this.#peer} was closed`;
    return { explain, closedWords };
  }

  /** Text for a connection that was not open in time. */
  get #lateWords(): string {
    const hub = peerOf({ ...this.#options, via: '' });
    const words: Readonly<Record<Step, string>> = {
      name: `${this.#nextPeer} was not found by name: no name server answered`,
      TCP: `${this.#nextPeer} did not answer`,
      tunnel: `${this.#nextPeer} accepted the TCP connection and did not open a tunnel to ${hub}`,
      TLS: `${this.#peer} accepted the TCP connection and did not finish the TLS handshake`,
      WebSocket: `${this.#peer} did not finish the WebSocket handshake`,
    };
    return `${words[this.#step]} within ${this.#options.openMsMax} ms`;
  }

  /** Text for a connection that was closed before it was open. */
  get #closedEarlyWords(): string {
    if (this.#step === 'tunnel') return `${this.#nextPeer} closed the connection instead of opening a tunnel`;
    return `the connection to ${this.#peer} was closed${this.#step === 'TLS' ? ' during the TLS handshake' : ''}`;
  }

  /** Hub, with the proxy on the way. */
  get #peer(): string {
    return peerOf(this.#options);
  }

  /** Machine to which the TCP connection leads. */
  get #nextPeer(): string {
    const { proxy } = this.#options;
    return proxy === undefined ? this.#peer : `the proxy ${peerOf(proxy)}`;
  }
}

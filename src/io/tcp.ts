/**
 * TCP connections behind the `OpenChannel` port, used for the hub.
 *
 * Writes of one tick are sent together, at once (no Nagle). Every path ends in exactly one `closed`, whose reason is a
 * text for a technician. `tls.ts` and `route-channel.ts` are the other openers that use `SocketChannel`.
 *
 * Received bytes are passed on in pieces of `TURN_BYTES`, one per turn of the event loop. Meanwhile the socket is not
 * read, so the rest waits in the kernel, and then in the sender.
 */

import { connect, isIP, type OnReadOpts, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { hostAndPort } from '../base/host-and-port.ts';
import type { Channel, ChannelListener, OpenChannel } from '../ports.ts';
import { setUserTimeout } from './libc.ts';

export interface TcpOptions {
  readonly host: string;
  readonly port: number;
  /** Largest time for name look-up and handshake together. */
  readonly openMsMax: number;
  /** Largest time of a close for queued bytes to leave and for the peer to close its side. */
  readonly closeMsMax: number;
  /** Detection of a peer that does not answer any more. `undefined`: the protocol on the connection detects it. */
  readonly deadPeer?: DeadPeerOptions | undefined;
  /** Largest number of bytes that wait for the peer. */
  readonly queuedBytesMax?: number | undefined;
  /** Words after `host:port` in all texts, such as ` through the proxy 192.0.2.1:3128`. */
  readonly via?: string;
  /** Changed in tests only: the negative control of fairness. */
  readonly turnBytes?: number;
}

/** Host and port for a text, with brackets around an IPv6 address. */
export function peerOf({ host, port, via = '' }: Pick<TcpOptions, 'host' | 'port' | 'via'>): string {
  return `${hostAndPort({ host, port })}${via}`;
}

/** Times after which the kernel ends a connection whose peer does not answer. */
export interface DeadPeerOptions {
  /** Silence after which the kernel begins to probe, ms. */
  readonly idleMs: number;
  /** Largest time without an answer to a probe or to data, ms. */
  readonly unansweredMs: number;
}

export function openTcp(options: TcpOptions): OpenChannel {
  const { host, port } = options;
  const explain = (error: Error): string => explainSocketError(peerOf(options), error);
  return (listener) => {
    const onread: OnReadOpts = {
      buffer: new Uint8Array(READ_BYTES),
      callback: (count, buffer) => socket.emit('data', buffer.subarray(0, count)),
    };
    const socket = connect({ host, port, noDelay: true, onread });
    return new SocketChannel({ ...options, socket, connectedEvent: 'connect', explain }, listener);
  };
}

interface SocketChannelOptions extends TcpOptions {
  /** Socket, or a stream over one. */
  readonly socket: Duplex;
  /** Event after which bytes may be sent: `connect` for TCP, `secureConnect` for TLS, `routeOpen` for a route. */
  readonly connectedEvent: 'connect' | 'secureConnect' | 'routeOpen';
  /** Text for an end without an error; by default, that the host closed the connection. */
  readonly closedWords?: string;
  /** Returns the text for an error of the socket. */
  readonly explain: (error: Error) => string;
}

/**
 * Largest number of queued bytes. The MQTT client has at most some hundred messages of 16 KB in flight, so more is a
 * bug.
 */
const QUEUED_BYTES_MAX = 16 * 1024 * 1024;
/**
 * Largest number of bytes of the peer that are handled in one turn of the event loop, before every line has its turn:
 * as many as in one read of a tty (`device-channel.ts`).
 */
const TURN_BYTES = 4096;
/** Largest number of bytes from the peer during a close. If the peer sends more, the close does not wait for it. */
const CLOSING_BYTES_MAX = 256 * 1024;
/**
 * Size of the buffer for reads of a TCP socket. Without this buffer each read allocates 64 KB, even for one PUBACK. A
 * full buffer holds more than a turn, so the socket is paused, and libuv does not read on in the same turn.
 */
const READ_BYTES = 4 * TURN_BYTES;
const NOTHING = new Uint8Array(0);

export class SocketChannel implements Channel {
  readonly #options: SocketChannelOptions;
  readonly #socket: Duplex;
  readonly #listener: ChannelListener;
  #state: 'opening' | 'open' | 'closing' | 'closed' = 'opening';
  #reason: string;
  /** Step of an opening connection that is not complete: name look-up, TCP connection or TLS handshake. */
  #stage: 'name' | 'TCP' | 'TLS';
  #deadline: NodeJS.Timeout;
  /**
   * Bytes read from the socket and not passed on yet, from at most two reads. They are a copy, since the socket reads
   * into one buffer.
   */
  #unread: Uint8Array = NOTHING;
  #isReading = true;
  #turnIsDue = false;
  #closingBytes = 0;
  /** The socket has ended. Its remaining bytes are passed on first. */
  #isGone = false;

  constructor(options: SocketChannelOptions, listener: ChannelListener) {
    this.#options = options;
    this.#socket = options.socket;
    this.#listener = listener;
    this.#reason = options.closedWords ?? `${peerOf(options)} closed the connection`;
    this.#stage = isIP(options.host) === 0 ? 'name' : 'TCP';
    this.#deadline = setTimeout(() => this.#abandon(this.#lateWords), options.openMsMax);
    const { deadPeer, socket } = options;
    if (deadPeer !== undefined && socket instanceof Socket)
      socket.once('connect', () => detectDeadPeer(socket, deadPeer));
    this.#socket
      .once('lookup', () => {
        this.#stage = 'TCP';
      })
      .once('connect', () => {
        this.#stage = 'TLS';
      })
      .once(options.connectedEvent, () => this.#opened())
      .on('data', (bytes) => this.#received(bytes))
      .on('error', (error) => this.#failed(error))
      .on('close', () => this.#finish());
  }

  get queuedBytes(): number {
    return this.#state === 'closed' ? 0 : this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (this.#state !== 'open' || this.#isGone || bytes.length === 0) return;
    const { queuedBytesMax = QUEUED_BYTES_MAX } = this.#options;
    if (this.#socket.writableLength + bytes.length > queuedBytesMax) {
      this.#abandon(`${this.#peer} does not accept bytes: ${this.#socket.writableLength} waiting`);
      return;
    }
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      process.nextTick(() => this.#socket.uncork());
    }
    this.#socket.write(bytes);
  }

  setReading(isReading: boolean): void {
    if (this.#isReading === isReading) return;
    this.#isReading = isReading;
    this.#readOn();
  }

  /** Closes the channel. Written bytes still leave, and the peer may close its side, until the deadline. */
  close(reason: string): void {
    if (this.#state === 'opening') this.#abandon(reason);
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#reason = reason;
    this.#unread = NOTHING;
    if (this.#isGone) {
      setImmediate(() => this.#finish());
      return;
    }
    this.#deadline = setTimeout(() => this.#socket.destroy(), this.#options.closeMsMax);
    this.#socket.end();
    this.#socket.resume(); // the end of the stream comes after all bytes of the peer
  }

  /** Text for a connection that was not open in time. */
  get #lateWords(): string {
    const within = `within ${this.#options.openMsMax} ms`;
    if (this.#stage === 'name') return `${this.#options.host} was not found by name: no name server answered ${within}`;
    return this.#stage === 'TCP'
      ? `${this.#peer} did not answer ${within}`
      : `${this.#peer} accepted the TCP connection and did not finish the TLS handshake ${within}`;
  }

  get #peer(): string {
    return peerOf(this.#options);
  }

  #opened(): void {
    if (this.#state !== 'opening') return;
    clearTimeout(this.#deadline);
    this.#state = 'open';
    this.#listener.opened();
  }

  #received(bytes: Uint8Array): void {
    if (this.#state === 'open') {
      const isTurn = this.#isReading && !this.#turnIsDue && this.#unread.length === 0;
      const { turnBytes = TURN_BYTES } = this.#options;
      const now = isTurn ? bytes.subarray(0, turnBytes) : NOTHING;
      if (now.length < bytes.length) this.#unread = Buffer.concat([this.#unread, bytes.subarray(now.length)]);
      if (isTurn) this.#listener.bytes(now);
      this.#readOn();
      return;
    }
    this.#closingBytes += bytes.length;
    if (this.#closingBytes > CLOSING_BYTES_MAX) this.#socket.destroy();
  }

  #handOn(): void {
    const { turnBytes = TURN_BYTES } = this.#options;
    const bytes = this.#unread.subarray(0, turnBytes);
    this.#unread = this.#unread.subarray(bytes.length);
    this.#listener.bytes(bytes);
    this.#readOn();
  }

  /** Stops or resumes reading, in a turn of its own. */
  #readOn(): void {
    if (this.#state !== 'open') return;
    if (!this.#isReading || this.#unread.length > 0) this.#socket.pause();
    const hasMore = this.#unread.length > 0 || this.#isGone || this.#socket.isPaused();
    if (!this.#isReading || this.#turnIsDue || !hasMore) return;
    this.#turnIsDue = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#turnIsDue = false;
    if (this.#state !== 'open' || !this.#isReading) return;
    if (this.#unread.length > 0) this.#handOn();
    else if (this.#isGone) this.#finish();
    else this.#socket.resume();
  }

  #failed(error: Error): void {
    if (this.#state !== 'closing') this.#reason = this.#options.explain(error);
  }

  /** Closes without waiting. */
  #abandon(reason: string): void {
    this.#state = 'closing';
    this.#reason = reason;
    this.#socket.destroy();
  }

  #finish(): void {
    this.#isGone = true;
    if (this.#state === 'open' && this.#unread.length > 0) return this.#readOn();
    clearTimeout(this.#deadline);
    this.#state = 'closed';
    this.#listener.closed(this.#reason);
  }
}

/**
 * Lets the kernel end the connection if the peer does not answer: keep-alive probes for a silent connection, and a time
 * limit for data without an acknowledgement, which is about 15 min otherwise (tcp(7)).
 */
function detectDeadPeer(socket: Socket, { idleMs, unansweredMs }: DeadPeerOptions): void {
  socket.setKeepAlive(true, idleMs);
  const { fd } = (socket as { readonly _handle?: { readonly fd?: number } })._handle ?? {};
  if (fd !== undefined && fd >= 0) setUserTimeout(fd, unansweredMs);
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection: no program listens on the port, or a firewall rejects it',
  ECONNRESET: 'reset the connection',
  EPIPE: 'reset the connection',
  ETIMEDOUT: 'timed out',
  EHOSTUNREACH: 'cannot be reached: no route to the host',
  ENETUNREACH: 'cannot be reached: this machine has no route to its network',
  ENETDOWN: 'cannot be reached: the network interface is down',
  ENOTFOUND: 'was not found by name',
  EAI_AGAIN: 'was not found by name: no name server answered',
};

export function explainSocketError(peer: string, error: Error): string {
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [];
  const code = (error as NodeJS.ErrnoException).code ?? (first as NodeJS.ErrnoException | undefined)?.code ?? '';
  return `${peer} ${EXPLANATIONS[code] ?? `failed: ${error.message || code}`}`;
}

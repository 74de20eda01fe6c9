/**
 * MQTT over WebSocket (MQTT 3.1.1 §6, RFC 6455) as a stream of bytes, over an open connection. Packets of MQTT may span
 * frames, and a frame may hold several [MQTT-6.0.0-2]. The only file that uses the library `ws`: it does the opening
 * handshake, masking, pings and closing.
 *
 * Limits: messages of at most `MESSAGE_BYTES_MAX`, no extension (so nothing is inflated), no redirect. A text frame ends
 * the connection [MQTT-6.0.0-1].
 */

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type ClientOptions, WebSocket } from 'ws';
import { hostAndPort } from '../../base/host-and-port.ts';
import { answerWords, breachWords, closeWords, handshakeWords, WebSocketEnd } from './web-socket-words.ts';

/** Subprotocol that client and server must agree on [MQTT-6.0.0-3], [MQTT-6.0.0-4]. */
const SUBPROTOCOL = 'mqtt';
/**
 * Largest message of the peer, in bytes: four times the largest `payload_bytes_max`. The library keeps a whole message in
 * RAM, unlike the reader of MQTT, which skips packets that are too large.
 */
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
/** Largest frame that is sent, in bytes. */
const FRAME_BYTES_MAX = 64 * 1024;
/** Bytes of messages that wait to be read, from which the peer must wait. */
const WAITING_BYTES = 64 * 1024;

/** Status codes for a normal end and for a message of the wrong type (RFC 6455 §7.4.1). */
const CODE = { normal: 1000, unsupported: 1003, none: 1005, abnormal: 1006 } as const;
export interface WebSocketPlan {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** True for wss: decides about the port in the header `Host`. */
  readonly isSecure: boolean;
  /** Longest time for the closing handshake. */
  readonly closeMsMax: number;
}

interface HandshakeEnds {
  readonly opened: (stream: Duplex) => void;
  /**
   * @param problem predicate about the hub, without its subject @param error of the connection or of the library; absent: the
   * hub has answered
   */
  readonly failed: (problem: string, error?: Error) => void;
}

/** Begins the opening handshake over `lower`, an open connection. Closes nothing itself; the caller has the time limit. */
export function openWebSocket(lower: Socket, plan: WebSocketPlan, { opened, failed }: HandshakeEnds): void {
  const options: ClientOptions & { readonly closeTimeout: number } = {
    createConnection: () => lower,
    perMessageDeflate: false,
    maxPayload: MESSAGE_BYTES_MAX,
    closeTimeout: plan.closeMsMax,
    followRedirects: false,
  };
  const url = `${plan.isSecure ? 'wss' : 'ws'}://${hostAndPort(plan)}${plan.path}`;
  const socket = new WebSocket(url, [SUBPROTOCOL], options);
  const handshakeFailed = (error: Error): void => failed(handshakeWords(error, plan.port), error);
  socket.on('error', handshakeFailed);
  socket.once('unexpected-response', (_, { statusCode, statusMessage }) => {
    failed(answerWords(plan.path, statusCode, statusMessage));
  });
  socket.once('open', () => {
    socket.removeListener('error', handshakeFailed);
    opened(new WebSocketStream(socket, lower));
  });
}

class WebSocketStream extends Duplex {
  readonly #socket: WebSocket;
  /** Reason of the end, if it is known. */
  #end: Error | undefined;
  /** The peer has sent text. Nothing of it is read any more. */
  #hasSentText = false;

  constructor(socket: WebSocket, lower: Socket) {
    super({ readableHighWaterMark: WAITING_BYTES });
    this.#socket = socket;
    // the library hides errors of the connection below
    lower.on('error', (error) => this.#note(error));
    socket
      .on('message', (bytes: Buffer, isBinary: boolean) => this.#received(bytes, isBinary))
      .on('error', (error) => this.#note(new WebSocketEnd(breachWords(error, MESSAGE_BYTES_MAX))))
      .on('close', (code, reason) => this.#closed(code, reason));
    this.once('end', () => this.destroy(this.#end));
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    this.#send(bytes, done);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: () => void): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: () => void): void {
    this.#socket.close(CODE.normal);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.terminate();
    done(error);
  }

  /** Calls `done` when the operating system has accepted the bytes, or when they cannot be sent any more. */
  #send(bytes: Buffer, done: () => void): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return done(); // `close` follows, with its reason
    for (let at = 0; at < bytes.length; at += FRAME_BYTES_MAX) {
      const isLast = at + FRAME_BYTES_MAX >= bytes.length;
      this.#socket.send(bytes.subarray(at, at + FRAME_BYTES_MAX), { binary: true }, isLast ? () => done() : undefined);
    }
  }

  #received(bytes: Buffer, isBinary: boolean): void {
    if (this.#hasSentText || this.destroyed) return;
    if (!isBinary) {
      this.#hasSentText = true;
      this.#note(new WebSocketEnd('sent a WebSocket text frame, and MQTT has binary frames only'));
      this.#socket.close(CODE.unsupported);
      return;
    }
    if (!this.push(bytes)) this.#socket.pause();
  }

  #closed(code: number, reason: Buffer): void {
    if (code !== CODE.none && code !== CODE.abnormal) this.#note(new WebSocketEnd(closeWords(code, reason)));
    this.push(null);
  }

  #note(error: Error): void {
    this.#end ??= error;
  }
}

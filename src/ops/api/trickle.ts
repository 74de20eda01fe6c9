/**
 * A socket whose bytes come in small pieces, one per turn of the event loop.
 *
 * The HTTP parser of Node takes all bytes read, up to 64 KB, and creates objects for every request in them before the
 * server can close the connection after the first. With this stream the parser sees few requests at a time, and the
 * server closes in between.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** Bytes per turn: one request of this program with its headers. */
const PIECE_BYTES = 512;

export class Trickle extends Duplex {
  readonly #socket: Socket;
  #rest: Uint8Array = new Uint8Array(0);
  #turnIsDue = false;

  /** @param highWaterMark bytes of the write buffer */
  constructor(socket: Socket, highWaterMark: number) {
    super({ writableHighWaterMark: highWaterMark });
    this.#socket = socket;
    socket.on('data', (bytes: Uint8Array) => {
      socket.pause();
      this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
      this.#await();
    });
    socket.on('end', () => this.#await());
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  /** Descriptor of the connection; `undefined`: closed, or unknown. Node has no public name for it. */
  get descriptor(): number | undefined {
    const { _handle: handle } = this.#socket as Socket & { readonly _handle?: { readonly fd?: unknown } | null };
    const fd = handle?.fd;
    return typeof fd === 'number' && fd >= 0 ? fd : undefined;
  }

  /** Address of the client; `undefined` on a Unix socket. */
  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  override _read(): void {
    // Nothing to do: pieces are pushed without a request of the reader.
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, taken: (error?: Error | null) => void): void {
    if (this.#socket.write(bytes)) taken();
    else this.#socket.once('drain', taken);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#rest = new Uint8Array(0);
    this.#socket.destroy();
    done(error);
  }

  #await(): void {
    if (this.#turnIsDue) return;
    this.#turnIsDue = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#turnIsDue = false;
    if (this.destroyed) return;
    const piece = this.#rest.subarray(0, PIECE_BYTES);
    this.#rest = this.#rest.subarray(piece.length);
    if (piece.length > 0) this.push(piece);
    if (this.#rest.length > 0) this.#await();
    else if (this.#socket.readableEnded) this.push(null);
    else this.#socket.resume();
  }
}

/**
 * One browser that follows server-sent events. Events are written only while few bytes wait for the browser; a browser
 * that does not read is cut, and connects again by itself (HTML Living Standard §9.2).
 */
import type { ServerResponse } from 'node:http';
import { beginEvents } from './web-answer.ts';

/** Largest number of bytes that may wait for a browser: one whole page. */
export const WAITING_BYTES_MAX = 524_288;

export class EventStream {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
    beginEvents(response);
  }

  /** Sends an event, or cuts the connection if the browser is too slow. @returns `false`: the browser was cut */
  send(event: string, content: unknown): boolean {
    const text = `event: ${event}\ndata: ${JSON.stringify(content)}\n\n`;
    if (this.#response.destroyed) return false;
    if (this.#response.writableLength + Buffer.byteLength(text) > WAITING_BYTES_MAX) {
      this.#response.destroy();
      return false;
    }
    this.#response.write(text);
    return true;
  }

  end(): void {
    this.#response.end();
  }
}

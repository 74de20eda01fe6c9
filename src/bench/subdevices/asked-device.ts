/**
 * Simulated devices on one line that speak only when asked, such as scales on RS-485. A request ends with an octet; the
 * answer comes after a time, and none to a request of another device.
 */
import type { ChannelAction, ChannelInput, Machine } from '../../base/machine.ts';

export interface AskedDeviceOptions {
  /** Last octet of a request. */
  readonly end: number;
  /** Time from a request to its answer. */
  answerMs(): number;
  /** @param request with its last octet, one character for each octet. @returns `undefined`: no answer */
  answerTo(request: string): string | undefined;
}

/** Largest length of a request; longer ones are noise. */
const REQUEST_BYTES_MAX = 256;

export class AskedDevice implements Machine<ChannelInput, ChannelAction> {
  readonly #options: AskedDeviceOptions;
  #request = '';
  #answers: { readonly atMs: number; readonly text: string }[] = [];
  /** Number of requests that came before the answer to an earlier one. */
  overlaps = 0;

  constructor(options: AskedDeviceOptions) {
    this.#options = options;
  }

  wakeAtMs(): number | undefined {
    return this.#answers.length === 0 ? undefined : Math.min(...this.#answers.map(({ atMs }) => atMs));
  }

  handle(input: ChannelInput, nowMs: number): ChannelAction[] {
    switch (input.kind) {
      case 'start':
      case 'closed':
        this.#request = '';
        this.#answers = [];
        return [{ kind: 'open' }];
      case 'stop':
        return [{ kind: 'close', reason: 'the device is stopped' }];
      case 'opened':
        return [];
      case 'speedSet':
        return [];
      case 'bytes':
        for (const octet of input.bytes) this.#read(octet, nowMs);
        return [];
      case 'wake':
        return this.#due(nowMs);
    }
  }

  #read(octet: number, nowMs: number): void {
    const { end, answerMs, answerTo } = this.#options;
    this.#request = `${this.#request}${String.fromCharCode(octet)}`.slice(-REQUEST_BYTES_MAX);
    if (octet !== end) return;
    const text = answerTo(this.#request);
    this.#request = '';
    if (this.#answers.length > 0) this.overlaps += 1;
    if (text !== undefined) this.#answers.push({ atMs: nowMs + answerMs(), text });
  }

  #due(nowMs: number): ChannelAction[] {
    const due = this.#answers.filter(({ atMs }) => atMs <= nowMs);
    this.#answers = this.#answers.filter(({ atMs }) => atMs > nowMs);
    return due.map(({ text }) => ({ kind: 'write', bytes: Uint8Array.from(Buffer.from(text, 'latin1')) }));
  }
}

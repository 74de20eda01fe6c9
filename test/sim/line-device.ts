/**
 * Device that sends lines of text or NDJSON, as a machine. If the gateway answers lines, it repeats unanswered ones in order.
 * If it confirms downlinks, it recognises a repeated one by its number.
 *
 *     n=17;event;....*CRC ─▶   ◀─ OK 17*CRC, BUSY 17*CRC (later), NO 17*CRC (never)
 *     DONE 4711*CRC ─▶         ◀─ DO 4711 control/set payload*CRC
 *
 * As NDJSON: {"n":17,"kind":"event"}, {"OK":17}, {"DO":4711,"topic":"control/set","with":{"n":1}}.
 */
import type { ChannelAction, ChannelInput, Machine } from '../../src/base/machine.ts';
import { appendCheck, removeCheck } from '../../src/codec/line-check.ts';
import { LineReader } from '../../src/codec/lines.ts';
import { LINES_RETRY_MS, type LinesProtocol } from './line-protocols.ts';

const CHECK = { kind: 'crc32', separator: new TextEncoder().encode('*') } as const;
const P1_CHECK = { kind: 'dsmr', separator: new TextEncoder().encode('!') } as const;
const LINE_FEED = Uint8Array.of(0x0a);
const LINE_BYTES_MAX = 4096;

export type LineDeviceInput =
  | ChannelInput
  | { readonly kind: 'say'; readonly number: number; readonly topic: string; readonly bytes: number }
  /** Receives and sends nothing until `return`. */
  | { readonly kind: 'leave' | 'return' };

export type LineDeviceReport =
  | { readonly kind: 'connected' }
  | { readonly kind: 'acknowledged' | 'rejected'; readonly number: number }
  | { readonly kind: 'received'; readonly topic: string; readonly payload: Uint8Array };

interface Owed {
  readonly number: number;
  readonly line: Uint8Array;
  sentAtMs: number | undefined;
}

type Action = ChannelAction | LineDeviceReport;

export class LineDevice implements Machine<LineDeviceInput, Action> {
  readonly #lineProtocol: LinesProtocol;
  readonly #reader = new LineReader({ delimiter: LINE_FEED, lineBytesMax: LINE_BYTES_MAX, encoding: 'bytes' });
  #unacknowledged: Owed[] = [];
  #state: 'stopped' | 'opening' | 'open' | 'closed' = 'stopped';
  #reopenAtMs = 0;
  #isAway = false;
  /** Last downlink that was executed, as received. */
  #lastDone = '';
  #actions: Action[] = [];

  constructor(lineProtocol: LinesProtocol) {
    this.#lineProtocol = lineProtocol;
  }

  /** Number of unanswered lines. */
  get queued(): number {
    return this.#unacknowledged.length;
  }

  wakeAtMs(): number | undefined {
    if (this.#state === 'closed') return this.#reopenAtMs;
    const sentAtMs = this.#isHere ? this.#unacknowledged[0]?.sentAtMs : undefined;
    return sentAtMs === undefined ? undefined : sentAtMs + LINES_RETRY_MS;
  }

  handle(input: LineDeviceInput, nowMs: number): Action[] {
    switch (input.kind) {
      case 'start':
        this.#open();
        break;
      case 'closed':
        if (this.#state === 'stopped') break;
        this.#state = 'closed';
        this.#reopenAtMs = nowMs + LINES_RETRY_MS;
        break;
      case 'stop':
        this.#state = 'stopped';
        this.#actions.push({ kind: 'close', reason: 'the device is stopped' });
        break;
      case 'opened':
        this.#state = 'open';
        this.#begin();
        break;
      case 'leave':
        this.#isAway = true;
        break;
      case 'return':
        this.#isAway = false;
        this.#begin();
        break;
      case 'bytes':
        if (this.#isHere) for (const line of this.#reader.push(input.bytes)) this.#receive(line);
        break;
      case 'say':
        this.#say(input);
        break;
      case 'wake':
        if (this.#state === 'closed') this.#open();
        for (const unacknowledged of this.#unacknowledged) unacknowledged.sentAtMs = undefined;
        break;
    }
    if (this.#isHere) this.#send(nowMs);
    return this.#actions.splice(0);
  }

  get #isHere(): boolean {
    return this.#state === 'open' && !this.#isAway;
  }

  #open(): void {
    this.#state = 'opening';
    this.#actions.push({ kind: 'open' });
  }

  #begin(): void {
    this.#reader.reset(false);
    for (const unacknowledged of this.#unacknowledged) unacknowledged.sentAtMs = undefined;
    this.#actions.push({ kind: 'connected' });
  }

  #say({ number, topic, bytes }: Extract<LineDeviceInput, { kind: 'say' }>): void {
    const { format } = this.#lineProtocol;
    const isTelegram = format === 'telegram';
    const line = isTelegram ? telegramOf(number, topic) : lineOf(uplinkText(format, { number, topic, bytes }));
    if (this.#lineProtocol.isAnswered) this.#unacknowledged.push({ number, line, sentAtMs: undefined });
    else if (this.#isHere) this.#actions.push({ kind: 'write', bytes: line });
  }

  /** Limits the distance to the oldest unanswered line, so that the gateway still recognises its repetition. */
  #send(nowMs: number): void {
    const endsBefore = (this.#unacknowledged[0]?.number ?? 0) + this.#lineProtocol.window;
    for (const unacknowledged of this.#unacknowledged) {
      if (unacknowledged.number >= endsBefore) return;
      if (unacknowledged.sentAtMs !== undefined) continue;
      unacknowledged.sentAtMs = nowMs;
      this.#actions.push({ kind: 'write', bytes: unacknowledged.line });
    }
  }

  #receive(line: Uint8Array): void {
    const body = removeCheck(line, CHECK);
    if (body === undefined) return;
    const text = new TextDecoder().decode(body);
    const answer = /^(?:\{")?(OK|NO)(?:":| )(\d+)\}?$/.exec(text);
    if (answer !== null) return this.#settle(Number(answer[2]), answer[1] === 'OK' ? 'acknowledged' : 'rejected');
    const order = /^DO (\d+) (\S+) (.*)$/.exec(text) ?? /^\{"DO":(\d+),"topic":"([^"]+)","with":(\{.*\})\}$/.exec(text);
    if (order === null) return; // BUSY: the line is repeated anyway
    const [, number = '', topic = '', payload = ''] = order;
    if (this.#lineProtocol.confirms) {
      const done = this.#lineProtocol.format === 'text' ? `DONE ${number}` : `{"DONE":${number}}`;
      this.#actions.push({ kind: 'write', bytes: lineOf(done) });
      if (text === this.#lastDone) return;
      this.#lastDone = text;
    }
    this.#actions.push({ kind: 'received', topic, payload: new TextEncoder().encode(payload) });
  }

  #settle(number: number, kind: 'acknowledged' | 'rejected'): void {
    const isOwed = this.#unacknowledged.some((unacknowledged) => unacknowledged.number === number);
    if (!isOwed) return;
    this.#unacknowledged = this.#unacknowledged.filter((unacknowledged) => unacknowledged.number !== number);
    this.#actions.push({ kind, number });
  }
}

interface Words {
  readonly number: number;
  readonly topic: string;
  readonly bytes: number;
}

function uplinkText(format: 'text' | 'ndjson', { number, topic, bytes }: Words): string {
  if (format === 'text') return `n=${number};${topic};`.padEnd(bytes, '.');
  return filled({ n: number, kind: topic }, bytes);
}

/** Returns JSON of at least this number of bytes. */
export function filled(object: Readonly<Record<string, unknown>>, bytes: number): string {
  const bare = JSON.stringify({ ...object, fill: '' });
  return JSON.stringify({ ...object, fill: '.'.repeat(Math.max(0, bytes - bare.length)) });
}

/** Returns the text of a telegram without its check. Each line has the number, so that no two telegrams have a line in common. */
export function telegramText(number: number, topic: string): string {
  const values = Array.from({ length: 1 + (number % 4) }, (_, line) => `1-0:${line}.8.0(${number}*kWh)\r\n`);
  return `/T${number} ${topic}\r\n\r\n${values.join('')}`;
}

function telegramOf(number: number, topic: string): Uint8Array {
  const text = new TextEncoder().encode(telegramText(number, topic));
  return Uint8Array.from(Buffer.concat([appendCheck(text, P1_CHECK), Buffer.from('\r\n')]));
}

function lineOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.concat([appendCheck(new TextEncoder().encode(text), CHECK), LINE_FEED]));
}

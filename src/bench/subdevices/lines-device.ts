/**
 * Simulated device that sends plain lines, like a shell script or a small microcontroller. The device repeats a
 * numbered line until the answer `OK`, and answers a command with `DONE`.
 *
 *     n=17;.....*CRC ─▶   ◀─ OK 17*CRC (safe), BUSY 17*CRC (later)
 *     DONE 4711*CRC  ─▶   ◀─ D 4711 payload*CRC
 */
import type { ChannelAction, ChannelInput, Machine } from '../../base/machine.ts';
import { appendCheck, removeCheck } from '../../codec/line-check.ts';
import { LineReader } from '../../codec/lines.ts';
import type { Clock, OpenChannel } from '../../ports.ts';
import { Mailbox } from '../../runtime/mailbox.ts';
import { Pump } from '../../runtime/pump.ts';
import { numberedPayload, numberOf, StreamAccount } from '../account.ts';

/** Keys of `[link.lines]` that match this device. */
export const DEVICE_LINES = {
  check: 'crc32',
  pattern: '^n=(?P<n>[0-9]+);',
  topic: 't',
  sequence: 'n',
  ack: 'OK {n}',
  busy: 'BUSY {n}',
  downlinks: ['cmd'],
  downlink: 'D {number} {payload}',
  downlink_ack: '^DONE (?P<number>[0-9]+)$',
} as const;

const CHECK = { kind: 'crc32', separator: new TextEncoder().encode('*') } as const;
const LINE_FEED = Uint8Array.of(0x0a);
const LINE_BYTES_MAX = 1024;

export interface LinesDeviceOptions {
  readonly retryMs: number;
  /** Largest number of lines that wait for their answer. */
  readonly window: number;
}

type Input = ChannelInput | { readonly kind: 'publish' };

export type LinesDeviceReport =
  | { readonly kind: 'acknowledged'; readonly number: number }
  | { readonly kind: 'received'; readonly number: number };

interface SentLine {
  readonly number: number;
  readonly line: Uint8Array;
  sentAtMs: number | undefined;
}

/** Simulated device, with the counts of its messages. */
export class LinesDevice implements Machine<Input, ChannelAction | LinesDeviceReport> {
  readonly uplinks = new StreamAccount();
  readonly downlinks = new StreamAccount();
  readonly #options: LinesDeviceOptions;
  readonly #reader = new LineReader({ delimiter: LINE_FEED, lineBytesMax: LINE_BYTES_MAX, encoding: 'bytes' });
  #unacknowledged: SentLine[] = [];
  #state: 'stopped' | 'opening' | 'open' = 'stopped';
  #actions: (ChannelAction | LinesDeviceReport)[] = [];

  constructor(options: LinesDeviceOptions) {
    this.#options = options;
  }

  /** Number of lines that are not acknowledged yet. */
  get queued(): number {
    return this.#unacknowledged.length;
  }

  wakeAtMs(): number | undefined {
    const [first] = this.#unacknowledged;
    return this.#state === 'open' && first?.sentAtMs !== undefined ? first.sentAtMs + this.#options.retryMs : undefined;
  }

  handle(input: Input, nowMs: number): (ChannelAction | LinesDeviceReport)[] {
    switch (input.kind) {
      case 'start':
      case 'closed':
        this.#state = 'opening';
        this.#actions.push({ kind: 'open' });
        break;
      case 'stop':
        this.#state = 'stopped';
        this.#actions.push({ kind: 'close', reason: 'the device is stopped' });
        break;
      case 'opened':
        this.#state = 'open';
        this.#reader.reset(false);
        for (const sent of this.#unacknowledged) sent.sentAtMs = undefined;
        break;
      case 'bytes':
        for (const line of this.#reader.push(input.bytes)) this.#receive(line);
        break;
      case 'publish':
        this.#queue();
        break;
      case 'wake':
        for (const sent of this.#unacknowledged) sent.sentAtMs = undefined;
        break;
    }
    if (this.#state === 'open') this.#send(nowMs);
    return this.#actions.splice(0);
  }

  #queue(): void {
    const number = this.uplinks.send();
    this.#unacknowledged.push({ number, line: lineOf(numberedPayload(number, 32)), sentAtMs: undefined });
  }

  #send(nowMs: number): void {
    for (const sent of this.#unacknowledged.slice(0, this.#options.window)) {
      if (sent.sentAtMs !== undefined) continue;
      sent.sentAtMs = nowMs;
      this.#actions.push({ kind: 'write', bytes: sent.line });
    }
  }

  #receive(line: Uint8Array): void {
    const body = removeCheck(line, CHECK);
    if (body === undefined) return;
    const [word = '', number = '', ...rest] = new TextDecoder().decode(body).split(' ');
    if (word === 'OK') this.#acknowledged(Number(number));
    if (word === 'D') this.#received(number, rest.join(' '));
  }

  #acknowledged(number: number): void {
    if (!this.#unacknowledged.some(({ number: other }) => other === number)) return;
    this.#unacknowledged = this.#unacknowledged.filter(({ number: other }) => other !== number);
    this.uplinks.acknowledge(number);
    this.#actions.push({ kind: 'acknowledged', number });
  }

  #received(downlink: string, text: string): void {
    this.#actions.push({ kind: 'write', bytes: lineOf(new TextEncoder().encode(`DONE ${downlink}`)) });
    const number = numberOf(new TextEncoder().encode(text));
    if (number === undefined) return;
    this.downlinks.arrive(number);
    this.#actions.push({ kind: 'received', number });
  }
}

function lineOf(body: Uint8Array): Uint8Array {
  return Uint8Array.from(Buffer.concat([appendCheck(body, CHECK), LINE_FEED]));
}

export interface RunningDevice {
  publish(): void;
  stop(): void;
}

/** Runs the device on a line, e.g. its end of a PTY. */
export function runLinesDevice(
  device: LinesDevice,
  { open, clock }: { readonly open: OpenChannel; readonly clock: Clock },
  onReport: (report: LinesDeviceReport) => void,
): RunningDevice {
  const mailbox = new Mailbox((error) => {
    throw error;
  });
  const pump = new Pump<Input, ChannelAction | LinesDeviceReport>({
    machine: device,
    open,
    clock,
    mailbox,
    act: onReport,
  });
  const post = (input: Input): void => mailbox.post(() => pump.input(input));
  post({ kind: 'start' });
  return { publish: () => post({ kind: 'publish' }), stop: () => post({ kind: 'stop' }) };
}

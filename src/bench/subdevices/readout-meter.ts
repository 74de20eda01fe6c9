/**
 * Simulated meter that is read out by IEC 62056-21 mode C. The meter has a speed of its own: bytes that the gateway sends
 * or receives at another speed are noise, as on a real line.
 *
 *     waiting ─request─▶ identified ─ACK─▶ changing ─reaction time─▶ sent ─NAK─▶ changing
 *        ▲                                                             │
 *        └──────────────── request at the first speed ─────────────────┘
 */
import type { ChannelAction, ChannelInput, Machine } from '../../base/machine.ts';
import { cleanReceived, withParity } from '../../codec/bit-seven.ts';
import { BLOCK_CHECK, parseIdentification, READOUT_SPEEDS } from '../../codec/iec62056.ts';
import { appendCheck } from '../../codec/line-check.ts';

/** Mistake of the meter: at its request, or at its data block. */
export type MeterFault = 'silent' | 'silent after ACK' | 'wrong BCC' | 'cut';

export interface ReadoutMeterOptions {
  /** E.g. `/ISk5MT174-0001`. */
  readonly identification: string;
  /** Empty: the meter answers a request without an address only. */
  readonly address: string;
  /** Time from the receipt of a message to the answer, with the time that the message takes on a line, ms. */
  readonly reactionMs: number;
  /** The data block waits until the gateway has the speed of the block. False: it comes after the reaction time. */
  readonly waitsForSpeed: boolean;
  /** @param number 1 for the first block. @returns data lines with their ends */
  dataOf(number: number): string;
  /** Speed of the gateway's port now, bits per second. */
  portSpeed(): number;
  fault(): MeterFault | undefined;
}

const FIRST_SPEED = 300;
const EVEN = { bitSeven: 'even', skipsNul: false } as const;
const STX = '\u0002';
const NAK = '\u0015';
/** Pause before the speed of the gateway is looked at again. */
const LOOK_MS = 10;

type Phase = 'waiting' | 'identified' | 'changing' | 'sent';

export class ReadoutMeter implements Machine<ChannelInput, ChannelAction> {
  readonly #options: ReadoutMeterOptions;
  /** Messages in both directions, in order: `request`, `ACK 050`, `block`, `NAK`. */
  readonly events: string[] = [];
  /** Number of messages that came at another speed than that of the meter. */
  noises = 0;
  #phase: Phase = 'waiting';
  #speed = FIRST_SPEED;
  #received = '';
  #answerAtMs: number | undefined;
  #number = 0;

  constructor(options: ReadoutMeterOptions) {
    this.#options = options;
  }

  wakeAtMs(): number | undefined {
    return this.#answerAtMs;
  }

  handle(input: ChannelInput, nowMs: number): ChannelAction[] {
    switch (input.kind) {
      case 'start':
      case 'closed':
        this.#wait();
        return [{ kind: 'open' }];
      case 'stop':
        return [{ kind: 'close', reason: 'the meter is stopped' }];
      case 'opened':
      case 'speedSet':
        return [];
      case 'bytes':
        this.#receive(input.bytes, nowMs);
        return [];
      case 'wake':
        return this.#wake(nowMs);
    }
  }

  #wait(): void {
    this.#phase = 'waiting';
    this.#speed = FIRST_SPEED;
    this.#received = '';
    this.#answerAtMs = undefined;
  }

  #receive(bytes: Uint8Array, nowMs: number): void {
    const { portSpeed } = this.#options;
    if (this.#speed !== FIRST_SPEED && portSpeed() === FIRST_SPEED) this.#wait();
    if (portSpeed() !== this.#speed) {
      this.noises += 1;
      return;
    }
    this.#received = `${this.#received}${Buffer.from(cleanReceived(bytes, EVEN)).toString('latin1')}`.slice(-64);
    if (this.#received.endsWith('\r\n') || this.#received === NAK) this.#message(nowMs);
  }

  #message(nowMs: number): void {
    const { identification, address, reactionMs, fault } = this.#options;
    const message = this.#received;
    this.#received = '';
    if (message.endsWith(`/?${address}!\r\n`)) {
      this.events.push('request');
      this.#phase = 'identified';
      if (fault() === 'silent') this.#wait();
      else this.#answerAtMs = nowMs + reactionMs;
      return;
    }
    if (/\/\?[^!]*!\r\n$/.test(message)) return this.#wait(); // a request to another meter
    const [, letter] = /^\u00060([0-6])0\r\n$/.exec(message) ?? [];
    const isOffered = (parseIdentification(Buffer.from(identification))?.speed ?? 0) >= this.#speedOf(letter);
    if (this.#phase === 'identified' && letter !== undefined && isOffered) {
      this.events.push(`ACK 0${letter}0`);
      this.#phase = 'changing';
      this.#speed = this.#speedOf(letter);
      this.#answerAtMs = nowMs + reactionMs;
    } else if (this.#phase === 'sent' && message === NAK) {
      this.events.push('NAK');
      this.#phase = 'changing';
      this.#answerAtMs = nowMs + reactionMs;
    }
  }

  #speedOf(letter: string | undefined): number {
    return READOUT_SPEEDS[Number(letter)] ?? FIRST_SPEED;
  }

  #wake(nowMs: number): ChannelAction[] {
    if (this.#answerAtMs === undefined || nowMs < this.#answerAtMs) return [];
    this.#answerAtMs = undefined;
    const { identification, waitsForSpeed, portSpeed, fault } = this.#options;
    if (this.#phase === 'identified') return [this.#send(`${identification}\r\n`)];
    if (waitsForSpeed && portSpeed() !== this.#speed) {
      this.#answerAtMs = nowMs + LOOK_MS;
      return [];
    }
    const mistake = fault();
    this.#phase = 'sent';
    if (mistake === 'silent after ACK') return [];
    this.events.push('block');
    const block = this.#block();
    if (mistake === 'cut') return [this.#send(block.slice(0, block.length / 2))];
    return [this.#send(mistake === 'wrong BCC' ? block.replace('(', '*') : block)];
  }

  #block(): string {
    this.#number += 1;
    const data = Buffer.from(`${this.#options.dataOf(this.#number)}!\r\n`, 'latin1');
    return `${STX}${Buffer.from(appendCheck(data, BLOCK_CHECK)).toString('latin1')}`;
  }

  /** Writes the text. A gateway at another speed receives other bytes. */
  #send(text: string): ChannelAction {
    const bytes = withParity(Uint8Array.from(Buffer.from(text, 'latin1')), EVEN);
    const isReadable = this.#options.portSpeed() === this.#speed;
    return { kind: 'write', bytes: isReadable ? bytes : bytes.map((octet) => (octet * 5 + 0x91) & 0xff) };
  }
}

/**
 * The C client as a process (`hw/ports/posix`) in the place of a simulated subdevice of a house, which is not started: its
 * half of the line ends in a tap, and its books are kept here.
 *
 *     gateway ⇄ PTY ⇄ tap ⇄ PTY ⇄ firmware
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import type { Random } from '../../src/base/random.ts';
import { numberedPayload, numberOf } from '../../src/bench/account.ts';
import { openPty } from '../../src/bench/pty.ts';
import type { FieldSubdevice } from '../../src/bench/subdevices/field-subdevice.ts';
import type { ChannelListener } from '../../src/ports.ts';
import { Recorder } from '../e2e/recorder.ts';

/** What the line makes of bytes on their way, either way. */
export type Tap = (bytes: Uint8Array) => Uint8Array;

export const CLEAN: Tap = (bytes) => bytes;

/** Turns a bit of so many of the pieces that come, and drops a byte of as many. */
export function noisy(random: Random, share: number): Tap {
  const drawAt = ({ length }: Uint8Array): number => Math.floor(random() * length);
  return (bytes) => {
    const turnedAt = random() < share ? drawAt(bytes) : -1;
    const turned = bytes.map((octet, at) => (at === turnedAt ? octet ^ (1 << Math.floor(random() * 8)) : octet));
    const droppedAt = random() < share ? drawAt(bytes) : -1;
    return turned.filter((_, at) => at !== droppedAt);
  };
}

export interface FirmwareOptions {
  readonly program: string;
  readonly window: number;
  readonly tap: Tap;
  /** It sleeps, for so long at most; 0: it does not. */
  readonly sleepS?: number;
}

/** Short: a test does not wait. */
const RETRY_MS = 100;
/** After its half, an idle client notices that the gateway has started anew, where its call was lost in noise. */
const KEEP_ALIVE_S = 2;
const PAYLOAD_BYTES = 32;

export class Firmware {
  readonly #child: ChildProcess;
  readonly #books: FieldSubdevice;
  /** Numbers of messages the client has not yet named, in order. */
  readonly #unnamed: number[] = [];
  /** By the client's name of it. */
  readonly #named = new Map<number, number>();
  stderr = '';
  /** What the tap did to this line. */
  damagedPieces = 0;

  constructor(books: FieldSubdevice, devicePath: string, { program, window, sleepS = 0 }: FirmwareOptions) {
    this.#books = books;
    const child = spawn(program, [devicePath, books.id, ...[window, RETRY_MS, KEEP_ALIVE_S, sleepS].map(String)]);
    child.stdin.on('error', () => undefined); // it has died, and the books tell
    child.stderr.on('data', (text: Buffer) => {
      this.stderr += text.toString();
    });
    createInterface({ input: child.stdout }).on('line', (line) => this.#receive(line));
    this.#child = child;
  }

  /** Sends the next numbered messages. */
  publish(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      const number = this.#books.uplinks.send();
      this.#unnamed.push(number);
      this.#child.stdin?.write(`${new TextDecoder().decode(numberedPayload(number, PAYLOAD_BYTES))}\n`);
    }
  }

  get isAcknowledged(): boolean {
    const { sent, acknowledged } = this.#books.uplinks;
    return sent === acknowledged;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #receive(line: string): void {
    const [word = '', rest = ''] = line.split(' ', 2);
    if (word === 'queued') this.#named.set(Number(rest), this.#unnamed.shift() ?? 0);
    if (word === 'taken') this.#books.uplinks.acknowledge(this.#named.get(Number(rest)) ?? 0);
    if (word === 'message') this.#books.downlinks.arrive(numberOf(new TextEncoder().encode(rest)) ?? 0);
  }
}

export async function plugIn(books: FieldSubdevice, options: FirmwareOptions): Promise<Firmware> {
  const own = await openPty();
  const ends = [new Recorder(), new Recorder()];
  const tap: Tap = (bytes) => {
    const passed = options.tap(bytes);
    if (Buffer.compare(passed, bytes) !== 0) firmware.damagedPieces += 1;
    return passed;
  };
  const far = books.pty.open(passing(ends[0], (bytes) => near.write(tap(bytes))));
  const near = own.open(passing(ends[1], (bytes) => far.write(tap(bytes))));
  const firmware = new Firmware(books, own.path, options);
  for (const end of ends) await end.untilOpen();
  onTestFinished(async () => {
    firmware.kill();
    await own.hangUp();
  });
  return firmware;
}

function passing(end: Recorder | undefined, pass: (bytes: Uint8Array) => void): ChannelListener {
  return {
    opened: () => end?.opened(),
    bytes: pass,
    closed: (reason) => end?.closed(reason),
  };
}

/**
 * The C client as a process (`hw/ports/posix`) in place of a simulated subdevice of a testbed, which is not started. Its
 * side of the line ends in a tap, and the account of the subdevice counts its messages.
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

/** Change of the bytes on the line, in both directions. */
export type Tap = (bytes: Uint8Array) => Uint8Array;

export const CLEAN: Tap = (bytes) => bytes;

/** Returns a tap that inverts one bit in a share of the pieces, and drops one byte in the same share of them. */
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
  /** Longest sleep, s. 0: the client does not sleep. */
  readonly sleepS?: number;
  /** Folder that is the flash of the client. Absent: the client takes no firmware. */
  readonly flash?: string;
}

/** Pause between repetitions, ms. Short, so that the tests are fast. */
const RETRY_MS = 100;
/** Keep alive, s. An idle client notices after half of it that the gateway has restarted, if noise hid the restart. */
const KEEP_ALIVE_S = 2;
const PAYLOAD_BYTES = 32;

export class Firmware {
  readonly #child: ChildProcess;
  readonly #account: FieldSubdevice;
  /** Numbers of messages for which the client has not yet reported an id, in order. */
  readonly #unqueued: number[] = [];
  /** Numbers of messages by the id that the client gave them. */
  readonly #named = new Map<number, number>();
  stderr = '';
  /** Number of pieces that the tap damaged. */
  damagedPieces = 0;
  /** Versions in the order of their installation. */
  readonly installed: string[] = [];

  constructor(subdevice: FieldSubdevice, devicePath: string, options: FirmwareOptions) {
    const { program, window, sleepS = 0, flash } = options;
    this.#account = subdevice;
    const words = [devicePath, subdevice.id, ...[window, RETRY_MS, KEEP_ALIVE_S, sleepS].map(String)];
    const child = spawn(program, flash === undefined ? words : [...words, flash]);
    child.stdin.on('error', () => undefined); // the process has ended, and the account shows missing messages
    child.stderr.on('data', (text: Buffer) => {
      this.stderr += text.toString();
    });
    createInterface({ input: child.stdout }).on('line', (line) => this.#receive(line));
    this.#child = child;
  }

  /** Publishes the next numbered messages. */
  publish(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      const number = this.#account.uplinks.send();
      this.#unqueued.push(number);
      this.#child.stdin?.write(`${new TextDecoder().decode(numberedPayload(number, PAYLOAD_BYTES))}\n`);
    }
  }

  get isAcknowledged(): boolean {
    const { sent, acknowledged } = this.#account.uplinks;
    return sent === acknowledged;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #receive(line: string): void {
    const [word = '', rest = ''] = line.split(' ', 2);
    if (word === 'queued') this.#named.set(Number(rest), this.#unqueued.shift() ?? 0);
    if (word === 'acknowledged') this.#account.uplinks.acknowledge(this.#named.get(Number(rest)) ?? 0);
    if (word === 'installed') this.installed.push(rest);
    if (word === 'message') this.#account.downlinks.arrive(numberOf(new TextEncoder().encode(rest)) ?? 0);
  }
}

export async function attachFirmware(subdevice: FieldSubdevice, options: FirmwareOptions): Promise<Firmware> {
  const own = await openPty();
  const ends = [new Recorder(), new Recorder()];
  const tap: Tap = (bytes) => {
    const passed = options.tap(bytes);
    if (Buffer.compare(passed, bytes) !== 0) firmware.damagedPieces += 1;
    return passed;
  };
  const far = subdevice.pty.open(passing(ends[0], (bytes) => near.write(tap(bytes))));
  const near = own.open(passing(ends[1], (bytes) => far.write(tap(bytes))));
  const firmware = new Firmware(subdevice, own.path, options);
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

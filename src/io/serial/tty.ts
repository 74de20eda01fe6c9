/**
 * Serial ports behind the `OpenChannel` port: the gateway's end of a line.
 *
 * Each call opens the device again, with an exclusive lock, raw, eight data bits. Opening raises DTR, which resets some
 * boards, and discards bytes received before. Closing waits for a device that accepts no bytes only until the deadline.
 */
import type { OpenChannel } from '../../ports.ts';
import { joiningWords, userName } from '../accounts.ts';
import { DeviceChannel } from './device-channel.ts';
import { HANGS, type PortOpenings } from './port-openings.ts';
import type { ReadTurns } from './read-turns.ts';
import { type OpenDevice, openDevice } from './safe-binding.ts';
import { nameHolders } from './tty-holder.ts';

export interface TtyOptions {
  /** Device path such as `/dev/ttyUSB0`, or a stable name below `/dev/serial/by-id`. */
  readonly path: string;
  readonly baudRate: number;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
  /** Opening has failed if the driver does not answer within this time. */
  readonly openMsMax: number;
  /** Time after which `closed` is reported although the driver still holds the descriptor. */
  readonly closeMsMax: number;
  /** Largest number of bytes that may wait for the device. A write beyond it closes the channel. */
  readonly queuedBytesMax: number;
  /** Order in which the ports of the process are read. */
  readonly turns: Pick<ReadTurns, 'join'>;
  /** Openings of the process that have not returned. Absent: not watched. */
  readonly openings?: Pick<PortOpenings, 'run'>;
  /** Called for each close that exceeded `closeMsMax`. */
  readonly onHungClose?: () => void;
}

export function openTty(options: TtyOptions): OpenChannel {
  const { path, baudRate, parity, stopBits, openings, ...limits } = options;
  const open = (): Promise<OpenDevice> => openDevice({ path, baudRate, parity, stopBits, lock: true });
  return (listener) =>
    new DeviceChannel(
      {
        ...limits,
        overflow: 'close',
        open: () => openings?.run(path, open) ?? open(),
        explain: (error) => explainTtyError(path, baudRate, error),
      },
      listener,
    );
}

/** Patterns of the library's messages, which have no codes, with the explanation for the technician. */
const EXPLANATIONS: readonly (readonly [RegExp, (path: string, baudRate: number) => string])[] = [
  [/no such file/i, (path) => `no such device ${path}`],
  [/no such device/i, (path) => `${path} has no hardware`],
  [
    /permission denied/i,
    (path) => `user ${userName()} may not open ${path}: ${uncapitalised(joiningWords(path, 'dialout'))}`,
  ],
  [/input\/output error/i, (path) => `${path} does not answer: is this port enabled on the board?`],
  [/inappropriate ioctl|is a directory/i, (path) => `${path} is not a serial device`],
  [/baud rate/i, (path, baudRate) => `${path} does not support ${baudRate} baud`],
  [new RegExp(HANGS), (path) => `the driver of ${path} hangs: ${HANGS}; unplug the adapter, or restart the machine`],
  [/too many open files/i, (path) => `${path}: too many open files in this process`],
];

function uncapitalised(words: string): string {
  return `${words.charAt(0).toLowerCase()}${words.slice(1)}`;
}

/** EWOULDBLOCK of the lock; EBUSY of a program that took the port with TIOCEXCL. */
const TAKEN = /cannot lock port|resource busy/i;

export async function explainTtyError(path: string, baudRate: number, error: unknown): Promise<string> {
  const message = error instanceof Error ? error.message : String(error);
  if (TAKEN.test(message)) {
    const holders = nameHolders(path);
    return holders.length === 0 ? `${path} is in use by another program` : `${path} is in use by ${holders.join(', ')}`;
  }
  for (const [pattern, sentence] of EXPLANATIONS) {
    if (pattern.test(message)) return sentence(path, baudRate);
  }
  return `${path} could not be opened: ${message}`;
}

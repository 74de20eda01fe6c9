/**
 * Serial ports behind the `OpenChannel` port: the gateway's end of a line.
 *
 * Each call opens the device again, with an exclusive lock, raw. Opening raises DTR, which resets some
 * boards, and discards bytes received before. Closing waits for a device that accepts no bytes only until the deadline.
 */
import type { Rs485Mode } from '../../base/rs485-mode.ts';
import type { OpenChannel } from '../../ports.ts';
import { joiningWords, userName } from '../accounts.ts';
import { DeviceChannel } from './device-channel.ts';
import { HANGS, type PortOpenings } from './port-openings.ts';
import type { ReadTurns } from './read-turns.ts';
import { switchRs485On } from './rs485.ts';
import { type OpenDevice, openDevice } from './safe-binding.ts';
import { checkSevenBits } from './seven-bits.ts';
import { nameHolders } from './tty-holder.ts';

export interface TtyOptions {
  /** Device path such as `/dev/ttyUSB0`, or a stable name below `/dev/serial/by-id`. */
  readonly path: string;
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
  /** Direction of an RS-485 transceiver by RTS. `undefined`: the mode of the port is not changed. */
  readonly rs485: Rs485Mode | undefined;
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
  const { path, baudRate, dataBits, parity, stopBits, rs485, openings, ...limits } = options;
  const open = async (): Promise<OpenDevice> => {
    const device = await openDevice({ path, baudRate, dataBits, parity, stopBits, lock: true });
    await orClose(device, () => {
      if (dataBits === 7) checkSevenBits(device.fd);
      if (rs485 !== undefined) switchRs485On(device.fd, rs485);
    });
    return device;
  };
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

/** Rejects if the port does not have a mode; the device is closed then. */
async function orClose(device: OpenDevice, setUp: () => void): Promise<void> {
  try {
    setUp();
  } catch (error) {
    await device.close();
    throw error;
  }
}

/** Patterns of the library's messages, which have no codes, with the explanation for the technician. */
const EXPLANATIONS: readonly (readonly [RegExp, (path: string, baudRate: number, message: string) => string])[] = [
  [/^no RS-485 mode/, (path, _, message) => `the driver of ${path} cannot switch RS-485 by RTS (${message})`],
  [
    /^no 7 data bits/,
    (path) =>
      `the driver of ${path} has no mode with 7 data bits; with data_bits = 8, bit_7 of [link.lines] is the parity`,
  ],
  [/^another RS-485 mode/, (path, _, message) => `the driver of ${path} switches RS-485 otherwise (${message})`],
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
    if (pattern.test(message)) return sentence(path, baudRate, message);
  }
  return `${path} could not be opened: ${message}`;
}

/**
 * Safe wrapper of the serial library: one open device as a non-blocking descriptor. The only importer of `serialport`.
 *
 * The library opens (termios, baud rate, lock), polls and closes. Reading and writing are done here, one system call
 * each, because of three faults found in version 13: its read repeats a 0-byte read without end (an unplugged cable
 * occupies a whole core), its stream queues writes for a later opening, and each of its transfers takes a libuv thread.
 * The library opens with O_NONBLOCK, so no call here waits.
 */
import { readSync, writeSync } from 'node:fs';
// The main file of the package loads its 14 parsers too.
import { SerialPort } from 'serialport/dist/serialport.js';
import { checkPortSpeed } from './port-speed.ts';

export interface DeviceOptions {
  readonly path: string;
  readonly baudRate: number;
  readonly dataBits?: 7 | 8;
  readonly parity?: 'none' | 'even' | 'odd';
  readonly stopBits?: 1 | 2;
  /** Takes the advisory lock (flock), so that a second program that also asks for the lock is rejected. */
  readonly lock: boolean;
}

export type Transfer =
  | { readonly kind: 'moved'; readonly count: number }
  /** No byte can be read or written at this moment. */
  | { readonly kind: 'later' }
  | { readonly kind: 'gone'; readonly why: string };

/** Called when the device may have become readable or writable. `broken`: the poller reported an error. */
export type Ready = (broken: boolean) => void;

/** Values of uv.h. */
const READABLE = 1;
const WRITABLE = 2;

/** One open device. */
export interface OpenDevice {
  /** Descriptor of the open file. Only `close` closes it. */
  readonly fd: number;
  /** Sets the callbacks, once per device. No callback runs before `arm`. */
  watch(readable: Ready, writable: Ready): void;
  /** Starts waiting for the next readiness. Must be called again after each callback. */
  arm(alsoWritable: boolean): void;
  /** Reads the available bytes, at most `into.length`. */
  read(into: Uint8Array): Transfer;
  /** Writes as many bytes as the device accepts now. */
  write(bytes: Uint8Array): Transfer;
  /**
   * Waits until the driver has sent all written bytes, and changes the speed. Received bytes that were not read are
   * dropped. Rejects if the port does not have the speed then.
   */
  setSpeed(baudRate: number): Promise<void>;
  /** Stops polling at once. Settles when the system has closed the descriptor, which a driver may delay for long. */
  close(): Promise<void>;
}

/** Opens a device. Rejects with the library's error, whose message contains the system's text. */
export async function openDevice(options: DeviceOptions): Promise<OpenDevice> {
  const port = await SerialPort.binding.open(options);
  if (!('poller' in port) || port.fd === null) throw new Error('serial ports need Linux');
  return new SerialDevice(port, port.fd);
}

interface Port {
  readonly poller: {
    poll(events: number): void;
    on(event: 'readable' | 'writable', listener: (error: Error | null) => void): unknown;
    removeAllListeners(): unknown;
  };
  drain(): Promise<void>;
  update(options: { readonly baudRate: number }): Promise<void>;
  close(): Promise<void>;
}

class SerialDevice implements OpenDevice {
  readonly fd: number;
  readonly #port: Port;
  #changing: Promise<void> | undefined;

  constructor(port: Port, fd: number) {
    this.#port = port;
    this.fd = fd;
  }

  watch(readable: Ready, writable: Ready): void {
    this.#port.poller.on('readable', (error) => readable(error !== null));
    this.#port.poller.on('writable', (error) => writable(error !== null));
  }

  /** Requests both events in one call, because the library's poller drops one event when the other is requested. */
  arm(alsoWritable: boolean): void {
    this.#port.poller.poll(alsoWritable ? READABLE | WRITABLE : READABLE);
  }

  /** Reads. A hung-up tty returns 0 bytes at every read, so 0 bytes mean that the device is gone. */
  read(into: Uint8Array): Transfer {
    const transfer = attempt(() => readSync(this.fd, into));
    return transfer.kind === 'moved' && transfer.count === 0 ? { kind: 'gone', why: 'hung up' } : transfer;
  }

  write(bytes: Uint8Array): Transfer {
    return attempt(() => writeSync(this.fd, bytes));
  }

  setSpeed(baudRate: number): Promise<void> {
    const change = async (): Promise<void> => {
      await this.#port.drain();
      await this.#port.update({ baudRate });
      checkPortSpeed(this.fd, baudRate);
    };
    const changing = change();
    this.#changing = changing;
    return changing;
  }

  /** Waits for a change of the speed, so that no other file with the number of the descriptor is changed. */
  async close(): Promise<void> {
    this.#port.poller.removeAllListeners();
    await this.#changing?.catch(() => undefined);
    await this.#port.close();
  }
}

function attempt(call: () => number): Transfer {
  try {
    return { kind: 'moved', count: call() };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return code === 'EAGAIN' || code === 'EINTR' ? { kind: 'later' } : { kind: 'gone', why: code };
  }
}

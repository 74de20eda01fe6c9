/**
 * The serial library, made safe: one open device as a non-blocking descriptor. The only importer of `serialport`.
 *
 * From the library come opening (termios, baud rate, lock), the poller and closing. Reading and writing are ours, one
 * system call each, for three reasons found in version 13: its read retries a 0-byte read for ever (an unplugged cable
 * occupies a whole core), its stream queues writes for a later opening, and each of its transfers takes a libuv thread.
 * The library opens with O_NONBLOCK, so a call here never waits.
 */
import { readSync, writeSync } from 'node:fs';
import { SerialPort } from 'serialport';

export interface DeviceOptions {
  readonly path: string;
  readonly baudRate: number;
  readonly parity?: 'none' | 'even' | 'odd';
  readonly stopBits?: 1 | 2;
  /** Take the advisory lock (flock), so that a second opener that asks for it too is refused. */
  readonly lock: boolean;
}

export type Transfer =
  | { readonly kind: 'moved'; readonly count: number }
  /** Nothing to read, or no room to write, at this moment. */
  | { readonly kind: 'later' }
  | { readonly kind: 'gone'; readonly why: string };

/** What is called when the device may have become readable or writable. `broken`: the poller reported an error. */
export type Ready = (broken: boolean) => void;

/** As uv.h numbers them. */
const READABLE = 1;
const WRITABLE = 2;

/** One open device. */
export interface OpenDevice {
  /** Of an open file; only `close` closes it. */
  readonly fd: number;
  /** Once per device. Nothing is called before `arm`. */
  watch(readable: Ready, writable: Ready): void;
  /** Waits for the next readiness; to be called again after each. */
  arm(alsoWritable: boolean): void;
  /** Reads what is there, at most `into.length` bytes. */
  read(into: Uint8Array): Transfer;
  /** Writes as much as fits now. */
  write(bytes: Uint8Array): Transfer;
  /** Ends the watching at once; settles when the system has closed the descriptor, which a driver may delay for long. */
  close(): Promise<void>;
}

/** Rejects with the library's error, whose message holds the system's words. */
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
  close(): Promise<void>;
}

class SerialDevice implements OpenDevice {
  readonly fd: number;
  readonly #port: Port;

  constructor(port: Port, fd: number) {
    this.#port = port;
    this.fd = fd;
  }

  watch(readable: Ready, writable: Ready): void {
    this.#port.poller.on('readable', (error) => readable(error !== null));
    this.#port.poller.on('writable', (error) => writable(error !== null));
  }

  /** Both events in one call, since the library's poller forgets the one while it is asked for the other. */
  arm(alsoWritable: boolean): void {
    this.#port.poller.poll(alsoWritable ? READABLE | WRITABLE : READABLE);
  }

  /** A hung-up tty reads 0 bytes, for ever: it is gone. */
  read(into: Uint8Array): Transfer {
    const transfer = attempt(() => readSync(this.fd, into));
    return transfer.kind === 'moved' && transfer.count === 0 ? { kind: 'gone', why: 'hung up' } : transfer;
  }

  write(bytes: Uint8Array): Transfer {
    return attempt(() => writeSync(this.fd, bytes));
  }

  close(): Promise<void> {
    this.#port.poller.removeAllListeners();
    return this.#port.close();
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

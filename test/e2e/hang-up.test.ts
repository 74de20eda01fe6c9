/**
 * A line that the kernel hangs up (TIOCVHANGUP, as for a pulled USB adapter): detected at once, without repeated
 * reads.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { openPty } from '../../src/bench/pty.ts';
import { DeviceChannel } from '../../src/io/serial/device-channel.ts';
import { ReadTurns } from '../../src/io/serial/read-turns.ts';
import { type OpenDevice, openDevice } from '../../src/io/serial/safe-binding.ts';
import { Recorder } from './recorder.ts';

/** 0x5437 is TIOCVHANGUP, and CAP_SYS_ADMIN is needed; prints the monotonic ns before and after. */
const HANG_UP = `
import fcntl, os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
before = time.monotonic_ns()
fcntl.ioctl(fd, 0x5437)
print(before)
`;
const NO_ROOT = process.getuid?.() === 0 ? false : 'TIOCVHANGUP needs root';
if (NO_ROOT !== false) console.log(`skipped: ${NO_ROOT}`);

class CountedDevice {
  reads = 0;
  /** Negative control: treats an end, and the report of the poller, as no data yet, as the library does. */
  readonly #isDeaf: boolean;

  constructor(isDeaf: boolean) {
    this.#isDeaf = isDeaf;
  }

  async open(path: string): Promise<OpenDevice> {
    const device = await openDevice({ path, baudRate: 115_200, lock: true });
    return {
      fd: device.fd,
      watch: (readable, writable) => device.watch((broken) => readable(broken && !this.#isDeaf), writable),
      arm: (alsoWritable) => device.arm(alsoWritable),
      read: (into) => {
        this.reads += 1;
        const transfer = device.read(into);
        return this.#isDeaf && transfer.kind === 'gone' ? { kind: 'later' } : transfer;
      },
      write: (bytes) => device.write(bytes),
      setSpeed: (baudRate) => device.setSpeed(baudRate),
      close: () => device.close(),
    };
  }
}

async function openLine(isDeaf: boolean) {
  const pty = await openPty();
  onTestFinished(() => pty.hangUp());
  const counted = new CountedDevice(isDeaf);
  const listener = new Recorder();
  let closedNs = 0n;
  const channel = new DeviceChannel(
    {
      ...{ openMsMax: 10_000, closeMsMax: 10_000, queuedBytesMax: 10_000, overflow: 'close' },
      turns: new ReadTurns(),
      open: () => counted.open(pty.path),
      explain: async (error) => String(error),
    },
    {
      opened: () => listener.opened(),
      bytes: (bytes) => listener.bytes(bytes),
      closed: (reason) => {
        closedNs = process.hrtime.bigint();
        listener.closed(reason);
      },
    },
  );
  onTestFinished(() => channel.close('over'));
  await listener.untilOpen();
  return { pty, counted, listener, channel, closedNs: () => closedNs };
}

async function hangUp(path: string): Promise<bigint> {
  const python = spawn('python3', ['-c', HANG_UP, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [[output], [code]] = await Promise.all([once(python.stdout, 'data'), once(python, 'exit')]);
  expect(code).toBe(0);
  return BigInt(String(output).trim());
}

it.skipIf(NO_ROOT !== false)('closes the channel after a single read', async () => {
  const { pty, counted, listener, closedNs } = await openLine(false);
  const hungUpNs = await hangUp(pty.path);
  expect(await listener.untilClosed()).toMatch(/the device is gone/);
  expect(counted.reads).toBe(1);
  console.log(`hang-up noticed after ${Number(closedNs() - hungUpNs) / 1e6} ms, reads: ${counted.reads}`);
});

it.skipIf(NO_ROOT !== false)('negative control: is read without end if an end is treated as no data yet', async () => {
  const { pty, counted, listener } = await openLine(true);
  await hangUp(pty.path);
  await expect.poll(() => counted.reads, { timeout: 600_000 }).toBeGreaterThan(1000);
  expect(listener.reasons).toEqual([]);
});

/** Change of the speed of an open port: what it waits for, what it keeps apart, and how it fails. */
import { describe, expect, it } from 'vitest';
import type { IoctlExchange } from '../../../../src/io/libc.ts';
import { DeviceChannel } from '../../../../src/io/serial/device-channel.ts';
import { checkPortSpeed } from '../../../../src/io/serial/port-speed.ts';
import { ReadTurns } from '../../../../src/io/serial/read-turns.ts';
import type { OpenDevice, Ready, Transfer } from '../../../../src/io/serial/safe-binding.ts';
import type { Channel } from '../../../../src/ports.ts';

/** A driver with this speed. */
const driverWith =
  (speed: number, errno = 0): IoctlExchange =>
  (_fd, _request, termios) => {
    termios.writeUInt32LE(speed, 40);
    return errno;
  };

describe('the speed of a port', () => {
  it.each([
    [9600, 9600],
    [9600, 9615],
    [300, 293],
  ])('of %d is accepted if the driver names %d', (wanted, speed) => {
    expect(() => checkPortSpeed(3, wanted, driverWith(speed))).not.toThrow();
  });

  it.each([
    [9600, 300],
    [300, 292],
    [300, 308],
  ])('of %d is another one if the driver names %d', (wanted, speed) => {
    expect(() => checkPortSpeed(3, wanted, driverWith(speed))).toThrow(`the port has ${speed} baud`);
  });

  it('is not known if the file is no port', () => {
    expect(() => checkPortSpeed(3, 9600, driverWith(0, 25))).toThrow('errno 25');
  });
});

/** Device that notes what happens, accepts a number of bytes at once, and changes its speed when the test says so. */
class SlowDevice implements OpenDevice {
  readonly fd = -1;
  readonly events: string[] = [];
  acceptsBytes = 100;
  received = '';
  readonly change = Promise.withResolvers<void>();
  readonly asked = Promise.withResolvers<void>();
  readonly closing = Promise.withResolvers<void>();
  #ready: readonly Ready[] = [];

  watch(...ready: readonly [Ready, Ready]): void {
    this.#ready = ready;
  }

  arm(): void {}

  becomeReadable(): void {
    this.#ready[0]?.(false);
  }

  becomeWritable(): void {
    this.#ready[1]?.(false);
  }

  read(into: Uint8Array): Transfer {
    if (this.received === '') return { kind: 'later' };
    const count = Math.min(into.length, this.received.length);
    into.set(Buffer.from(this.received.slice(0, count)));
    this.received = this.received.slice(count);
    return { kind: 'moved', count };
  }

  write(bytes: Uint8Array): Transfer {
    const count = Math.min(bytes.length, this.acceptsBytes);
    if (count === 0) return { kind: 'later' };
    this.acceptsBytes -= count;
    this.events.push(`write ${Buffer.from(bytes.subarray(0, count))}`);
    return { kind: 'moved', count };
  }

  setSpeed(baudRate: number): Promise<void> {
    this.events.push(`speed ${baudRate}`);
    this.asked.resolve();
    return this.change.promise;
  }

  async close(): Promise<void> {
    this.events.push('close');
    this.closing.resolve();
  }
}

async function open(device: SlowDevice, openMsMax = 10_000) {
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<string>();
  const limits = {
    openMsMax,
    closeMsMax: 10_000,
    queuedBytesMax: 100,
    turns: new ReadTurns(),
    overflow: 'close',
  } as const;
  const explain = async (error: unknown): Promise<string> => String(error);
  const channel: Channel = new DeviceChannel(
    { ...limits, explain, open: async () => device },
    {
      opened: () => opened.resolve(),
      bytes: (bytes) => void device.events.push(`bytes ${Buffer.from(bytes)}`),
      speedSet: (baudRate) => void device.events.push(`speed is ${baudRate}`),
      closed: (reason) => closed.resolve(reason),
    },
  );
  await opened.promise;
  return { channel, closed: closed.promise };
}

describe('a change of the speed', () => {
  it('waits until the queue is written, and later bytes wait until it is over', async () => {
    const device = new SlowDevice();
    device.acceptsBytes = 2;
    const { channel } = await open(device);
    channel.write(Buffer.from('slow'));
    channel.setSpeed?.(9600);
    channel.write(Buffer.from('fast'));
    await expect.poll(() => device.events).toEqual(['write sl']);
    device.acceptsBytes = 100;
    device.becomeWritable();
    await device.asked.promise;
    expect(device.events).toEqual(['write sl', 'write ow', 'speed 9600']);
    device.change.resolve();
    await expect
      .poll(() => device.events)
      .toEqual(['write sl', 'write ow', 'speed 9600', 'speed is 9600', 'write fast']);
  });

  it('reads nothing while it lasts, and everything after', async () => {
    const device = new SlowDevice();
    const { channel } = await open(device);
    channel.setSpeed?.(9600);
    await device.asked.promise;
    device.received = 'block';
    device.becomeReadable();
    device.change.resolve();
    await expect.poll(() => device.events.at(-1)).toBe('speed is 9600');
    device.becomeReadable();
    await expect.poll(() => device.events).toEqual(['speed 9600', 'speed is 9600', 'bytes block']);
  });

  it('that fails closes the channel with the reason', async () => {
    const device = new SlowDevice();
    const { channel, closed } = await open(device);
    channel.setSpeed?.(9600);
    device.change.reject(new Error('the port has 300 baud'));
    expect(await closed).toBe('the device does not support the change to 9600 baud: the port has 300 baud');
  });

  it('that the driver never ends closes the channel', async () => {
    const { channel, closed } = await open(new SlowDevice(), 1);
    channel.setSpeed?.(9600);
    expect(await closed).toBe('the device did not change its speed to 9600 baud within 1 ms');
  });

  it('that ends after the channel was closed is not reported', async () => {
    const device = new SlowDevice();
    const { channel, closed } = await open(device);
    channel.setSpeed?.(9600);
    await device.asked.promise;
    channel.close('stopped');
    await closed;
    device.change.resolve();
    await device.change.promise;
    expect(device.events).toEqual(['speed 9600', 'close']);
  });
});

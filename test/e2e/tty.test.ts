/** The gateway's end of a line on a real pseudo-terminal: both directions, and all kinds of close. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPty, type Pty } from '../../src/bench/pty.ts';
import { DeviceChannel } from '../../src/io/serial/device-channel.ts';
import { ReadTurns } from '../../src/io/serial/read-turns.ts';
import type { OpenDevice } from '../../src/io/serial/safe-binding.ts';
import { explainTtyError, openTty, type TtyOptions } from '../../src/io/serial/tty.ts';
import { Recorder, until } from './recorder.ts';

const MEGABYTE = 1_000_000;
const LIMITS = {
  ...({ dataBits: 8, parity: 'none', stopBits: 1, rs485: undefined } as const),
  turns: new ReadTurns(),
  ...{ openMsMax: 10_000, closeMsMax: 10_000, queuedBytesMax: 2 * MEGABYTE },
};

let pty: Pty;
beforeEach(async () => {
  pty = await openPty({ queuedBytesMax: 2 * MEGABYTE });
});
afterEach(() => pty.hangUp());

async function openGateway(options: Partial<TtyOptions> = {}) {
  const listener = new Recorder();
  const channel = openTty({ path: pty.path, baudRate: 115200, ...LIMITS, ...options })(listener);
  expect(listener.openings).toBe(0);
  await listener.untilOpen();
  return { channel, listener };
}

async function openSubdevice() {
  const listener = new Recorder();
  const channel = pty.open(listener);
  expect(listener.openings).toBe(0);
  await listener.untilOpen();
  return { channel, listener };
}

describe('a tty', () => {
  it('carries every byte value both ways, and nothing returns as an echo', async () => {
    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const gateway = await openGateway();
    const subdevice = await openSubdevice();
    gateway.channel.write(everyByte);
    expect(await subdevice.listener.untilReceived(256)).toEqual(everyByte);
    subdevice.channel.write(everyByte);
    expect(await gateway.listener.untilReceived(256)).toEqual(everyByte);
    expect(subdevice.listener.received).toHaveLength(256);
  });

  it('carries a megabyte both ways at once, in order, with nothing pending at the end', async () => {
    const down = randomBytes(MEGABYTE);
    const up = randomBytes(MEGABYTE);
    const gateway = await openGateway();
    const subdevice = await openSubdevice();
    for (let at = 0; at < MEGABYTE; at += 1000) {
      gateway.channel.write(down.subarray(at, at + 1000));
      subdevice.channel.write(up.subarray(at, at + 1000));
    }
    expect(gateway.channel.queuedBytes).toBe(MEGABYTE);
    expect((await subdevice.listener.untilReceived(MEGABYTE)).equals(down)).toBe(true);
    expect((await gateway.listener.untilReceived(MEGABYTE)).equals(up)).toBe(true);
    expect(gateway.channel.queuedBytes).toBe(0);
  });

  it('closes when the cable is pulled, idle or during a write', async () => {
    const idle = await openGateway();
    await pty.hangUp();
    expect(await idle.listener.untilClosed()).toMatch(/the device is gone/);

    pty = await openPty();
    const busy = await openGateway();
    busy.channel.write(randomBytes(MEGABYTE));
    await pty.hangUp();
    expect(await busy.listener.untilClosed()).toMatch(/the device is gone/);
    expect(busy.channel.queuedBytes).toBe(0);
  });

  it('can be opened again and again, and receives each time', async () => {
    const subdevice = await openSubdevice();
    for (let opening = 1; opening <= 30; opening += 1) {
      const gateway = await openGateway();
      subdevice.channel.write(Buffer.from('to the gateway'));
      await gateway.listener.untilReceived(14);
      gateway.channel.write(Buffer.from('x'));
      await subdevice.listener.untilReceived(opening);
      gateway.channel.close('enough');
      gateway.channel.close('once more');
      expect(await gateway.listener.untilClosed()).toBe('enough');
    }
  });

  it('sends its last bytes before it closes, and ignores later writes', async () => {
    const subdevice = await openSubdevice();
    const gateway = await openGateway();
    gateway.channel.write(Buffer.from('goodbye'));
    gateway.channel.close('stopping');
    gateway.channel.write(Buffer.from('too late'));
    expect(gateway.listener.reasons).toEqual([]);
    await gateway.listener.untilClosed();
    gateway.channel.write(Buffer.from('much too late'));
    const next = await openGateway();
    next.channel.write(Buffer.from('!'));
    expect((await subdevice.listener.untilReceived(8)).toString()).toBe('goodbye!');
  });

  it('closes if its queue would exceed its limit', async () => {
    const gateway = await openGateway({ queuedBytesMax: 100 });
    gateway.channel.write(Buffer.alloc(60));
    gateway.channel.write(Buffer.alloc(41));
    expect(await gateway.listener.untilClosed()).toBe('the device does not accept data: 60 bytes waiting');
  });

  it('names the program that uses the port', async () => {
    const holder = spawn('flock', [pty.path, 'sh', '-c', 'echo held; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    try {
      await once(holder.stdout, 'data');
      const refused = new Recorder();
      openTty({ path: pty.path, baudRate: 115200, ...LIMITS })(refused);
      expect(await refused.untilClosed()).toBe(`${pty.path} is in use by flock (process ${holder.pid})`);
    } finally {
      if (holder.pid !== undefined) process.kill(-holder.pid);
    }
  });

  it('names this process if it uses the port itself', async () => {
    await openGateway();
    const refused = new Recorder();
    openTty({ path: pty.path, baudRate: 115200, ...LIMITS })(refused);
    expect(await refused.untilClosed()).toBe(`${pty.path} is in use by this gateway itself (process ${process.pid})`);
    expect(refused.openings).toBe(0);
  });

  it.each([
    ['/dev/ttyNOWHERE', 'no such device /dev/ttyNOWHERE'],
    ['/etc/passwd', '/etc/passwd is not a serial device'],
    ['/dev', '/dev is not a serial device'],
  ])('has a text for %s that does not open', async (path, reason) => {
    const refused = new Recorder();
    openTty({ path, baudRate: 115200, ...LIMITS })(refused);
    expect(await refused.untilClosed()).toBe(reason);
  });

  it('has texts for cases that this machine cannot produce', async () => {
    const explain = (message: string) => explainTtyError('/dev/ttyS4', 7, new Error(message));
    expect(await explain('Error: Permission denied, cannot open /dev/ttyS4')).toContain('group dialout');
    expect(await explain('Error: Input/output error, cannot open /dev/ttyS4')).toContain('enabled on the board');
    expect(await explain('Error: Invalid argument setting custom baud rate of 7')).toContain('7 baud');
    expect(await explain('something new')).toBe('/dev/ttyS4 could not be opened: something new');
  });
});

describe('a device that does not answer', () => {
  const stuck: OpenDevice = {
    fd: -1,
    watch() {},
    arm() {},
    read: () => ({ kind: 'later' }),
    write: () => ({ kind: 'later' }),
    setSpeed: () => new Promise(() => {}),
    close: () => new Promise(() => {}),
  };
  const options = { ...LIMITS, overflow: 'close', explain: async (error: unknown) => String(error) } as const;

  it('is reported if it does not open, and is closed if it opens later', async () => {
    const late = Promise.withResolvers<OpenDevice>();
    const listener = new Recorder();
    new DeviceChannel({ ...options, openMsMax: 1, open: () => late.promise }, listener);
    expect(await listener.untilClosed()).toBe('did not open within 1 ms');
    let closes = 0;
    late.resolve({
      ...stuck,
      async close() {
        closes += 1;
      },
    });
    await until(() => closes === 1);
    expect(listener.openings).toBe(0);
  });

  it('is reported if it does not close, and that is counted', async () => {
    let hungCloses = 0;
    const listener = new Recorder();
    const channel = new DeviceChannel(
      {
        ...options,
        closeMsMax: 1,
        open: async () => stuck,
        onHungClose: () => {
          hungCloses += 1;
        },
      },
      listener,
    );
    await listener.untilOpen();
    channel.close('stopping');
    expect(await listener.untilClosed()).toBe('stopping; the device did not close within 1 ms');
    expect(hungCloses).toBe(1);
  });

  it('reports a close that comes before the opening, not synchronously', async () => {
    const listener = new Recorder();
    const channel = new DeviceChannel({ ...options, open: () => new Promise(() => {}) }, listener);
    channel.close('changed my mind');
    expect(listener.reasons).toEqual([]);
    expect(await listener.untilClosed()).toBe('changed my mind');
  });
});

describe('the simulated end of a line', () => {
  it('has one subdevice at a time, and can lose its power and return', async () => {
    const first = await openSubdevice();
    const second = new Recorder();
    pty.open(second);
    expect(await second.untilClosed()).toBe('another subdevice is on this line');
    first.channel.close('power lost');
    expect(await first.listener.untilClosed()).toBe('power lost');
    const again = await openSubdevice();
    const gateway = await openGateway();
    gateway.channel.write(Buffer.from('hello'));
    expect((await again.listener.untilReceived(5)).toString()).toBe('hello');
    expect(first.listener.received).toHaveLength(0);
  });

  it('reports a cut line to the subdevice once', async () => {
    const subdevice = await openSubdevice();
    await Promise.all([pty.hangUp(), pty.hangUp()]);
    expect(await subdevice.listener.untilClosed()).toBe('hung up');
  });

  it('keeps its path when the line is cut: no other PTY gets it', async () => {
    const { path } = pty;
    await pty.hangUp();
    expect(existsSync(path)).toBe(false);
    pty = await openPty();
    expect(pty.path).not.toBe(path);
    const gateway = new Recorder();
    openTty({ path, baudRate: 115200, ...LIMITS })(gateway);
    expect(await gateway.untilClosed()).toBe(`no such device ${path}`);
  });

  it('has a stable name that replaces an older one and is removed with the line', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-pty-'));
    const link = join(directory, 'ttyPUMP');
    symlinkSync('/dev/pts/of-an-earlier-run', link);
    pty.linkAs(link);
    expect(readlinkSync(link)).toBe(pty.path);
    const gateway = await openGateway({ path: link });
    expect(gateway.listener.openings).toBe(1);
    await pty.hangUp();
    expect(() => readlinkSync(link)).toThrow(/ENOENT/);
    rmSync(directory, { recursive: true });
  });
});

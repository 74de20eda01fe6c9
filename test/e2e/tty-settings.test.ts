/** Settings of a line in the kernel, once the gateway has opened it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { openPty } from '../../src/bench/pty.ts';
import { ReadTurns } from '../../src/io/serial/read-turns.ts';
import { openTty } from '../../src/io/serial/tty.ts';
import { Recorder } from './recorder.ts';

it('a tty has the configured baud rate, parity and stop bits', async () => {
  const pty = await openPty();
  onTestFinished(() => pty.hangUp());
  const listener = new Recorder();
  openTty({
    ...{ path: pty.path, baudRate: 9600, dataBits: 8, parity: 'odd', stopBits: 2, rs485: undefined },
    turns: new ReadTurns(),
    ...{ openMsMax: 10_000, closeMsMax: 10_000, queuedBytesMax: 1000 },
  })(listener);
  await listener.untilOpen();
  const settings = execFileSync('stty', ['-a', '-F', pty.path], { encoding: 'utf8' });
  expect(settings).toMatch(/speed 9600 baud/);
  // A pseudo-terminal keeps which parity is set, not whether it is enabled (pty_set_termios of Linux).
  expect(settings.split(/\s+/)).toEqual(expect.arrayContaining(['parodd', 'cstopb', 'cs8']));
});

it('a tty whose driver has no RS-485 mode is closed again, with the reason, and can be opened without the mode', async () => {
  const pty = await openPty();
  onTestFinished(() => pty.hangUp());
  const options = {
    ...({ path: pty.path, baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 } as const),
    turns: new ReadTurns(),
    ...{ openMsMax: 10_000, closeMsMax: 10_000, queuedBytesMax: 1000 },
  };
  const refused = new Recorder();
  openTty({ ...options, rs485: { rts: 'rts-on-send', beforeMs: 1, afterMs: 0 } })(refused);
  expect(await refused.untilClosed()).toMatch(
    /^the driver of .* cannot switch RS-485 by RTS \(no RS-485 mode: ENOTTY\)$/,
  );
  expect(refused.openings).toBe(0);
  // the port was closed: its lock is free
  const accepted = new Recorder();
  openTty({ ...options, rs485: undefined })(accepted);
  await accepted.untilOpen();
});

const LINE = { parity: 'even', stopBits: 1, rs485: undefined } as const;
const LIMITS = { turns: new ReadTurns(), openMsMax: 10_000, closeMsMax: 10_000, queuedBytesMax: 1000 };

it('a tty that keeps 8 bits in spite of data_bits = 7 is closed again, with the reason', async () => {
  // A pseudo-terminal always has 8 bits (pty_set_termios of Linux).
  const pty = await openPty();
  onTestFinished(() => pty.hangUp());
  const refused = new Recorder();
  openTty({ path: pty.path, baudRate: 300, dataBits: 7, ...LINE, ...LIMITS })(refused);
  expect(await refused.untilClosed()).toMatch(
    /^the driver of .* has no mode with 7 data bits; with data_bits = 8, bit_7 of \[link.lines\] is the parity$/,
  );
  const accepted = new Recorder();
  openTty({ path: pty.path, baudRate: 300, dataBits: 8, ...LINE, ...LIMITS })(accepted);
  await accepted.untilOpen();
  expect(execFileSync('stty', ['-a', '-F', pty.path], { encoding: 'utf8' })).toMatch(/speed 300 baud/);
});

const BINDING = new URL('../../src/io/serial/safe-binding.ts', import.meta.url).href;
const hasCompiler = spawnSync('gcc', ['--version']).error === undefined;
const [CSIZE, CS7, CS8, PARENB, PARODD] = [0o60, 0o40, 0o60, 0o400, 0o1000];

it.skipIf(!hasCompiler).each([
  [7, 'even', CS7, PARENB],
  [8, 'none', CS8, 0],
] as const)('the kernel is asked for %d data bits and parity %s', async (dataBits, parity, size, parityFlags) => {
  const pty = await openPty();
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-termios-'));
  onTestFinished(async () => {
    await pty.hangUp();
    rmSync(folder, { recursive: true });
  });
  const shim = join(folder, 'noted-termios.so');
  const source = fileURLToPath(new URL('./noted-termios.c', import.meta.url));
  execFileSync('gcc', ['-shared', '-fPIC', '-o', shim, source, '-ldl']);
  const options = { path: pty.path, baudRate: 300, dataBits, parity, stopBits: 1, lock: true };
  const script = `const { openDevice } = await import('${BINDING}'); await (await openDevice(${JSON.stringify(options)})).close();`;
  const noted = join(folder, 'noted');
  const env = { ...process.env, LD_PRELOAD: shim, NOTED_TERMIOS: noted };
  execFileSync(process.execPath, ['--input-type=module', '-e', script], { env });
  const [flags] = readFileSync(noted, 'utf8').trim().split('\n');
  const wanted = Number.parseInt(flags ?? '', 8);
  expect([wanted & CSIZE, wanted & (PARENB | PARODD)]).toEqual([size, parityFlags]);
});

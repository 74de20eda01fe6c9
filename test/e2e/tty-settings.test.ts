/** Settings of a line in the kernel, once the gateway has opened it. */
import { execFileSync } from 'node:child_process';
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
    ...{ path: pty.path, baudRate: 9600, parity: 'odd', stopBits: 2 },
    turns: new ReadTurns(),
    ...{ openMsMax: 10_000, closeMsMax: 10_000, queuedBytesMax: 1000 },
  })(listener);
  await listener.untilOpen();
  const settings = execFileSync('stty', ['-a', '-F', pty.path], { encoding: 'utf8' });
  expect(settings).toMatch(/speed 9600 baud/);
  // A pseudo-terminal keeps which parity is set, not whether it is enabled (pty_set_termios of Linux).
  expect(settings.split(/\s+/)).toEqual(expect.arrayContaining(['parodd', 'cstopb', 'cs8']));
});

/** Change of the speed of a port on a real pseudo-terminal: the kernel has the new speed, and no byte is lost. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openPty, type Pty } from '../../src/bench/pty.ts';
import { ReadTurns } from '../../src/io/serial/read-turns.ts';
import { openTty } from '../../src/io/serial/tty.ts';
import { Recorder } from './recorder.ts';

const LIMITS = {
  ...({ dataBits: 8, parity: 'none', stopBits: 1, rs485: undefined } as const),
  turns: new ReadTurns(),
  ...{ openMsMax: 10_000, closeMsMax: 10_000, queuedBytesMax: 4096 },
};

let pty: Pty;
beforeEach(async () => {
  pty = await openPty();
});
afterEach(() => pty.hangUp());

class SpeedRecorder extends Recorder {
  readonly speeds: number[] = [];

  speedSet(baudRate: number): void {
    this.speeds.push(baudRate);
  }
}

async function openGateway() {
  const listener = new SpeedRecorder();
  const channel = openTty({ path: pty.path, baudRate: 300, ...LIMITS })(listener);
  await listener.untilOpen();
  return { channel, listener };
}

it('the port has the speed of its opening, then the new one, and again the first one after a new opening', async () => {
  const meter = new Recorder();
  const meterEnd = pty.open(meter);
  await meter.untilOpen();
  const { channel, listener } = await openGateway();
  expect(pty.baudRate).toBe(300);
  channel.write(Buffer.from('050\r\n'));
  channel.setSpeed?.(9600);
  await expect.poll(() => listener.speeds).toEqual([9600]);
  expect(pty.baudRate).toBe(9600);
  expect((await meter.untilReceived(5)).toString()).toBe('050\r\n');
  meterEnd.write(Buffer.from('block'));
  expect((await listener.untilReceived(5)).toString()).toBe('block');
  channel.close('stopped');
  await listener.untilClosed();
  await openGateway();
  expect(pty.baudRate).toBe(300);
});

it('a port that is unplugged during the change is closed', async () => {
  const { channel, listener } = await openGateway();
  channel.setSpeed?.(9600);
  await pty.hangUp();
  await listener.untilClosed();
  expect(listener.reasons).toHaveLength(1);
});

/** Lines that always have more to read beside a quiet one: real channels over devices and a poller in memory. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { DeviceChannel } from '../../../../src/io/serial/device-channel.ts';
import { ReadTurns } from '../../../../src/io/serial/read-turns.ts';
import type { OpenDevice, Transfer } from '../../../../src/io/serial/safe-binding.ts';

const FRAME_BYTES = 64;
const FLOODS = 7;
/** Number of reads of the other lines between two frames of the quiet one. */
const PAUSE_READS = 3 * FLOODS + 2;
const UNLIMITED = Number.POSITIVE_INFINITY;

/** Device whose poller reports in the next turn of the event loop that there are frames. */
class FrameDevice implements OpenDevice {
  readonly fd = -1;
  frames = 0;
  #framesPerRead: number;
  #readable: () => void = () => undefined;
  #isArmed = false;

  constructor(framesPerRead: number) {
    this.#framesPerRead = framesPerRead;
  }

  watch(readable: (broken: boolean) => void): void {
    this.#readable = () => readable(false);
  }

  arm(): void {
    this.#isArmed = true;
    this.poll();
  }

  poll(): void {
    setImmediate(() => {
      if (!this.#isArmed || this.frames === 0) return;
      this.#isArmed = false;
      this.#readable();
    });
  }

  read(): Transfer {
    if (this.frames === 0) return { kind: 'later' };
    const frames = Math.min(this.frames, this.#framesPerRead);
    this.frames -= frames;
    return { kind: 'moved', count: frames * FRAME_BYTES };
  }

  async setSpeed(): Promise<void> {}

  write(bytes: Uint8Array): Transfer {
    return { kind: 'moved', count: bytes.length };
  }

  async close(): Promise<void> {}
}

/** @returns largest number of frames of the others between the arrival of a frame on the quiet line and its read */
async function framesAhead(turnBytes: number | undefined, framesPerRead: number): Promise<number> {
  const turns = new ReadTurns(turnBytes);
  let flooded = 0;
  let arrivedAt: number | undefined;
  let dueAt = PAUSE_READS * framesPerRead;
  let most = 0;
  const openLine = (device: FrameDevice, onFrames: (frames: number) => void): void => {
    const limits = { openMsMax: 10_000, closeMsMax: 10_000, queuedBytesMax: 10_000, overflow: 'close' } as const;
    const channel = new DeviceChannel(
      { ...limits, turns, open: async () => device, explain: async (error) => String(error) },
      { opened: () => undefined, bytes: ({ length }) => onFrames(length / FRAME_BYTES), closed: () => undefined },
    );
    onTestFinished(() => channel.close('over'));
  };
  const quiet = new FrameDevice(framesPerRead);
  openLine(quiet, () => {
    most = Math.max(most, flooded - (arrivedAt ?? flooded));
    arrivedAt = undefined;
  });
  for (let line = 0; line < FLOODS; line += 1) {
    const device = new FrameDevice(framesPerRead);
    device.frames = UNLIMITED;
    openLine(device, (frames) => {
      flooded += frames;
      if (arrivedAt !== undefined || flooded < dueAt) return;
      dueAt = flooded + PAUSE_READS * framesPerRead;
      arrivedAt = flooded;
      quiet.frames += 1;
      quiet.poll();
    });
  }
  for (let round = 0; round < 200; round += 1) await turn();
  expect(flooded).toBeGreaterThan(4 * PAUSE_READS * framesPerRead);
  return most;
}

it('a frame of a quiet line waits for the rest of a turn of the lines that flood', async () => {
  expect(await framesAhead(undefined, 16)).toBe(16);
  expect(await framesAhead(undefined, 63)).toBe(0);
});

it('negative control: without the limit of a turn it waits for a read of each line', async () => {
  expect(await framesAhead(UNLIMITED, 16)).toBe((FLOODS - 1) * 16);
});

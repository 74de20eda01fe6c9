/**
 * What can be done for a serial device besides opening it: the upper rungs of the recovery (`driver/line-recovery.ts`).
 *
 * The lines are moved through a descriptor of its own, which no lock of ours forbids, so the channel that is open notices
 * nothing. Replugging a USB adapter takes every port of it away, so it is not done to an adapter that links share.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { PortCare } from '../../ports.ts';
import { setModemLines } from '../libc.ts';
import type { StablePorts } from './stable-ports.ts';

/** Long enough for the RESET capacitor of an Arduino-like board (100 nF, 10 kΩ: 1 ms) and for any adapter to notice. */
const LOW_MS = 100;
/** The kernel answers when the adapter's drivers have let go; then it may be found again. */
const UNPLUGGED_MS = 500;

/** @param link its name */
export function careOf(ports: StablePorts, link: string): PortCare {
  const claim = () => {
    const claimed = ports.claimOf(link);
    if (claimed === undefined) throw new Error('it has no port now');
    return claimed;
  };
  return {
    device: () => ports.claimOf(link)?.device,
    toggle: async () => {
      await toggleLines(claim().device);
      return `DTR and RTS low for ${LOW_MS} ms`;
    },
    reauthorise: async () => {
      const { usb, device } = claim();
      if (usb === undefined) throw new Error(`${device} is no USB adapter`);
      const others = ports.sharersOf(claim()).filter((other) => other !== link);
      if (others.length > 0) throw new Error(`its adapter carries link ${others.join(' and ')} too`);
      await replug(join(usb.folder, 'authorized'));
      return `USB adapter ${usb.words} replugged`;
    },
  };
}

async function toggleLines(device: string): Promise<void> {
  const fd = openSync(device, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  try {
    setModemLines(fd, 'low');
    await pause(LOW_MS);
    setModemLines(fd, 'high');
  } finally {
    closeSync(fd);
  }
}

/** Source: the kernel's Documentation/usb/authorization.rst. Whatever happens, it is not left unplugged by us. */
async function replug(file: string): Promise<void> {
  const before = await readFile(file, 'utf8');
  if (before.trim() !== '1') throw new Error(`${file} says ${before.trim()}: somebody else has forbidden it`);
  await writeFile(file, '0');
  await pause(UNPLUGGED_MS);
  await writeFile(file, '1');
}

/**
 * Recovery steps for a serial device besides reopening it: the last steps of `driver/line-recovery.ts`.
 *
 * The modem lines are changed through a separate descriptor, which our lock does not forbid. So the open channel is not
 * affected. Replugging a USB adapter removes all its ports, so an adapter that several links share is not replugged.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { PortCare } from '../../ports.ts';
import { setModemLines } from '../libc.ts';
import type { StablePorts } from './stable-ports.ts';

/**
 * Time for which DTR and RTS are low: enough for the RESET capacitor of an Arduino-like board (100 nF, 10 kΩ: 1 ms) and
 * for any adapter to notice.
 */
const LOW_MS = 100;
/**
 * Pause between deauthorising and authorising the adapter, ms. The write that deauthorises returns when the adapter's
 * drivers have released the adapter. The adapter may be found again after the pause.
 */
const UNPLUGGED_MS = 500;

/** @param link name of the link */
export function careOf(ports: StablePorts, link: string): PortCare {
  const claim = () => {
    const claimed = ports.claimOf(link);
    if (claimed === undefined) throw new Error('the link has no port now');
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
      if (usb === undefined) throw new Error(`${device} is not a USB adapter`);
      const others = ports.sharersOf(claim()).filter((other) => other !== link);
      if (others.length > 0) throw new Error(`the adapter also carries link ${others.join(' and ')}`);
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

/**
 * Deauthorises and authorises the adapter. It is authorised again even after an error. Source: the kernel's
 * Documentation/usb/authorization.rst.
 */
async function replug(file: string): Promise<void> {
  const before = await readFile(file, 'utf8');
  if (before.trim() !== '1')
    throw new Error(`${file} is ${before.trim()}: another program has deauthorised the adapter`);
  await writeFile(file, '0');
  await pause(UNPLUGGED_MS);
  await writeFile(file, '1');
}

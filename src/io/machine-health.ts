/** Temperature and power supply of the machine, as far as the kernel reports them in /sys. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { textOf } from './kernel-file.ts';

const THROTTLED_FILE = 'devices/platform/soc/soc:firmware/get_throttled';

/**
 * Bits of `get_throttled` of a Raspberry Pi: the present state, and 16 bits higher the same since the boot. `undefined`:
 * this machine does not report them.
 */
export async function throttledBits(sys: string): Promise<number | undefined> {
  const text = await textOf(join(sys, THROTTLED_FILE));
  const bits = text === undefined ? Number.NaN : Number.parseInt(text, 16);
  return Number.isNaN(bits) ? undefined : bits;
}

/** Temperature of the hottest sensor, °C; `undefined`: this machine does not report one. */
export async function hottestC(sys: string): Promise<number | undefined> {
  const folder = join(sys, 'class/thermal');
  const zones = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith('thermal_zone'));
  const texts = await Promise.all(zones.map((zone) => textOf(join(folder, zone, 'temp'))));
  const degrees = texts.flatMap((text) => (text === undefined ? [] : [Number(text) / 1000])).filter(Number.isFinite);
  return degrees.length === 0 ? undefined : Math.max(...degrees);
}

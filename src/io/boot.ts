/**
 * The identity of this boot of the machine: what tells one epoch of the monotonic clock from the next.
 *
 * Under systemd it comes with the environment (`%b` in the unit), since the unit's sandbox hides `/proc/sys`.
 */
import { readFileSync } from 'node:fs';

/** A UUID in any spelling: systemd's has no dashes, the kernel's has. */
const BOOT_ID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
const KERNEL_FILE = '/proc/sys/kernel/random/boot_id';

/**
 * 32 hexadecimal digits, the same for the whole boot whatever the source. `undefined`: nobody knows, so the caller must
 * take this start for a new boot (ages across it become lower bounds, which expires nothing early).
 */
export function readBootId(env: NodeJS.ProcessEnv = process.env, file: string = KERNEL_FILE): string | undefined {
  return normalise(env.HOLDFAST_BOOT_ID ?? '') ?? normalise(readOrNothing(file));
}

function normalise(text: string): string | undefined {
  const id = text.trim();
  return BOOT_ID.test(id) ? id.replaceAll('-', '').toLowerCase() : undefined;
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

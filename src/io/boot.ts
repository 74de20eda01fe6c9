/**
 * Identity of this boot of the machine. It distinguishes one epoch of the monotonic clock from the next.
 *
 * Under systemd the identity comes from the environment (`%b` in the unit), since the unit's sandbox hides `/proc/sys`.
 */
import { readFileSync } from 'node:fs';

/** UUID with dashes (kernel) or without (systemd). */
const BOOT_ID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
const KERNEL_FILE = '/proc/sys/kernel/random/boot_id';

/**
 * Returns 32 hexadecimal digits, the same for the whole boot from either source. `undefined`: the identity is unknown,
 * and the caller must treat this start as a new boot. Ages that begin before this start become lower bounds, so no
 * message expires early.
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

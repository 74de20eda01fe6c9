/** Check of the sync latency, and of the honesty of a sync, as far as that can be determined. */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Check, fail, ok, skipped, warn } from './check.ts';
import { type BlockDevice, blockDeviceOf, folderOf, unsafeOptionOf } from './storage-device.ts';

/** Number of writes that are timed: 4 KiB each. */
const SYNCS = 100;
const SYNC_BYTES = 4096;
/** Writes go to the same few blocks again, so that the trial wears a card little. */
const BLOCKS = 20;
const SYNC_BUDGET_MS = 4000;
/** Median of a sync above which the storage is slow, and above which it does not keep up, ms. */
const SLOW_SYNC_MS = 100;
const HUNG_SYNC_MS = 1000;
const TRIAL_FILE = 'doctor-sync';

const SLOW =
  'The storage is slow: acknowledgements to subdevices wait for it while the hub is away. Replace a worn or cheap card; look for another program that writes (iotop).';

export const storageSync: Check = {
  id: 'storage.sync',
  about: 'a write reaches the disk in a short time (writes at most 400 KiB)',
  msMax: 9000,
  run: async (input, signal) => {
    const { id } = storageSync;
    const found = await folderOf(input);
    if ('why' in found) return [skipped(id, found.why)];
    const folder = found.path;
    let times: readonly number[];
    try {
      times = await timeSyncs(folder, signal);
    } catch (error) {
      return [failureOf(folder, error)];
    }
    const sorted = times.toSorted((one, other) => one - other);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    const median = at(0.5);
    const [p50, p95, p99, max] = [median, at(0.95), at(0.99), sorted.at(-1) ?? 0].map(msWords);
    const fact = `A write of 4 KiB is on the disk after p50 ${p50}, p95 ${p95}, p99 ${p99}, max ${max} (${times.length} writes).`;
    const unsafe = await unsafeOptionOf(folder, input.machine.proc);
    if (unsafe !== undefined) {
      const lie = `The file system is mounted with ${unsafe}, so a sync returns before the data is on the medium.`;
      return [fail(id, [fact, lie], `Remove ${unsafe} from /etc/fstab, and mount the file system again.`)];
    }
    const doubt = honestyWords(await blockDeviceOf(folder, input.machine.sys), median);
    const facts = doubt === undefined ? [fact] : [fact, doubt];
    if (median < SLOW_SYNC_MS) return [ok(id, ...facts)];
    return [median < HUNG_SYNC_MS ? warn(id, facts, SLOW) : fail(id, facts, SLOW)];
  },
};

/** @returns durations, ms; fewer if the budget of time is used up */
async function timeSyncs(folder: string, signal: AbortSignal): Promise<readonly number[]> {
  const path = join(folder, TRIAL_FILE);
  const times: number[] = [];
  const file = await open(path, 'w', 0o600);
  try {
    const beganMs = performance.now();
    const bytes = Buffer.alloc(SYNC_BYTES, 0x5a);
    while (times.length < SYNCS && performance.now() - beganMs < SYNC_BUDGET_MS && !signal.aborted) {
      const atMs = performance.now();
      await file.write(bytes, 0, SYNC_BYTES, (times.length % BLOCKS) * SYNC_BYTES);
      await file.datasync();
      times.push(performance.now() - atMs);
    }
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
  return times;
}

const FAILURES: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  EROFS: [
    'the file system is read-only',
    'See why: dmesg. After an error of the medium the kernel mounts it read-only: back up, check it (fsck), and replace the medium.',
  ],
  ENOSPC: ['no space or no inode is left', 'See storage.space.'],
  EIO: ['the medium reports an error', 'See dmesg. Back up, and replace the medium.'],
  EDQUOT: ['the quota of the user is used up', 'See: quota. Raise the quota, or remove files.'],
};

function failureOf(folder: string, error: unknown) {
  const { id } = storageSync;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') return skipped(id, `This user may not write to ${folder}: use sudo.`);
  const [what, remedy] = FAILURES[code] ?? [code, 'See dmesg for errors of the disk; see storage.space.'];
  return fail(id, `A write to ${folder} failed: ${what}.`, remedy);
}

/** Fastest plausible sync of a medium that has no protected cache, ms. Flash programs a page in about 0.3 ms. */
const FLASH_SYNC_MS = 0.3;
/** Time of half a rotation at 15,000 per minute, ms. */
const ROTATING_SYNC_MS = 2;

/** Sentence about a sync that is faster than the medium. Whether the medium lies cannot be determined without a power cut. */
function honestyWords(device: BlockDevice | undefined, medianMs: number): string | undefined {
  if (device === undefined) return undefined;
  const isCard = device.name.startsWith('mmcblk');
  const plausibleMs = device.isRotating ? ROTATING_SYNC_MS : isCard ? FLASH_SYNC_MS : 0;
  if (medianMs >= plausibleMs) return undefined;
  return `That is faster than /dev/${device.name} can usually store data. Whether it keeps what it has confirmed cannot be determined without a power cut.`;
}

function msWords(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

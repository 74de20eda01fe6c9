/**
 * Checks of the storage: place, room, sync latency, errors of the medium, content of the store.
 *
 * Sources: statfs(2); proc(5); the kernel's sysfs-fs-ext4 (`errors_count`), sysfs-block (`write_cache`), and the mmc
 * attributes `life_time` and `pre_eol_info` (eMMC 5.0; SD cards do not report them).
 */
import { constants } from 'node:fs';
import { access, open, realpath, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../base/fault.ts';
import { textOf } from '../io/kernel-file.ts';
import { placeProblems } from '../io/places.ts';
import { volatilePlaceOf } from '../io/volatile-storage.ts';
import { offlineStatusOf } from '../ops/reports/offline-report.ts';
import { bytesWords, countOf, countWords } from '../ops/words.ts';
import { ROOM_BYTES } from '../store/disk-reserve.ts';
import { readStoreOffline } from '../store/offline.ts';
import { type Check, fail, ok, skipped, warn } from './check.ts';
import type { DoctorInput } from './doctor-input.ts';

const NO_FOLDER = 'The state directory is unknown, because the configuration cannot be read.';

/** State directory, or the reason why it cannot be examined. */
async function folderOf({ places }: DoctorInput): Promise<{ readonly path: string } | { readonly why: string }> {
  const { stateDir } = places;
  if (stateDir === undefined) return { why: NO_FOLDER };
  try {
    await access(stateDir, constants.R_OK | constants.X_OK);
    return { path: stateDir };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { why: `${stateDir} does not exist yet.` };
    return { why: `This user may not read ${stateDir} (${code}): use sudo.` };
  }
}

export const storagePlace: Check = {
  id: 'storage.place',
  about: 'the state directory is on a disk, and may be written',
  msMax: 3000,
  run: async (input) => {
    const { id } = storagePlace;
    const { reading, places, gateway } = input;
    if (places.stateDir === undefined) return [skipped(id, NO_FOLDER)];
    if (reading.kind === 'valid') {
      const problems = placeProblems({ ...reading.config.gateway, controlSocket: places.controlSocket });
      const lasting = problems.filter(({ isOfMoment }) => !isOfMoment);
      const found = lasting.map(({ path, what, hint }) => fail(id, `${path} ${what}.`, hint));
      if (found.length > 0) return found;
      // true for this user and not for the service, so its remedy would take the directory from the service
      const [forThisUser] = problems;
      if (forThisUser !== undefined && gateway.kind !== 'running')
        return [
          skipped(
            id,
            `For this user, ${forThisUser.path} ${forThisUser.what}. Examine it as root: sudo holdfast doctor`,
          ),
        ];
    }
    const inRam = volatilePlaceOf(places.stateDir);
    if (inRam === undefined) return [ok(id, `${places.stateDir} is on a disk.`)];
    const fact = `${places.stateDir} is in RAM (${inRam}): a power cut loses every message in it.`;
    return [warn(id, fact, 'The configuration accepts this (allow_volatile_store). Use a directory on a disk.')];
  },
};

/** Share of free files (inodes) below which the file system is reported. */
const INODES_SHARE_WARN = 0.05;
/** Free bytes below which the file system is reported, as a multiple of the bytes that the store needs. */
const ROOM_WARN = 16;

export const storageSpace: Check = {
  id: 'storage.space',
  about: 'the file system has free bytes and free inodes',
  msMax: 3000,
  run: async (input) => {
    const { id } = storageSpace;
    const found = await folderOf(input);
    if ('why' in found) return [skipped(id, found.why)];
    const folder = found.path;
    const { bavail, bsize, files, ffree } = await statfs(folder);
    const free = bavail * bsize;
    const hasInodes = files > 0;
    const inodes = hasInodes ? ` and ${countWords(ffree)} of ${countOf(files, 'inode')}` : '';
    const fact = `${bytesWords(free)}${inodes} are free at ${folder}.`;
    const remedy = `Remove files that are not needed: df -h ${folder}; df -i ${folder}; journalctl --vacuum-size=50M`;
    if (free < ROOM_BYTES || (hasInodes && ffree < 10)) return [fail(id, fact, remedy)];
    if (free < ROOM_WARN * ROOM_BYTES || (hasInodes && ffree / files < INODES_SHARE_WARN))
      return [warn(id, fact, remedy)];
    return [ok(id, fact)];
  },
};

/** Number of writes that are timed: 4 KiB each. */
const SYNCS = 20;
const SYNC_BYTES = 4096;
const SYNC_BUDGET_MS = 6000;
/** Median of a sync above which the storage is slow, and above which it does not keep up, ms. */
const SLOW_SYNC_MS = 100;
const HUNG_SYNC_MS = 1000;
const TRIAL_FILE = 'doctor-sync';

export const storageSync: Check = {
  id: 'storage.sync',
  about: 'a write reaches the disk in a short time (writes 80 KiB)',
  msMax: 9000,
  run: async (input, signal) => {
    const { id } = storageSync;
    const found = await folderOf(input);
    if ('why' in found) return [skipped(id, found.why)];
    const folder = found.path;
    const path = join(folder, TRIAL_FILE);
    const times: number[] = [];
    try {
      const file = await open(path, 'w', 0o600);
      try {
        const beganMs = performance.now();
        const bytes = Buffer.alloc(SYNC_BYTES, 0x5a);
        while (times.length < SYNCS && performance.now() - beganMs < SYNC_BUDGET_MS && !signal.aborted) {
          const atMs = performance.now();
          await file.write(bytes, 0, SYNC_BYTES, times.length * SYNC_BYTES);
          await file.datasync();
          times.push(performance.now() - atMs);
        }
      } finally {
        await file.close();
        await rm(path, { force: true });
      }
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EPERM')
        return [skipped(id, `This user may not write to ${folder}: use sudo.`)];
      return [
        fail(id, `A write to ${folder} failed: ${code}.`, 'See dmesg for errors of the disk; see storage.space.'),
      ];
    }
    const sorted = times.toSorted((one, other) => one - other);
    const medianMs = sorted[Math.floor(sorted.length / 2)] ?? 0;
    const worstMs = sorted.at(-1) ?? 0;
    const fact = `A write of 4 KiB is on the disk after ${msWords(medianMs)} (median), ${msWords(worstMs)} (worst of ${times.length}).`;
    if (medianMs < SLOW_SYNC_MS) return [ok(id, fact)];
    const remedy =
      'The storage is slow: acknowledgements to subdevices wait for it while the hub is away. Replace a worn or cheap card; look for another program that writes (iotop).';
    return [medianMs < HUNG_SYNC_MS ? warn(id, fact, remedy) : fail(id, fact, remedy)];
  },
};

function msWords(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

/** Steps of 10 % of the life of an eMMC at which the medium is reported: 0x09 means 80 to 90 % used. */
const LIFE_STEP_WARN = 9;

export const storageMedium: Check = {
  id: 'storage.medium',
  about: 'the kernel and the medium report no errors and no wear',
  msMax: 3000,
  run: async (input) => {
    const { id } = storageMedium;
    const found = await folderOf(input);
    if ('why' in found) return [skipped(id, found.why)];
    const folder = found.path;
    const { sys } = input.machine;
    const { dev } = await stat(folder);
    const link = join(sys, 'dev/block', `${major(dev)}:${minor(dev)}`);
    // the folder of a partition is in that of its disk, which the link alone does not show
    const block = await realpath(link).catch(() => link);
    const facts: string[] = [];
    const uevent = await textOf(join(block, 'uevent'));
    const name = /^DEVNAME=(.+)$/m.exec(uevent ?? '')?.[1];
    if (name === undefined)
      return [skipped(id, `The block device of ${folder} is unknown (a container, or a network).`)];
    const errors = Number((await textOf(join(sys, 'fs/ext4', name, 'errors_count'))) ?? 0);
    const [life, end] = await Promise.all([
      textOf(join(block, '../device/life_time')),
      textOf(join(block, '../device/pre_eol_info')),
    ]);
    const cache =
      (await textOf(join(block, 'queue/write_cache'))) ?? (await textOf(join(block, '../queue/write_cache')));
    facts.push(
      `/dev/${name}${cache === undefined ? '' : `, cache "${cache}"`}${life === undefined ? '' : `, life time ${life}`}.`,
    );
    if (errors > 0) {
      const fact = `The kernel has counted ${countOf(errors, 'error')} of the file system on /dev/${name}.`;
      return [
        fail(
          id,
          [fact, ...facts],
          'Back up, check the file system (fsck) while it is not mounted, and replace the medium.',
        ),
      ];
    }
    const worn = (life ?? '')
      .split(/\s+/)
      .map((step) => Number.parseInt(step, 16))
      .some((step) => step >= LIFE_STEP_WARN);
    const isNearEnd = end !== undefined && Number.parseInt(end, 16) > 1;
    if (worn || isNearEnd) return [warn(id, facts, 'The flash memory is nearly worn out: replace it.')];
    return [ok(id, ...facts, 'Whether the medium keeps what it has confirmed cannot be proven without a power cut.')];
  },
};

/** Device number as encoded by glibc (makedev(3)). */
const major = (dev: number): number => Number((BigInt(dev) >> 8n) & 0xfffn);
const minor = (dev: number): number => Number((BigInt(dev) & 0xffn) | ((BigInt(dev) >> 12n) & 0xffffff00n));

export const storageContent: Check = {
  id: 'storage.content',
  about: 'the store can be read, and its ledger balances',
  msMax: 15_000,
  run: async (input) => {
    const { id } = storageContent;
    const { gateway } = input;
    if (gateway.kind === 'running') {
      const { store, ledger } = gateway.status;
      if (ledger === null)
        return [fail(id, 'The store does not open.', 'See gateway.condition, and journalctl -u holdfast.')];
      const imbalance = Math.abs(ledger.uplink.imbalance) + Math.abs(ledger.downlink.imbalance);
      if (imbalance !== 0)
        return [
          fail(
            id,
            'The ledger of the running gateway does not balance.',
            'Run holdfast bundle, and report this defect.',
          ),
        ];
      const recovered = store.recovery.map((sentence) => `At the last start: ${sentence}.`);
      return [ok(id, `The gateway uses the store (${bytesWords(store.bytes)}).`, ...recovered)];
    }
    const folder = await folderOf(input);
    if ('why' in folder) return [skipped(id, folder.why)];
    try {
      const reading = await readStoreOffline(folder.path);
      if (reading === undefined) return [skipped(id, `There is no store in ${folder.path} yet.`)];
      const { sentence, balances, findings } = offlineStatusOf(reading, null);
      if (!balances || findings.length > 0)
        return [
          fail(
            id,
            [sentence, ...findings.map((finding) => `At the next start: ${finding}.`)],
            'Start the gateway: it repairs the store and counts what is lost. Then: holdfast ledger',
          ),
        ];
      return [ok(id, sentence)];
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === 'store-locked') return [skipped(id, `${error.message}.`)];
      return [fail(id, `${error.message}.`, error.hint)];
    }
  },
};

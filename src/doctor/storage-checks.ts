/**
 * Checks of the storage: place, room, errors of the medium, content of the store.
 *
 * Sources: statfs(2); the kernel's sysfs-fs-ext4 (`errors_count`), and the mmc attributes `life_time` and `pre_eol_info` (eMMC 5.0; SD cards do not report them).
 */
import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../base/fault.ts';
import { userNameOf } from '../io/accounts.ts';
import { containerLossOf } from '../io/container.ts';
import { textOf } from '../io/kernel-file.ts';
import { placeProblems } from '../io/places.ts';
import { volatilePlaceOf } from '../io/volatile-storage.ts';
import { offlineStatusOf } from '../ops/reports/offline-report.ts';
import { bytesWords, countOf, countWords } from '../ops/words.ts';
import { ROOM_BYTES } from '../store/disk-reserve.ts';
import { readStoreOffline } from '../store/offline.ts';
import { STORE_FILE } from '../store/state-files.ts';
import { type Check, fail, ok, skipped, warn } from './check.ts';
import { readService } from './service-unit.ts';
import { blockDeviceOf, folderOf, NO_FOLDER } from './storage-device.ts';

export const storagePlace: Check = {
  id: 'storage.place',
  about: 'the state directory is on a disk, and may be written',
  msMax: 5000,
  run: async (input, signal) => {
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
    const owned = await ownerProblemOf(places.stateDir, signal);
    if (owned !== undefined) return [fail(id, owned.fact, owned.remedy)];
    const inRam = volatilePlaceOf(places.stateDir);
    const loss = containerLossOf(places.stateDir);
    if (loss !== undefined) return [warn(id, `${loss.what}.`, `${loss.hint}.`)];
    if (inRam === undefined) return [ok(id, `${places.stateDir} is on a disk.`)];
    const fact = `${places.stateDir} is in RAM (${inRam}): a power cut loses every message in it.`;
    return [warn(id, fact, 'The configuration accepts this (allow_volatile_store). Use a directory on a disk.')];
  },
};

interface OwnerProblem {
  readonly fact: string;
  readonly remedy: string;
}

/** @returns the problem if the directory or a file of the store belongs to a user other than that of the service */
async function ownerProblemOf(folder: string, signal: AbortSignal): Promise<OwnerProblem | undefined> {
  const owner = await ownerOf(folder);
  if (owner === undefined) return undefined;
  const service = await readService(signal);
  const user = service.kind === 'loaded' ? service.of('User') : '';
  if (user !== '' && user !== owner)
    return {
      fact: `${folder} belongs to user ${owner}, and the service runs as ${user}.`,
      remedy: `Correct the owner: sudo chown -R ${user}:${user} ${folder}`,
    };
  for (const name of [STORE_FILE, `${STORE_FILE}-wal`, `${STORE_FILE}-shm`]) {
    const other = await ownerOf(join(folder, name));
    if (other !== undefined && other !== owner)
      return {
        fact: `${join(folder, name)} belongs to user ${other}, and ${folder} to ${owner}: one of them cannot open the store.`,
        remedy: `Correct the owner: sudo chown -R ${owner}: ${folder}`,
      };
  }
  return undefined;
}

/** Name of the user that owns a file. `undefined`: the file is missing or not accessible. */
async function ownerOf(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? undefined : userNameOf(found.uid);
}

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
    const isForInodes = hasInodes && ffree / files < INODES_SHARE_WARN && free >= ROOM_BYTES;
    const remedy = isForInodes
      ? `The number of files is at its limit, and not the bytes: find the folder with many small files (df -i ${folder}; du --inodes -x / | sort -n | tail), and remove files that are not needed.`
      : `Remove files that are not needed: df -h ${folder}; df -i ${folder}; journalctl --vacuum-size=50M`;
    if (free < ROOM_BYTES || (hasInodes && ffree < 10)) return [fail(id, fact, remedy)];
    if (free < ROOM_WARN * ROOM_BYTES || (hasInodes && ffree / files < INODES_SHARE_WARN))
      return [warn(id, fact, remedy)];
    return [ok(id, fact)];
  },
};

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
    const device = await blockDeviceOf(folder, sys);
    if (device === undefined)
      return [skipped(id, `The block device of ${folder} is unknown (a container, or a network).`)];
    const { name, folder: block, cache } = device;
    const facts: string[] = [];
    const errors = Number((await textOf(join(sys, 'fs/ext4', name, 'errors_count'))) ?? 0);
    const [life, end] = await Promise.all([
      textOf(join(block, '../device/life_time')),
      textOf(join(block, '../device/pre_eol_info')),
    ]);
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

/** Firmware of subdevices in the state directory: records, images, and the way to the servers of images. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { FIRMWARE_FOLDER } from '../io/firmware/image-names.ts';
import type { Journal } from '../io/journal.ts';
import { RenewedSecret } from '../io/secret-file.ts';
import type { Clock, FirmwareStorage } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { ROOM_BYTES } from '../store/disk-reserve.ts';
import { proxyFor } from './hub-opener.ts';

/** Room on the disk that no image takes, as a multiple of the room without which no messages are taken. */
const KEPT_ROOMS = 8;
const CONSEQUENCE = 'updates that are not in the records do not continue until the hub offers them again';

export interface FirmwareStorageParts {
  /** Configuration at the start. */
  readonly config: Pick<Config, 'gateway' | 'firmware' | 'hub'>;
  readonly mailbox: Mailbox;
  readonly clock: Clock;
  readonly journal: Pick<Journal, 'warn'>;
  /** Returns the gateway with the present configuration: the proxy of the hub is used for images too. */
  readonly running: () => { readonly config: Pick<Config, 'hub'> } | undefined;
}

/**
 * Loads the code of the storage only if updates are on, or were on earlier. @returns `undefined`: no firmware updates, now
 * and earlier
 */
export async function firmwareStorage(parts: FirmwareStorageParts): Promise<FirmwareStorage | undefined> {
  const { config, mailbox, clock, journal, running } = parts;
  const folder = join(config.gateway.stateDir, FIRMWARE_FOLDER);
  if (config.firmware === undefined && !existsSync(folder)) return undefined;
  const { caFile, bytesPerS = 0 } = config.firmware ?? {};
  const { DiskFirmware } = await import('../io/firmware/disk-firmware.ts');
  const storage = new DiskFirmware({
    folder,
    keepFreeBytes: KEPT_ROOMS * ROOM_BYTES,
    bytesPerS,
    way: async () => {
      const { TlsFiles } = await import('../io/tls/tls-files.ts');
      const noted = (): void => undefined;
      const files = new TlsFiles({ caFile, client: undefined, noted, withoutCaFile: 'node' });
      const proxy = proxyFor((running()?.config ?? config).hub, (read) => new RenewedSecret(read, () => undefined));
      return { files, proxy, wallMs: () => clock.wallMs() };
    },
    post: (task) => mailbox.post(task),
  });
  if (storage.problem !== undefined) journal.warn(`${storage.problem}: ${CONSEQUENCE}`);
  return reportingProblems(storage, journal);
}

/** Reports each new reason for which the records cannot be stored. */
function reportingProblems(storage: FirmwareStorage, journal: Pick<Journal, 'warn'>): FirmwareStorage {
  let known: string | undefined;
  return {
    records: storage.records,
    keep: (records, done) =>
      storage.keep(records, (problem) => {
        if (problem !== undefined && problem !== known)
          journal.warn(`the firmware records cannot be stored: ${CONSEQUENCE}`, { reason: problem });
        known = problem;
        done(problem);
      }),
    find: (image) => storage.find(image),
    bytesOf: (image) => storage.bytesOf(image),
    fetch: (...request) => storage.fetch(...request),
    read: (...request) => storage.read(...request),
    retain: (images) => storage.retain(images),
  };
}

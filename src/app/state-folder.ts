/**
 * State directory: created durably, owned by one user, and closed to others. A file that root creates in it could not
 * be opened by the user of the service at the next start.
 */
import { chmodSync, lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Fault } from '../base/fault.ts';
import { userNameOf } from '../io/accounts.ts';
import { syncFolder } from '../io/durable/synced-folder.ts';
import { FIRMWARE_FOLDER } from '../io/firmware/image-names.ts';
import { makeFolders } from '../io/folders.ts';
import { NOTES_FILE } from '../io/note-file.ts';
import { CONFIG_FOLDER } from '../io/saved-config.ts';
import { REPLACED_FOLDER, RESTORING_FOLDER, STAGE_FOLDER } from '../store/backup/swap-store.ts';
import { RESERVE_FILE, STORE_FILE } from '../store/state-files.ts';

const FOLDER_MODE = 0o700;
/** Largest permissions that an existing directory keeps: read access of its group. */
const FOLDER_MODE_MAX = 0o750;
const FILE_MODE = 0o600;
/** Names of this program's files in the state directory. Other files belong to other programs. */
const OWN_NAMES = new Set([
  RESERVE_FILE,
  'fault-marks',
  'fault-marks.part',
  NOTES_FILE,
  `${NOTES_FILE}.part`,
  CONFIG_FOLDER,
  FIRMWARE_FOLDER,
  'quarantine',
  'recordings',
  STAGE_FOLDER,
  RESTORING_FOLDER,
  REPLACED_FOLDER,
]);

/**
 * @param configPath path for the command in the hint
 * @throws Fault `wrong-user` for root in a directory that another user owns, or in which another user has a store
 */
export function refuseForeignOwner(stateDir: string, configPath: string): void {
  if (process.geteuid?.() !== 0) return;
  const owners = [stateDir, join(stateDir, STORE_FILE)].map(ownerOf);
  const owner = owners.find((uid) => uid !== undefined && uid !== 0);
  if (owner === undefined) return;
  const name = userNameOf(owner);
  throw new Fault(
    'wrong-user',
    `The state directory ${stateDir} belongs to user ${name}, and this command runs as root`,
    {
      hint: `Files of root would keep the gateway of ${name} from starting. Run: sudo systemctl start holdfast. Without systemd: sudo -u ${name} holdfast run --config ${configPath}`,
    },
  );
}

function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
}

/** Creates the directory if it is missing. After the return, a power cut cannot remove the directory any more. */
export function makeStateFolder(path: string): void {
  makeFolders(path, FOLDER_MODE);
  // all parents are synced, because it is unknown which of them were created just now or shortly before a crash
  for (let folder = path; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      syncFolder(dirname(folder));
    } catch (error) {
      // either the directory is not accessible, so this process did not create it, or the file system has no sync
      if (!['EACCES', 'EPERM', 'EINVAL', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

/** Removes permissions of other users that an earlier version left. Errors are ignored. */
export function closeToOthers(stateDir: string): void {
  const names = namesIn(stateDir);
  const own = names.filter(isOwn);
  for (const name of own) closeTree(join(stateDir, name));
  // a directory with files of other programs keeps its permissions
  const found = statSync(stateDir, { throwIfNoEntry: false });
  if (found !== undefined && own.length > 0 && own.length === names.length) restrict(stateDir, FOLDER_MODE_MAX, found);
}

function isOwn(name: string): boolean {
  return name.startsWith(STORE_FILE) || name.startsWith('foreign-log-') || OWN_NAMES.has(name);
}

function closeTree(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) {
    restrict(path, FOLDER_MODE, found);
    for (const name of namesIn(path)) closeTree(join(path, name));
  } else if (found?.isFile() === true) restrict(path, FILE_MODE, found);
}

/** Changes the mode by path: opening and closing a database file would drop the locks of SQLite. */
function restrict(path: string, modeMax: number, found: Stats): void {
  const mode = found.mode & 0o777;
  if ((mode & ~modeMax) === 0) return;
  try {
    chmodSync(path, mode & modeMax);
  } catch {
    // the mode stays: another user owns the file, or the file system is read-only or has no modes
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

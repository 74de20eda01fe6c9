/**
 * User of the service, seen from a command of root: the owner of the state directory, otherwise the user `holdfast`. Root
 * may read every file, so root alone cannot see that the service may not.
 */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { type Account, type AccountFiles, accountNamed, userNameOf } from './accounts.ts';

/** User of the unit and of the package. */
const SERVICE_USER = 'holdfast';

/**
 * @returns `undefined`: this process is not root, the service runs as root, or no user of the service exists yet
 * @param files lists of accounts; replaced in tests only
 */
export function serviceUserOf(stateDir: string, files?: AccountFiles): Account | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  const owner = ownerOf(stateDir);
  if (owner === undefined) return accountNamed(SERVICE_USER, files);
  return owner.uid === 0 ? undefined : { name: userNameOf(owner.uid), uid: owner.uid, gid: owner.gid };
}

/** @returns `undefined` if the folder is missing, or its path leads nowhere, for example through a loop of links */
function ownerOf(folder: string): Pick<Account, 'uid' | 'gid'> | undefined {
  try {
    return statSync(folder);
  } catch {
    return undefined;
  }
}

/**
 * True if the kernel denies the user the access to a file. A process of that user asks, so that folders, links and
 * access control lists count. False also if no such process can be started.
 */
export function isDeniedTo({ uid, gid }: Account, path: string, access: 'read' | 'execute' = 'read'): boolean {
  return (
    spawnSync('test', [access === 'read' ? '-r' : '-x', path], { uid, gid, stdio: 'ignore', cwd: '/' }).status === 1
  );
}

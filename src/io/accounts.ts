/** Names of users and groups of this machine, for hints about permissions. An unknown name is shown as its number. */
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';

/** Name of the user that this process runs as. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `number ${process.geteuid?.() ?? '?'}`; // no entry in /etc/passwd
  }
}

/** Name of a user from the local list of users, or its number. */
export function userNameOf(uid: number): string {
  return nameIn('/etc/passwd', uid) ?? `number ${uid}`;
}

/** Name of the group of a file from the local list of groups. `undefined`: file not accessible, or group not listed. */
export function groupOf(path: string): string | undefined {
  try {
    return nameIn('/etc/group', statSync(path).gid);
  } catch {
    return undefined;
  }
}

/** @param list `/etc/passwd` or `/etc/group`; format of its lines: `name:password:number:…` */
function nameIn(list: string, number: number): string | undefined {
  try {
    const line = readFileSync(list, 'utf8')
      .split('\n')
      .find((one) => one.split(':')[2] === String(number));
    return line?.split(':')[0];
  } catch {
    return undefined;
  }
}

/**
 * Hint for a user without access to a file that a group may open: the command to run.
 * @param usual group of such files, used if the group of this file is unknown
 */
export function joiningWords(path: string, usual?: string): string {
  const found = groupOf(path);
  const group = found === undefined || found === 'root' ? usual : found;
  if (group === undefined) return 'Use sudo';
  return `Use sudo, or add the user to group ${group} (sudo usermod -aG ${group} ${userName()}), and log in again`;
}

/** Names of users and groups of this machine, for advice about permissions. What cannot be found is told by number. */
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';

/** Name of the user that this process runs as. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `number ${process.geteuid?.() ?? '?'}`; // of no line in /etc/passwd
  }
}

/** Name of a user by the local list of users, or its number. */
export function userNameOf(uid: number): string {
  return nameIn('/etc/passwd', uid) ?? `number ${uid}`;
}

/** Name of the group of a file, by the local list of groups; `undefined`: the file cannot be seen, or the list has no name. */
export function groupOf(path: string): string | undefined {
  try {
    return nameIn('/etc/group', statSync(path).gid);
  } catch {
    return undefined;
  }
}

/** @param list `/etc/passwd` or `/etc/group`, whose lines read `name:password:number:…` */
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
 * Advice to somebody who may not open a file that a group may: what to type.
 * @param usual group of such files, where this one does not say
 */
export function joiningWords(path: string, usual?: string): string {
  const found = groupOf(path);
  const group = found === undefined || found === 'root' ? usual : found;
  if (group === undefined) return 'Use sudo';
  return `Use sudo, or add the user to group ${group} (sudo usermod -aG ${group} ${userName()}), and log in again`;
}

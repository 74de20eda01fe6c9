/** Users and groups of this machine, for permissions and hints. An unknown name is shown as its number. */
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { kernelTextOf } from './kernel-file.ts';

/** Local lists of accounts (passwd(5), group(5)); replaced in tests only. */
export interface AccountFiles {
  readonly users: string;
  readonly groups: string;
}

const LOCAL: AccountFiles = { users: '/etc/passwd', groups: '/etc/group' };

/** A user with its own group. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** User of this name from the local list of users; `undefined`: it does not exist there. */
export function accountNamed(name: string, { users }: AccountFiles = LOCAL): Account | undefined {
  const [, , uid = '', gid = ''] = linesOf(users).find(([found]) => found === name) ?? [];
  return /^\d+$/.test(uid) && /^\d+$/.test(gid) ? { name, uid: Number(uid), gid: Number(gid) } : undefined;
}

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
  return nameIn(LOCAL.users, uid) ?? `number ${uid}`;
}

/**
 * Name of a user at the other end of a connection. `undefined`: this process is in a user namespace that does not have
 * the user.
 */
export function peerNameOf(uid: number, proc = '/proc'): string | undefined {
  return uid === OVERFLOW_ID && isInNamespace(proc) ? undefined : userNameOf(uid);
}

/**
 * Number that the kernel shows for users and groups that a user namespace does not have (user_namespaces(7)): the default
 * of /proc/sys/kernel/overflowuid and overflowgid.
 */
const OVERFLOW_ID = 65534;
/** Map of a namespace with all users. */
const ALL_USERS = /^\s*0\s+0\s+4294967295\s*$/;

/** True if this process is in a user namespace that hides users and groups, as with PrivateUsers= of systemd. */
function isInNamespace(proc = '/proc'): boolean {
  const map = kernelTextOf(`${proc}/self/uid_map`);
  return map !== '' && !ALL_USERS.test(map);
}

/** Name of a group from the local list of groups, or its number. */
export function groupNameOf(gid: number): string {
  return nameIn(LOCAL.groups, gid) ?? `number ${gid}`;
}

/** Number of a group from the local list of groups. */
export function groupNumberOf(name: string, { groups }: AccountFiles = LOCAL): number | undefined {
  const [, , number] = linesOf(groups).find(([found]) => found === name) ?? [];
  return number !== undefined && /^\d+$/.test(number) ? Number(number) : undefined;
}

/**
 * Name of the group of a file from the local list of groups. `undefined`: file not accessible, group not listed, or group
 * hidden by a user namespace.
 */
export function groupOf(path: string): string | undefined {
  try {
    const { gid } = statSync(path);
    return gid === OVERFLOW_ID && isInNamespace() ? undefined : nameIn(LOCAL.groups, gid);
  } catch {
    return undefined;
  }
}

/** Identity of this process, as the kernel uses it; replaced in tests only. */
export interface ProcessIdentity {
  readonly user: string;
  readonly gids: readonly number[];
  /** True if a user namespace hides the groups of this process. */
  readonly hasHiddenGroups?: boolean;
}

/**
 * Membership of the user of this process in a group. `session`: this process has the group. `account`: the user is in
 * the group, but the session of this process began before that. If the groups of the process are hidden, those of the user
 * count as groups of the process.
 */
export function membershipIn(
  gid: number,
  { user, gids, hasHiddenGroups = false }: ProcessIdentity = {
    user: userName(),
    gids: [process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])],
    hasHiddenGroups: isInNamespace(),
  },
  { users, groups }: AccountFiles = LOCAL,
): 'session' | 'account' | 'none' {
  if (gids.includes(gid)) return 'session';
  const [, , , members = ''] = linesOf(groups).find(([, , number]) => number === String(gid)) ?? [];
  const [, , , primary] = linesOf(users).find(([name]) => name === user) ?? [];
  const isMember = members.split(',').includes(user) || primary === String(gid);
  return isMember ? (hasHiddenGroups ? 'session' : 'account') : 'none';
}

/** Fields of each line of `/etc/passwd` (`name:password:uid:gid:…`) or `/etc/group` (`name:password:gid:members`). */
function linesOf(list: string): string[][] {
  try {
    return readFileSync(list, 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return [];
  }
}

function nameIn(list: string, number: number): string | undefined {
  return linesOf(list).find((fields) => fields[2] === String(number))?.[0];
}

/**
 * Hint for a user without access to a file that a group may open: the command to run.
 * @param usual group of such files, used if the group of this file is unknown
 */
export function joiningWords(path: string, usual?: string): string {
  const found = groupOf(path);
  const group = found === undefined || groupNumberOf(found) === 0 ? usual : found;
  if (group === undefined) return 'Use sudo';
  const gid = groupNumberOf(group);
  if (gid !== undefined && membershipIn(gid) === 'account')
    return `Log in again (a service: restart it): user ${userName()} is in group ${group}, but this process began before that`;
  return `Use sudo, or add the user to group ${group} (sudo usermod -aG ${group} ${userName()}), and log in again`;
}

/**
 * Access to a Unix socket by its group. A socket is created for its owner alone and then opened to one group, so it is
 * never open to anyone else. If the group cannot be set, the socket stays closed.
 */
import { chmodSync, lchownSync, lstatSync } from 'node:fs';
import { groupNumberOf, membershipIn, userName } from './accounts.ts';

/** umask for rw-------: sockets are created with 0777 minus the umask. */
export const OWNER_ONLY_MASK = 0o177;
/** rw-rw----. A connection needs permission to write. */
const GROUP_MODE = 0o660;
const OWNER_MODE = 0o600;

export interface SocketAccess {
  /** Name of a group of this machine; `undefined`: the group that the file has. */
  readonly group: string | undefined;
  /** Called if the group cannot be set, and so the socket stays closed to all users but its owner and root. */
  readonly stayedClosed: (problem: GroupProblem) => void;
  /** Called if the socket is opened to its group later. */
  readonly opened: () => void;
}

export interface GroupProblem {
  /** Sentence without a full stop. */
  readonly what: string;
  readonly hint: string;
}

/** Number of a group; `undefined`: no such group. */
type GroupNumber = (name: string) => number | undefined;

/**
 * Opens a socket that only its owner may use to a group.
 * @param groupNumber replaced in tests only
 * @returns the problem, if the socket is still closed
 */
export function openToGroup(
  path: string,
  group: string | undefined,
  groupNumber: GroupNumber = groupNumberOf,
): GroupProblem | undefined {
  const gid = group === undefined ? lstatSync(path).gid : groupNumber(group);
  if (gid === undefined) return missing(group ?? '');
  try {
    if (group !== undefined) lchownSync(path, -1, gid);
    chmodSync(path, GROUP_MODE);
    const found = lstatSync(path);
    if (found.isSocket() && found.gid === gid && (found.mode & 0o777) === GROUP_MODE) return undefined;
    chmodSync(path, OWNER_MODE);
    return { what: `${path} does not keep its group and mode`, hint: 'Name a control_socket on a tmpfs, below /run.' };
  } catch (error) {
    return notAllowed(path, { group, gid }, error as NodeJS.ErrnoException);
  }
}

/**
 * Opens a socket to its group, and tries again until that works. @returns a function that ends the attempts
 */
export function keepOpening(
  path: string,
  { group, stayedClosed, opened }: SocketAccess,
  { againMs, groupNumber }: { readonly againMs: number; readonly groupNumber?: GroupNumber },
): () => void {
  const problem = openToGroup(path, group, groupNumber);
  if (problem === undefined) return () => undefined;
  stayedClosed(problem);
  const timer = setInterval(() => {
    const still = openToGroup(path, group, groupNumber);
    if (still !== undefined) return stayedClosed(still);
    clearInterval(timer);
    opened();
  }, againMs);
  timer.unref();
  return () => clearInterval(timer);
}

function missing(group: string): GroupProblem {
  return {
    what: `group ${group} does not exist on this machine`,
    hint: `Run: sudo groupadd --system ${group}, add the users, then: systemctl restart holdfast`,
  };
}

/**
 * EPERM: the process is not in the group (chown(2)), or a filter of system calls forbids chown. EINVAL: a user namespace
 * has no number for the group.
 */
function notAllowed(
  path: string,
  { group, gid }: { readonly group: string | undefined; readonly gid: number },
  { code, message }: NodeJS.ErrnoException,
): GroupProblem {
  if (group === undefined || (code !== 'EPERM' && code !== 'EINVAL'))
    return { what: `the group of ${path} cannot be set: ${message}`, hint: 'Name a control_socket below /run.' };
  const edit = 'sudo systemctl edit holdfast, [Service]';
  const dropIn = 'install the drop-in groups.conf of the package (systemd/README.md, Users)';
  const restart = 'then: sudo systemctl restart holdfast';
  if (code === 'EINVAL')
    return {
      what: `group ${group} is not visible in the user namespace of the gateway`,
      hint: `The service may not see other groups: ${dropIn}; ${restart}`,
    };
  const user = userName();
  if (gid === 0)
    return {
      what: `user ${user}, which runs the gateway, may not assign group ${group}`,
      hint: 'Set control_group or admin_group in the configuration to a group of the users of the socket, not to that of root.',
    };
  switch (membershipIn(gid)) {
    case 'none':
      return {
        what: `user ${user}, which runs the gateway, is not in group ${group}`,
        hint: `Run: sudo usermod -aG ${group} ${user}; ${restart}. Or add SupplementaryGroups=${group} (${edit})`,
      };
    case 'account':
      return {
        what: `user ${user}, which runs the gateway, is in group ${group}, but the gateway was started before that`,
        hint: 'Run: sudo systemctl restart holdfast',
      };
    case 'session':
      return {
        what: `the gateway may not assign group ${group}, although it is in it`,
        hint: `A filter of the unit may forbid it: ${dropIn}; ${restart}`,
      };
  }
}

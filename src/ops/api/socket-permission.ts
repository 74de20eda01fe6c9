/** Faults of a user who may not use a socket: which folder or which group is in the way, and what to do. */
import { type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Fault } from '../../base/fault.ts';
import { groupNameOf, membershipIn, userName } from '../../io/accounts.ts';

const GROUP_MAY_WRITE = 0o020;
/** Group of root: its members may read and change much of the machine, so no hint recommends it. */
const ROOT_GID = 0;

export function notPermitted(socketPath: string, cause: unknown): Fault {
  const user = userName();
  const folder = closedFolder(socketPath);
  if (folder !== undefined)
    return new Fault('not-permitted', `User ${user} may not enter ${folder}, so ${socketPath} cannot be reached`, {
      hint: `Use sudo. If the folder holds nothing secret: sudo chmod o+x ${folder}.`,
      cause,
    });
  const found = statsOf(socketPath);
  if (found === undefined || (found.mode & GROUP_MAY_WRITE) === 0)
    return new Fault('not-permitted', `${socketPath} is open to its owner and root only, not to user ${user}`, {
      hint: 'Use sudo. If the gateway cannot set the group of the socket, its journal has the reason: journalctl -u holdfast.',
      cause,
    });
  const { gid } = found;
  return new Fault('not-permitted', ...groupWords({ socketPath, gid, membership: membershipIn(gid) }, user, cause));
}

interface ClosedSocket {
  readonly socketPath: string;
  /** Group of the socket. */
  readonly gid: number;
  readonly membership: ReturnType<typeof membershipIn>;
}

export function groupWords(
  { socketPath, gid, membership }: ClosedSocket,
  user: string,
  cause: unknown,
): [string, { hint: string; cause: unknown }] {
  const group = groupNameOf(gid);
  switch (membership) {
    case 'none':
      if (gid === ROOT_GID)
        return [
          `${socketPath} is open to root and group ${group} only, not to user ${user}`,
          {
            hint: 'Use sudo. Or set control_group (reading) or admin_group (changes) in the configuration to a group of these users, and restart the gateway.',
            cause,
          },
        ];
      return [
        `User ${user} is not in group ${group}, which may use ${socketPath}`,
        { hint: `sudo usermod -aG ${group} ${user}, then log in again. Or use sudo.`, cause },
      ];
    case 'account':
      return [
        `User ${user} is in group ${group}, which may use ${socketPath}, but this session began before that`,
        { hint: 'Log in again; a session of tmux or screen too. Or use sudo.', cause },
      ];
    case 'session':
      return [
        `User ${user} may not open ${socketPath}, although this session is in group ${group}`,
        {
          hint: `Something else forbids it: an access control list (getfacl ${socketPath}) or a security module. Or use sudo.`,
          cause,
        },
      ];
  }
}

/** The outermost folder of the path that this user may not enter. */
function closedFolder(path: string): string | undefined {
  const folders: string[] = [];
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    folders.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  return folders.find((folder) => !mayEnter(folder));
}

/** True also for a folder that does not exist. */
function mayEnter(folder: string): boolean {
  try {
    statSync(`${folder}/.`); // needs permission to enter, as the effective user
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'EACCES');
  }
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Processes that listen on Unix sockets, with their state, as far as this user may see them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { programName } from './program-name.ts';

export interface SocketOwner {
  readonly pid: number;
  /** Name of the program. */
  readonly name: string;
  /** Letter of proc(5): `R`, `S`, `D`, `T` and others. */
  readonly state: string;
  /** Stopped by SIGSTOP or a debugger: the process does not answer until it continues. */
  readonly isStopped: boolean;
  /** The process runs the same Node as this process, so it may be a gateway. */
  readonly runsOurNode: boolean;
}

/** @returns `undefined` if the process is unknown or not accessible */
export function ownerOfSocket(path: string): SocketOwner | undefined {
  try {
    const inodes = new Set(listeners().flatMap((one) => (one.path === path ? [`socket:[${one.inode}]`] : [])));
    if (inodes.size === 0) return undefined;
    const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && holdsSocket(name, inodes));
    if (pid === undefined) return undefined;
    // proc(5): the name in parentheses may contain any character, also parentheses
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const state = stat.charAt(stat.lastIndexOf(')') + 2);
    const runsOurNode = linkOf(`/proc/${pid}/exe`) === linkOf('/proc/self/exe');
    return {
      pid: Number(pid),
      name: programName(Number(pid)) ?? '?',
      state,
      isStopped: /^[Tt]$/.test(state),
      runsOurNode,
    };
  } catch {
    return undefined;
  }
}

/** Paths on which a process listens. Empty if unknown. */
export function listeningPaths(): string[] {
  try {
    return listeners().map(({ path }) => path);
  } catch {
    return [];
  }
}

/**
 * Reads the listening sockets. Format of the lines of /proc/net/unix: `address: references protocol flags type state
 * inode path`; flag 0x10000 is a listening socket.
 */
function listeners(): { readonly path: string; readonly inode: string }[] {
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [, inode, path] = /^\S+ \S+ \S+ 00010000 \S+ \S+ +(\d+) (.+)$/.exec(line) ?? [];
    return inode === undefined || path === undefined ? [] : [{ path, inode }];
  });
}

function holdsSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(linkOf(`/proc/${pid}/fd/${fd}`)));
  } catch {
    return false;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** True if the machine has so much more work than processors that a healthy process may take seconds to answer. */
export function isMachineOverloaded(): boolean {
  const places = Math.max(1, cpus().length);
  const runnable = Number(/ (\d+)\//.exec(readFileSync('/proc/loadavg', 'utf8'))?.[1] ?? 0);
  return (loadavg()[0] ?? 0) > 1.5 * places || runnable > 2 * places;
}

/** Processes that listen on Unix sockets, as the kernel lists them, and whether one is stopped; as far as this user may look. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { programName } from './program-name.ts';

export interface SocketOwner {
  readonly pid: number;
  /** Name of its program. */
  readonly name: string;
  /** By SIGSTOP or a debugger: it answers nothing until it goes on. */
  readonly isStopped: boolean;
  /** It runs the same Node as this process: it may be a gateway. */
  readonly runsOurNode: boolean;
}

/** @returns `undefined` if the process cannot be found, or not looked at */
export function ownerOfSocket(path: string): SocketOwner | undefined {
  try {
    const inodes = new Set(listeners().flatMap((one) => (one.path === path ? [`socket:[${one.inode}]`] : [])));
    if (inodes.size === 0) return undefined;
    const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && holdsSocket(name, inodes));
    if (pid === undefined) return undefined;
    // proc(5): the name in parentheses may hold anything, also parentheses
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const state = stat.charAt(stat.lastIndexOf(')') + 2);
    const runsOurNode = linkOf(`/proc/${pid}/exe`) === linkOf('/proc/self/exe');
    return { pid: Number(pid), name: programName(Number(pid)) ?? '?', isStopped: /^[Tt]$/.test(state), runsOurNode };
  } catch {
    return undefined;
  }
}

/** Paths on which some process listens; empty if the kernel does not say. */
export function listeningPaths(): string[] {
  try {
    return listeners().map(({ path }) => path);
  } catch {
    return [];
  }
}

/** Lines read `address: references protocol flags type state inode path`; flag 0x10000 is a socket that listens. */
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

/** So much more to do than processors that a healthy process may take seconds to answer. */
export function isMachineOverloaded(): boolean {
  const places = Math.max(1, cpus().length);
  const runnable = Number(/ (\d+)\//.exec(readFileSync('/proc/loadavg', 'utf8'))?.[1] ?? 0);
  return (loadavg()[0] ?? 0) > 1.5 * places || runnable > 2 * places;
}

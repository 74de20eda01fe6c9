/** Process that listens on a Unix socket, as the kernel lists it, and whether it is stopped; as far as this user may look. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';

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
    const inodes = listeningInodes(path);
    if (inodes.size === 0) return undefined;
    const pid = readdirSync('/proc').find((name) => /^\d+$/.test(name) && holdsSocket(name, inodes));
    if (pid === undefined) return undefined;
    // proc(5): the name in parentheses may hold anything, also parentheses
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = stat.lastIndexOf(')');
    const name = stat.slice(stat.indexOf('(') + 1, end);
    const runsOurNode = linkOf(`/proc/${pid}/exe`) === linkOf('/proc/self/exe');
    return { pid: Number(pid), name, isStopped: /^[Tt]$/.test(stat.charAt(end + 2)), runsOurNode };
  } catch {
    return undefined;
  }
}

/** Lines read `address: references protocol flags type state inode path`; flag 0x10000 is a socket that listens. */
function listeningInodes(path: string): Set<string> {
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n');
  const fields = lines.map((line) => line.split(' ').filter((field) => field !== ''));
  return new Set(fields.flatMap((line) => (line[7] === path && line[3] === '00010000' ? [`socket:[${line[6]}]`] : [])));
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

/** Versions of the program and of the machine it runs on. */
import { readFile } from 'node:fs/promises';
import { release } from 'node:os';

export interface MachineVersions {
  readonly holdfast: string;
  readonly node: string;
  readonly kernel: string;
  readonly architecture: string;
  /** Name of the operating system; `null`: unknown. */
  readonly system: string | null;
  /** Name of the board in the device tree; `null`: the machine has no device tree. */
  readonly board: string | null;
}

export async function machineVersions(version: string): Promise<MachineVersions> {
  const board = await readFile('/proc/device-tree/model', 'utf8').catch(() => null);
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return {
    holdfast: version,
    node: process.versions.node,
    kernel: release(),
    architecture: process.arch,
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(system)?.[1] ?? null,
    board: board?.replaceAll('\0', '') ?? null,
  };
}

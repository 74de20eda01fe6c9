/** Architectures that packages are built for. Sources: deb-control(5), elf(5) for `e_machine`. */

export interface Architecture {
  /** Name in Debian and in the names of the files. */
  readonly debian: string;
  /** Name in npm and in Node. */
  readonly npm: string;
  /** `e_machine` in the header of each file with machine code. */
  readonly machine: number;
}

export const ARCHITECTURES: readonly Architecture[] = [
  { debian: 'amd64', npm: 'x64', machine: 62 },
  { debian: 'arm64', npm: 'arm64', machine: 183 },
];

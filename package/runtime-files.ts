/**
 * Packages beside the program for one architecture, reduced to the files that a running gateway needs. `npm ci` installs
 * them by the lockfile, for any architecture; npm checks the hash of each package.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Architecture } from './architecture.ts';
import { outputOf } from './subprocess.ts';

/** Headers, sources and tools for a build, and code for browsers. */
const FOR_BUILDS =
  /(^|\/)(node-addon-api|deps|vendor|include|share|cnoke\.cjs|trampolines\.cjs|index\.umd\.js|node-gyp-build\/(bin|optional|build-test)\.js)(\/|$)/;
const CODE = /(\.[cm]?js|(^|\/)package\.json)$/;
/** Offset of `e_machine` in the header of an ELF file. */
const MACHINE_AT = 18;
const ELF = 0x7f454c46;

/** @returns files of `node_modules` that are needed, as paths within it; @throws if machine code of a package is missing */
function neededFiles(modules: string, { npm, machine }: Architecture): readonly string[] {
  const paths = readdirSync(modules, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(modules.length + 1))
    .filter((path) => !path.startsWith('.') && !FOR_BUILDS.test(path));
  const places = [
    `node-linux-${npm}/bin/node`,
    `better-sqlite3/prebuilds/linux-${npm}.node`,
    `@koromix/koffi-linux-${npm}/linux_${npm}/koffi.node`,
    `@serialport/bindings-cpp/prebuilds/linux-${npm}/@serialport+bindings-cpp.${npm === 'arm64' ? 'armv8.' : ''}glibc.node`,
  ];
  for (const place of places) {
    if (!paths.includes(place))
      throw new Error(
        `there is no ${place}: npm 10 or newer is needed, and a release of that package for Linux on ${npm}`,
      );
    const header = readFileSync(join(modules, place)).subarray(0, MACHINE_AT + 2);
    if (header.readUInt32BE(0) !== ELF || header.readUInt16LE(MACHINE_AT) !== machine)
      throw new Error(`${place} has no machine code for Linux on ${npm}`);
  }
  return [...places, ...paths.filter((path) => CODE.test(path))];
}

/**
 * Installs the packages in `stage`, a folder with the manifest and the lockfile of the program, and copies the needed
 * files to `folder`. @returns paths of the copied files in the stage
 */
export function installRuntimeFiles(stage: string, folder: string, architecture: Architecture): readonly string[] {
  const platform = ['--os=linux', `--cpu=${architecture.npm}`, '--libc=glibc'];
  outputOf('npm', ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', ...platform], { cwd: stage });
  const modules = join(stage, 'node_modules');
  return neededFiles(modules, architecture).map((path) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    copyFileSync(join(modules, path), join(folder, path));
    return join(modules, path);
  });
}

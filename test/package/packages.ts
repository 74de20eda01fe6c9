/** Debian packages for tests: that of the sources, and later and earlier versions of it with the same program. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outputOf } from '../../package/subprocess.ts';

const ROOT = join(import.meta.dirname, '../..');

export const VERSION: string = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version;

export interface BuiltPackages {
  readonly folder: string;
  /** Package of the sources. */
  readonly deb: string;
  /** Folder with the unpacked package. */
  readonly tree: string;
  /** Builds the same program with another version number. @returns the path */
  renumber(version: string, name: string): string;
  remove(): void;
}

/** @param debian architecture, as Debian names it */
export function buildPackages(debian = process.arch === 'arm64' ? 'arm64' : 'amd64'): BuiltPackages {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-deb-'));
  const deb = join(folder, `holdfast_${VERSION}_${debian}.deb`);
  const words = ['--out', folder, '--arch', debian, '--level', '0', '--no-tarball'];
  outputOf(process.execPath, [join(ROOT, 'package/build.ts'), ...words]);
  const tree = join(folder, 'tree');
  outputOf('dpkg-deb', ['--raw-extract', deb, tree]);
  return {
    folder,
    deb,
    tree,
    renumber: (version, name) => {
      const control = join(tree, 'DEBIAN/control');
      writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, `Version: ${version}`));
      const path = join(folder, name);
      outputOf('dpkg-deb', ['--root-owner-group', '-Zxz', '-z0', '--build', tree, path]);
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

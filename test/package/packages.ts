/** Packages of the sources for tests, built once in a run, and a later version with the same program. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from '../../package/subprocess.ts';
import { makeOnce } from './shared-folder.ts';

const ROOT = join(import.meta.dirname, '../..');

export const VERSION: string = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version;
/** Version of the package of `buildLater`. */
export const LATER = `${VERSION}+next`;

export interface BuiltPackages {
  /** Folder with the package, the tarball and their digests, as `package/build.ts` leaves it. */
  readonly dist: string;
  /** Debian package. */
  readonly deb: string;
  /** Folder with the unpacked Debian package. */
  readonly tree: string;
}

/** @param debian architecture, as Debian names it */
export async function buildPackages(debian = process.arch === 'arm64' ? 'arm64' : 'amd64'): Promise<BuiltPackages> {
  const folder = await makeOnce(`packages-${debian}`, (made) => {
    const dist = join(made, 'dist');
    outputOf(process.execPath, [join(ROOT, 'package/build.ts'), '--out', dist, '--arch', debian, '--level', '0']);
    outputOf('dpkg-deb', ['--raw-extract', join(dist, debOf(debian)), join(made, 'tree')]);
  });
  const dist = join(folder, 'dist');
  return { dist, deb: join(dist, debOf(debian)), tree: join(folder, 'tree') };
}

/** @returns path of a package with the same program and the version number `LATER` */
export async function buildLater(): Promise<string> {
  const { tree } = await buildPackages();
  const folder = await makeOnce('later', (made) => {
    outputOf('cp', ['-al', tree, made]);
    const control = join(made, 'DEBIAN/control');
    const text = readFileSync(control, 'utf8').replace(/^Version: .*$/m, `Version: ${LATER}`);
    // a new file: the old one is that of the other version, too
    outputOf('rm', [control]);
    writeFileSync(control, text);
    // no compression: only the content matters
    outputOf('dpkg-deb', ['--root-owner-group', '-Znone', '--build', made, join(made, '..', 'later.deb')]);
  });
  return `${folder}.deb`;
}

function debOf(debian: string): string {
  return `holdfast_${VERSION}_${debian}.deb`;
}

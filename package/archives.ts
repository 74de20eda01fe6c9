/** The files for users: a Debian package by dpkg-deb, and a tarball of the same program for other systems. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DROP_INS, OPTIONAL_RULES, type TreeContent, writeDebianTree } from './debian-tree.ts';
import { shippedDocuments } from './documents.ts';
import { fixTree } from './fixed-tree.ts';
import { ROOT } from './program.ts';
import { outputOf } from './subprocess.ts';

/** Threads of xz. The number is part of the result only between 1 and more. */
const THREADS = 2;

/** @param level of xz, 0 to 9; @param tree folder that is made and removed */
export function writeDebianPackage(path: string, content: TreeContent, tree: string, level: number): void {
  writeDebianTree(tree, content);
  fixTree(tree, content.epoch);
  const words = ['--root-owner-group', '-Zxz', `-z${level}`, `--threads-max=${THREADS}`, '--build', tree, path];
  outputOf('dpkg-deb', words, { environment: { SOURCE_DATE_EPOCH: String(content.epoch) } });
  rmSync(tree, { recursive: true });
}

/** A tarball with one folder, for /opt. @param folder that is made, compressed and removed; its name is in the tarball */
export function writeTarball(path: string, content: TreeContent, folder: string, level: number): void {
  const { program, pages, licences, bill, epoch } = content;
  const write = (name: string, text: string | Uint8Array): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  const copy = (from: string, name: string): void => write(name, readFileSync(join(ROOT, from)));
  cpSync(program, folder, { recursive: true });
  const unit = readFileSync(join(ROOT, 'systemd/holdfast.service'), 'utf8');
  const ofPackage = /\/usr\/bin\/holdfast|\/usr\/lib\/holdfast/g;
  write(
    'systemd/holdfast.service',
    unit.replace(ofPackage, (found) =>
      found.endsWith('bin/holdfast') ? '/opt/holdfast/bin/holdfast' : '/opt/holdfast',
    ),
  );
  cpSync(join(ROOT, 'systemd/holdfast.service.d'), join(folder, 'systemd/holdfast.service.d'), { recursive: true });
  copy('systemd/holdfast.sysusers', 'systemd/holdfast.sysusers');
  copy('systemd/holdfast.tmpfiles', 'systemd/holdfast.tmpfiles');
  cpSync(join(ROOT, DROP_INS), join(folder, DROP_INS), { recursive: true });
  for (const name of ['60-holdfast.rules', ...OPTIONAL_RULES]) copy(`hw/udev/${name}`, `udev/${name}`);
  copy('hw/udev/61-holdfast-reauthorise.rules', 'udev/61-holdfast-reauthorise.rules');
  copy('LICENSE', 'LICENSE');
  copy('CHANGELOG.md', 'CHANGELOG.md');
  for (const { path, text } of shippedDocuments()) write(path, text);
  write('THIRD-PARTY-LICENCES', licences);
  write('sbom.cdx.json', bill);
  write('holdfast.toml.example', pages.example);
  write('share/holdfast.1', pages.manual);
  write('share/holdfast.bash', pages.completion.bash);
  write('share/_holdfast', pages.completion.zsh);
  write('share/holdfast.fish', pages.completion.fish);
  fixTree(folder, epoch);
  const owner = ['--owner=0', '--group=0', '--numeric-owner', '--sort=name', '--format=gnu', `--mtime=@${epoch}`];
  const words = [
    '-C',
    dirname(folder),
    ...owner,
    `--use-compress-program=xz -${level} --threads=${THREADS}`,
    '-cf',
    path,
  ];
  outputOf('tar', [...words, folder.slice(dirname(folder).length + 1)]);
  rmSync(folder, { recursive: true });
}

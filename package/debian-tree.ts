/**
 * Tree of the Debian package: the program in /usr/lib/holdfast, everything else where Debian looks for it, and the
 * control files. Sources: Debian Policy 4.7, deb-control(5), deb-conffiles(5), file-hierarchy(7).
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Architecture } from './architecture.ts';
import { shippedDocuments } from './documents.ts';
import { entriesOf, installedKib } from './fixed-tree.ts';
import type { Pages } from './pages.ts';
import { ROOT, readManifest } from './program.ts';

export interface TreeContent {
  /** Folder of the program with its packages. */
  readonly program: string;
  readonly architecture: Architecture;
  readonly pages: Pages;
  /** Licence texts of all packages and of Node. */
  readonly licences: string;
  /** Bill of materials, as a text. */
  readonly bill: string;
  readonly epoch: number;
}

const HOME = 'usr/lib/holdfast';
const DOCUMENTS = 'usr/share/doc/holdfast';
const CONFFILES = ['/etc/holdfast/holdfast.toml.example'];
/** Rights that the service has only after the administrator installs them (systemd/README.md). */
export const DROP_INS = 'systemd/holdfast.service.d';
export const OPTIONAL_RULES: readonly string[] = readdirSync(join(ROOT, 'hw/udev')).filter(
  (name) => name !== '60-holdfast.rules',
);
const SCRIPTS = ['preinst', 'postinst', 'prerm', 'postrm'];
/** The project has no public address; `.invalid` is reserved for that (RFC 2606). */
const MAINTAINER = 'holdfast maintainers <maintainers@holdfast.invalid>';
/**
 * Libraries that the machine code links. Versions: the newest symbols are GLIBC_2.34 and GLIBCXX_3.4.29 (GCC 11), both in
 * better-sqlite3. `test/package` compares them with the files.
 */
const DEPENDS = [
  'libc6 (>= 2.34)',
  'libgcc-s1 (>= 4.2)',
  'libstdc++6 (>= 11)',
  'systemd | systemd-standalone-sysusers | systemd-sysusers',
];
const COPYRIGHT_OPENING = `holdfast is the work of its contributors, under the Apache License, Version 2.0.
On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.

Copyright: the contributors of holdfast

The package contains the following works of others, each under its own licence.
${DOCUMENTS}/sbom.cdx.json lists them for programs.

`;

/** Writes the tree into `root`. Modes and times are fixed afterwards. */
export function writeDebianTree(root: string, content: TreeContent): void {
  const { program, architecture, pages, licences, bill, epoch } = content;
  const write = (path: string, text: string | Uint8Array): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const copy = (from: string, path: string): void => write(path, readFileSync(join(ROOT, from)));
  const link = (path: string, target: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(target, join(root, path));
  };
  const { version, description } = readManifest();
  const changelog = debianChangelog(version, epoch);

  cpSync(program, join(root, HOME), { recursive: true });
  link('usr/bin/holdfast', '../lib/holdfast/bin/holdfast');
  copy('systemd/holdfast.service', 'usr/lib/systemd/system/holdfast.service');
  link(`${HOME}/systemd/holdfast.service`, '../../systemd/system/holdfast.service');
  cpSync(join(ROOT, 'systemd/holdfast.service.d'), join(root, HOME, 'systemd/holdfast.service.d'), { recursive: true });
  for (const name of OPTIONAL_RULES) copy(`hw/udev/${name}`, `${HOME}/udev/${name}`);
  cpSync(join(ROOT, DROP_INS), join(root, HOME, DROP_INS), { recursive: true });
  copy('systemd/holdfast.sysusers', 'usr/lib/sysusers.d/holdfast.conf');
  copy('systemd/holdfast.tmpfiles', 'usr/lib/tmpfiles.d/holdfast.conf');
  copy('hw/udev/60-holdfast.rules', 'usr/lib/udev/rules.d/60-holdfast.rules');
  copy('hw/udev/61-holdfast-reauthorise.rules', `${HOME}/udev/61-holdfast-reauthorise.rules`);
  write('etc/holdfast/holdfast.toml.example', pages.example);
  write('usr/share/man/man1/holdfast.1.gz', compressed(pages.manual));
  write('usr/share/bash-completion/completions/holdfast', pages.completion.bash);
  write('usr/share/zsh/vendor-completions/_holdfast', pages.completion.zsh);
  write('usr/share/fish/vendor_completions.d/holdfast.fish', pages.completion.fish);
  write(`${DOCUMENTS}/copyright`, `${COPYRIGHT_OPENING}${licences}`);
  write(`${DOCUMENTS}/changelog.gz`, compressed(changelog));
  write(`${DOCUMENTS}/CHANGELOG.md.gz`, compressed(readFileSync(join(ROOT, 'CHANGELOG.md'))));
  for (const { path, text } of shippedDocuments()) write(`${DOCUMENTS}/${path}`, text);
  write(`${DOCUMENTS}/sbom.cdx.json`, bill);
  copy('package/debian/lintian-overrides', 'usr/share/lintian/overrides/holdfast');

  const entries = entriesOf(root);
  for (const name of SCRIPTS) copy(`package/debian/${name}`, `DEBIAN/${name}`);
  write('DEBIAN/conffiles', `${CONFFILES.join('\n')}\n`);
  const sums = entries
    .filter(({ path, kind }) => kind === 'file' && !CONFFILES.includes(`/${path}`))
    .map(({ path }) => `${md5(join(root, path))}  ${path}\n`);
  write('DEBIAN/md5sums', sums.join(''));
  const fields = [
    'Package: holdfast',
    `Version: ${version}`,
    `Architecture: ${architecture.debian}`,
    `Maintainer: ${MAINTAINER}`,
    `Installed-Size: ${installedKib(entries)}`,
    `Depends: ${DEPENDS.join(', ')}`,
    'Recommends: ca-certificates, udev',
    'Section: net',
    'Priority: optional',
    'Description: gateway from serial subdevices to an MQTT hub',
    ...wrapped(String(description)),
    ' .',
    ' The package contains its own Node and SQLite. The service starts after a',
    ' configuration is written to /etc/holdfast/holdfast.toml.',
  ];
  write('DEBIAN/control', `${fields.join('\n')}\n`);
}

/** Sources: deb-changelog(5), gzip: level 9 without name and time. */
function debianChangelog(version: string, epoch: number): string {
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return `holdfast (${version}) unstable; urgency=medium

  * See CHANGELOG.md.gz in this folder.

 -- ${MAINTAINER}  ${date}
`;
}

/** Lines of a field of several lines, at most 79 columns wide. */
function wrapped(text: string): string[] {
  return text.match(/\S.{0,76}\S(?=\s|$)/g)?.map((line) => ` ${line}`) ?? [];
}

function compressed(text: string | Uint8Array): Uint8Array {
  return gzipSync(text, { level: 9 });
}

function md5(path: string): string {
  return createHash('md5').update(readFileSync(path)).digest('hex');
}

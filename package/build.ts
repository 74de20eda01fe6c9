/**
 * Command `npm run package`: builds a Debian package, a tarball and a bill of materials for each architecture, in `dist/`.
 * The same commit gives the same bytes.
 *
 * Options: `--out FOLDER`, `--arch amd64` (also repeated), `--level 0…9` of xz, `--no-tarball`. `--program FOLDER` only writes the
 * program, without packages and without npm.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ARCHITECTURES, type Architecture } from './architecture.ts';
import { writeDebianPackage, writeTarball } from './archives.ts';
import { billOfMaterials } from './bill-of-materials.ts';
import { foreignFilesIn } from './built-files.ts';
import type { TreeContent } from './debian-tree.ts';
import { entriesOf, installedKib } from './fixed-tree.ts';
import { licenceTexts, packageFolders, partIn } from './licence-texts.ts';
import { type Pages, pagesOf } from './pages.ts';
import { ROOT, readManifest, writeProgram } from './program.ts';
import { type Revision, revisionOf } from './revision.ts';
import { installRuntimeFiles } from './runtime-files.ts';

interface Sources {
  /** Folder of the program without packages. */
  readonly program: string;
  /** Files of packages in its code. */
  readonly modules: readonly string[];
  readonly pages: Pages;
  readonly revision: Revision;
}

const USAGE = `Usage: npm run package -- [--out FOLDER] [--arch amd64]... [--level 0-9] [--no-tarball]
       npm run package -- --program FOLDER    # only the program, without packages and without npm`;
/** Files of the program folder that are in the packages as they are. */
const PARTS = ['bin', 'lib', 'profiles'];

const options = optionsOf(process.argv.slice(2));
process.umask(0o022);
if (options.program === undefined) await buildAll(resolve(options.out));
else await writeProgram(resolve(options.program), revisionOf(ROOT).commit);

function optionsOf(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', default: false },
        out: { type: 'string', default: join(ROOT, 'dist') },
        arch: { type: 'string', multiple: true, default: ARCHITECTURES.map(({ debian }) => debian) },
        level: { type: 'string', default: '6' },
        'no-tarball': { type: 'boolean', default: false },
        program: { type: 'string' },
      },
    });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    const unknown = values.arch.find((name) => !ARCHITECTURES.some(({ debian }) => debian === name));
    if (unknown !== undefined)
      throw new Error(`--arch is one of: ${ARCHITECTURES.map(({ debian }) => debian).join(', ')}; not ${unknown}`);
    if (!/^[0-9]$/.test(values.level)) throw new Error(`--level is a digit, not ${values.level}`);
    const foreign = foreignFilesIn(values.out);
    if (values.program === undefined && foreign.length > 0)
      throw new Error(
        `${values.out} has files that this command has not built (${foreign.slice(0, 3).join(', ')}), and the command would remove them: name another folder`,
      );
    return values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(64);
  }
}

async function buildAll(out: string): Promise<void> {
  const chosen = ARCHITECTURES.filter(({ debian }) => options.arch.includes(debian));
  const revision = revisionOf(ROOT);
  rmSync(out, { recursive: true, force: true });
  const work = join(out, 'work');
  const program = join(work, 'program');
  const modules = await writeProgram(program, revision.commit);
  const sources = { program, modules, pages: pagesOf(), revision };
  console.log(
    `holdfast ${readManifest().version}, commit ${revision.commit}, ${new Date(revision.epoch * 1000).toISOString()}`,
  );
  const files = chosen.flatMap((architecture) => filesFor(architecture, sources, out));
  const sums = files.map((file) => `${sha256(file)}  ${basename(file)}\n`);
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''));
  rmSync(work, { recursive: true });
  if (process.exitCode === 1) return;
  for (const file of files) console.log(`${megabytes(statSync(file).size).padStart(9)}  ${file}`);
}

/** @returns the files that were built; none if a package has no machine code for the architecture */
function filesFor(architecture: Architecture, sources: Sources, out: string): readonly string[] {
  const stage = join(out, 'work', `stage-${architecture.debian}`);
  const program = join(out, 'work', `program-${architecture.debian}`);
  mkdirSync(stage);
  for (const name of ['package.json', 'package-lock.json', '.npmrc'])
    copyFileSync(join(sources.program, name), join(stage, name));
  for (const name of PARTS) cpSync(join(sources.program, name), join(program, name), { recursive: true });
  const { name, version, license } = readManifest();
  const manifest = { name, version, license, private: true, type: 'module' };
  writeFileSync(join(program, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  let installed: readonly string[];
  try {
    installed = installRuntimeFiles(stage, join(program, 'node_modules'), architecture);
  } catch (error) {
    console.error(`No package for ${architecture.debian}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
    return [];
  }
  const paths = [...sources.modules, ...installed];
  const { epoch } = sources.revision;
  const bill = `${JSON.stringify(billOfMaterials(packageFolders(paths).map(partIn), epoch), undefined, 2)}\n`;
  const licences = licenceTexts(paths);
  const content: TreeContent = { program, architecture, pages: sources.pages, licences, bill, epoch };
  const built = archivesOf(content, out, version, Number(options.level));
  console.log(`${architecture.debian}: ${sizesOf(program)}`);
  rmSync(stage, { recursive: true });
  return built;
}

function archivesOf(content: TreeContent, out: string, version: string, level: number): readonly string[] {
  const stem = join(out, `holdfast_${version}_${content.architecture.debian}`);
  const work = join(out, 'work');
  writeDebianPackage(`${stem}.deb`, content, join(work, 'tree'), level);
  writeFileSync(`${stem}.cdx.json`, content.bill);
  if (options['no-tarball']) return [`${stem}.deb`, `${stem}.cdx.json`];
  writeTarball(`${stem}.tar.xz`, content, join(work, `holdfast-${version}`), level);
  return [`${stem}.deb`, `${stem}.tar.xz`, `${stem}.cdx.json`];
}

/** Installed size of the program, and of its largest parts. */
function sizesOf(program: string): string {
  const entries = entriesOf(program);
  const kib = (prefix: string): number => installedKib(entries.filter(({ path }) => path.startsWith(prefix)));
  const parts = [
    'node_modules/node-linux',
    'lib/',
    'node_modules/better-sqlite3',
    'node_modules/@koromix',
    'node_modules/@serialport',
  ];
  const words = parts.map((part) => `${part.replace('node_modules/', '')} ${megabytes(kib(part) * 1024)}`);
  return `${megabytes(kib('') * 1024)} installed: ${words.join(', ')}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

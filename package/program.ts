/**
 * The program for users as a folder: its code as few files, the scripts that start it, the unit, and a `package.json` with
 * the packages that cannot be bundled. `bin/holdfast` of the folder starts the folder, and `bin/holdfast` of the checkout
 * never does, so an old build is never started by mistake.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';
import { licenceTexts } from './licence-texts.ts';
import { installedPart, type LockFile, type Manifest } from './lock-file.ts';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Packages with machine code, and re2js, which only a configuration with patterns loads. */
const INSTALLED = ['better-sqlite3', 'koffi', '@serialport/bindings-cpp', 're2js'];
/** Files that are started by their path. */
const ENTRIES = {
  main: 'src/main.ts',
  worker: 'src/store/worker.ts',
  'web-worker': 'src/web/web-worker.ts',
  'loop-watch-worker': 'src/ops/watchdog/loop-watch-worker.ts',
};
/** Script of another package that browsers load; `src/page/assets.ts` finds it there in a checkout. */
const IDIOMORPH = 'node_modules/idiomorph/dist/idiomorph.min.js';
const COPIED = ['bin', 'systemd', 'LICENSE', 'README.md', '.npmrc'];

/** `new URL('../main.ts', import.meta.url)` becomes `new URL('./main.js', import.meta.url)`: all files are in one folder. */
const startedFiles: Plugin = {
  name: 'started-files',
  transform(code, id) {
    if (!id.startsWith(join(ROOT, 'src'))) return undefined;
    return code.replaceAll(/new URL\('[./\w-]*?([\w-]+)\.ts', import\.meta\.url\)/g, (_, name: string) => {
      if (!(name in ENTRIES)) this.error(`${id} names ${name}.ts by its URL, and it is not among the entries`);
      return `new URL('./${name}.js', import.meta.url)`;
    });
  },
};

/** Manifest of the checkout. */
export function readManifest(): Manifest {
  return readJson('package.json') as Manifest;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}

/** @returns paths of the modules with code in the program */
async function bundle(folder: string, commit: string): Promise<readonly string[]> {
  const build = await rolldown({
    cwd: ROOT,
    input: ENTRIES,
    platform: 'node',
    external: [/^node:/, ...INSTALLED],
    // the ES modules of packages that have both forms, because unused parts of these can be left out
    resolve: { mainFields: ['module', 'main'] },
    transform: { define: { HOLDFAST_COMMIT: JSON.stringify(commit) } },
    plugins: [startedFiles],
  });
  const { output } = await build.write({ dir: join(folder, 'lib'), format: 'esm', chunkFileNames: '[name]-[hash].js' });
  await build.close();
  const chunks = output.filter((file) => file.type === 'chunk');
  const modules = chunks.flatMap((chunk) => Object.entries(chunk.modules));
  return modules.filter(([, { renderedLength }]) => renderedLength > 0).map(([id]) => id);
}

/** Writes the program into `folder`, which is emptied first. @returns paths of the files of packages in its code */
export async function writeProgram(folder: string, commit: string): Promise<readonly string[]> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const modules = [...(await bundle(folder, commit)), join(ROOT, IDIOMORPH)];
  cpSync(join(ROOT, 'src/store/migrations'), join(folder, 'lib/migrations'), { recursive: true });
  for (const name of ['page.css', 'live.js'])
    cpSync(join(ROOT, 'src/page/assets', name), join(folder, 'lib/assets', name));
  cpSync(join(ROOT, IDIOMORPH), join(folder, 'lib/assets/idiomorph.js'));
  for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  const { manifest, lock } = installedPart(readManifest(), readJson('package-lock.json') as LockFile, INSTALLED);
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  writeFileSync(join(folder, 'package-lock.json'), `${JSON.stringify(lock, undefined, 2)}\n`);
  writeFileSync(join(folder, 'THIRD-PARTY-LICENCES'), licenceTexts(modules));
  return modules;
}

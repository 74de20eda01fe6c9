/**
 * The program for users as a folder: its code as few files, the scripts that start it, the unit, and a `package.json` with
 * the packages that cannot be bundled. `bin/holdfast` of the folder starts the folder, and `bin/holdfast` of the checkout
 * never does, so an old build is never started by mistake.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ChunkingContext, type Plugin, rolldown } from 'rolldown';
import { gatewayChunks } from './chunks.ts';
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
/** Modules by which the code of the gateway is divided into files. */
const STARTS = {
  steps: ['src/main.ts', 'src/cli/program.ts', 'src/cli/run.ts', 'src/daemon.ts'],
  threads: ['src/store/worker.ts', 'src/web/web-worker.ts', 'src/ops/watchdog/loop-watch-worker.ts'],
};
/** Script of another package that browsers load; `src/page/assets.ts` finds it there in a checkout. */
const IDIOMORPH = 'node_modules/idiomorph/dist/idiomorph.min.js';
const COPIED = ['bin', 'profiles', 'systemd', 'LICENSE', 'README.md', '.npmrc'];

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

/**
 * Writes other characters than ASCII as escapes. V8 keeps a text with one such character as two bytes for each character, so the
 * code of the gateway would take twice the memory.
 */
const asciiOnly: Plugin = {
  name: 'ascii-only',
  generateBundle(_, files) {
    for (const file of Object.values(files)) {
      if (file.type !== 'chunk') continue;
      // the backslash of an escape would become an escaped backslash
      if (/\\[^\0-\x7f]/.test(file.code)) this.error(`${file.fileName} has a backslash before a character above 7F`);
      file.code = file.code.replaceAll(/[^\0-\x7f]/g, escaped);
    }
  },
};

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

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
    plugins: [startedFiles, asciiOnly],
    // files may export more than their entry, because groups below take its modules
    preserveEntrySignatures: 'allow-extension',
  });
  let files: ReadonlyMap<string, string> | undefined;
  const name = (id: string, context: ChunkingContext): string | null => {
    files ??= gatewayChunks((one) => context.getModuleInfo(one), ROOT, STARTS);
    return files.get(id) ?? null;
  };
  const { output } = await build.write({
    dir: join(folder, 'lib'),
    format: 'esm',
    chunkFileNames: '[name]-[hash].js',
    codeSplitting: { includeDependenciesRecursively: false, groups: [{ name, debugName: 'gateway' }] },
    comments: { legal: false, annotation: false, jsdoc: false },
  });
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

/**
 * Builds the package for users in `dist/`, or in the folder that is the argument: the program as few files, the scripts that start it, the unit, and a
 * `package.json` with the packages that cannot be bundled. `bin/holdfast` of the package starts the package, and
 * `bin/holdfast` of the checkout never does, so an old build is never started by mistake.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';
import { licenceTexts } from './licence-texts.ts';
import { installedPart, type LockFile, type Manifest } from './lock-file.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = resolve(process.argv[2] ?? join(ROOT, 'dist'));
/** Packages with machine code, and re2js, which only a configuration with patterns loads. */
const INSTALLED = ['better-sqlite3', 'koffi', '@serialport/bindings-cpp', 're2js'];
/** Files that are started by their path. */
const ENTRIES = { main: 'src/main.ts', worker: 'src/store/worker.ts', 'web-worker': 'src/web/web-worker.ts' };
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

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}

/** @returns paths of the modules in the program */
async function bundleProgram(): Promise<readonly string[]> {
  const build = await rolldown({
    cwd: ROOT,
    input: ENTRIES,
    platform: 'node',
    external: [/^node:/, ...INSTALLED],
    // the ES modules of packages that have both forms, because unused parts of these can be left out
    resolve: { mainFields: ['module', 'main'] },
    plugins: [startedFiles],
  });
  const { output } = await build.write({ dir: join(OUT, 'lib'), format: 'esm', chunkFileNames: '[name]-[hash].js' });
  await build.close();
  return output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
}

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
const modules = await bundleProgram();
cpSync(join(ROOT, 'src/store/migrations'), join(OUT, 'lib/migrations'), { recursive: true });
for (const name of ['page.css', 'live.js']) cpSync(join(ROOT, 'src/page/assets', name), join(OUT, 'lib/assets', name));
cpSync(join(ROOT, IDIOMORPH), join(OUT, 'lib/assets/idiomorph.js'));
for (const name of COPIED) cpSync(join(ROOT, name), join(OUT, name), { recursive: true });
const { manifest, lock } = installedPart(
  readJson('package.json') as Manifest,
  readJson('package-lock.json') as LockFile,
  INSTALLED,
);
writeFileSync(join(OUT, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
writeFileSync(join(OUT, 'package-lock.json'), `${JSON.stringify(lock, undefined, 2)}\n`);
writeFileSync(join(OUT, 'THIRD-PARTY-LICENCES'), licenceTexts([...modules, join(ROOT, IDIOMORPH)]));

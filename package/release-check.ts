/**
 * Command `npm run release-check`: everything that must hold before a version is published, as a table. The checks are in stages,
 * the fast ones first. The first stage with a failure is the last one; the exit code is 1 then.
 *
 * `--without-tests` leaves out `npm test` and the static checks, for a look in between.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { LockFile } from './lock-file.ts';
import { ROOT, readManifest } from './program.ts';
import { changelogProblems, commitProblems, versionProblems } from './release-rules.ts';
import { revisionOf } from './revision.ts';
import { outputOf } from './subprocess.ts';

interface ReleaseCheck {
  readonly name: string;
  /** @returns problems; @throws if the check itself fails */
  run(): readonly string[];
}

/** Part of the JSON of vitest. */
interface TestRun {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const USAGE = 'Usage: npm run release-check -- [--without-tests]';

const options = optionsOf(process.argv.slice(2));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const holdfast = (...words: string[]): string => outputOf(process.execPath, [join(ROOT, 'src/main.ts'), ...words]);

const SKIPPED = 'skipped on this machine: ';

const FILES: readonly ReleaseCheck[] = [
  { name: 'the changelog has the version', run: () => changelogProblems(read('CHANGELOG.md'), readManifest().version) },
  {
    name: 'all versions agree',
    run: () =>
      versionProblems(readManifest(), JSON.parse(read('package-lock.json')) as LockFile, holdfast('--version')),
  },
  { name: 'the files are those of a commit', run: () => commitProblems(revisionOf(ROOT).commit) },
];
const GENERATED: readonly ReleaseCheck[] = [
  pageCheck('docs/configuration.md', 'config', 'reference'),
  pageCheck('docs/conditions.md', 'conditions', 'reference'),
  testCheck('docs/metrics.md, explain.md, shipped-profiles.md and schemas are fresh', 'vitest.config.ts', [
    'test/unit/cli/json-schemas.test.ts',
    'test/unit/ops/reports/metrics.test.ts',
    'test/unit/ops/explain/reasons.test.ts',
    'test/unit/config/device-profiles/shipped-page.test.ts',
  ]),
];
const PACKAGES: readonly ReleaseCheck[] = [
  testCheck('reproducible build, bill of materials, licences', 'vitest.long.config.ts', ['test/package/archives']),
  testCheck('install, upgrade, purge on Debian 12 and 13', 'vitest.long.config.ts', ['test/package/debian-package']),
  testCheck('image, stop, kill and volume under podman', 'vitest.long.config.ts', ['test/package/container']),
];
const TESTS: readonly ReleaseCheck[] = [
  { name: 'static checks', run: () => problemsOfNpm('check:static') },
  {
    name: 'tests',
    run: () => problemsOfTests('vitest.config.ts', []).filter((problem) => !problem.startsWith(SKIPPED)),
  },
];

const stages = [FILES, GENERATED, PACKAGES, ...(options['without-tests'] ? [] : [TESTS])];
for (const stage of stages) {
  if (stage.map(report).includes(false)) {
    process.exitCode = 1;
    break;
  }
}

/** Prints the row of a check. @returns true if it has no problem */
function report({ name, run }: ReleaseCheck): boolean {
  const problems = problemsOf(run);
  console.log(`${problems.length === 0 ? 'ok    ' : 'failed'}  ${name}`);
  for (const problem of problems) console.log(`        - ${problem}`);
  return problems.length === 0;
}

function problemsOf(run: ReleaseCheck['run']): readonly string[] {
  try {
    return run();
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function pageCheck(path: string, ...words: string[]): ReleaseCheck {
  const remedy = `${path} is not the output of this version: bin/holdfast ${words.join(' ')} > ${path}`;
  return { name: `${path} is fresh`, run: () => (holdfast(...words) === read(path) ? [] : [remedy]) };
}

/** A run of vitest in which no test fails and none is skipped. */
function testCheck(name: string, config: string, files: readonly string[]): ReleaseCheck {
  return { name, run: () => problemsOfTests(config, files) };
}

function problemsOfTests(config: string, files: readonly string[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-release-'));
  const results = join(folder, 'results.json');
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const words = [vitest, 'run', '--config', config, '--reporter=json', `--outputFile=${results}`, ...files];
  try {
    // with CI set, vitest compares generated pages and writes none
    const ended = problemsOf(() => {
      outputOf(process.execPath, words, { cwd: ROOT, environment: { CI: '1' } });
      return [];
    });
    const { testResults } = JSON.parse(readFileSync(results, 'utf8')) as TestRun;
    const unloaded = testResults.filter(({ assertionResults }) => assertionResults.length === 0);
    const problems = [
      ...unloaded.map(({ name, message }) => `${name}: ${message.split('\n')[0]}`),
      ...testResults.flatMap(({ assertionResults }) =>
        assertionResults
          .filter(({ status }) => status !== 'passed')
          .map(({ status, fullName }) => `${status === 'failed' ? 'failed: ' : SKIPPED}${fullName}`),
      ),
    ];
    return problems.length === 0 ? ended : problems;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function problemsOfNpm(script: string): readonly string[] {
  outputOf('npm', ['run', '--silent', script], { cwd: ROOT });
  return [];
}

function optionsOf(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { help: { type: 'boolean', default: false }, 'without-tests': { type: 'boolean', default: false } },
    });
    if (!values.help) return values;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(64);
  }
}

/**
 * Structure of the repository, kept by a test: permitted imports, no cycles, no dead files, sizes, names, doc
 * comments, links. Each check is a function from files to complaints, so that a small untidy repository can prove
 * that it complains.
 */
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMENT, type Repository, readRepository } from './repository.ts';

/**
 * Folders that each folder may import, besides itself. A folder includes its subfolders; `driver/.` means the files
 * directly in that folder. A file directly in `src` has a line of its own. A subfolder with a line of its own has no
 * other rights.
 */
const MAY_IMPORT: Readonly<Record<string, string>> = {
  base: '',
  custody: 'base',
  history: 'base codec',
  ports: 'base custody history',
  config: 'base driver',
  'config/kinds': 'base',
  codec: 'base',
  driver: 'base codec config/kinds',
  'driver/lines': 'base codec config/kinds driver/.',
  'driver/modbus': 'base codec config/kinds driver/.',
  'driver/mqttsn': 'base codec config/kinds driver/.',
  subdevices: 'base custody',
  outbox: 'base custody',
  hub: 'base custody codec',
  'hub/client': 'base custody codec hub/.',
  'hub/gateway': 'base hub/.',
  firmware: 'base codec ports',
  runtime: 'base ports recorder',
  commit: 'base custody ports runtime',
  recorder: 'base codec config driver hub',
  flow: 'base codec custody commit driver subdevices outbox hub firmware ports recorder runtime',
  store: 'base custody history ports io/durable',
  io: 'base ports',
  'io/durable': '',
  'io/network': 'base codec ports io',
  ops: 'base commit custody config driver flow history hub outbox recorder ports io subdevices',
  bench: 'base codec io ports ops runtime',
  doctor: 'base config codec driver hub io ops ports store app',
  support: 'base doctor io ops',
  page: 'base ops',
  web: 'base config io ops page recorder',
  cli: 'base config doctor support page driver history recorder ops io store bench daemon',
  app: 'base commit config custody driver flow history hub io ops outbox ports recorder runtime store subdevices',
  daemon: 'base config io ops runtime app web',
  main: 'base cli',
};

/** Folders without a clock, timer, socket or file, and the packages that each may use. */
const PURE: Readonly<Record<string, string>> = {
  base: 'node:events typed-emitter',
  custody: '',
  config: 'node:module node:util zod smol-toml re2js',
  codec: 'node:zlib node:buffer mqtt-packet',
  driver: 'zod',
  history: '',
  subdevices: '',
  outbox: '',
  firmware: '',
  hub: 'node:crypto',
};

const ONE_IMPORTER = ['mqtt-packet', 'serialport', 'better-sqlite3', 'koffi', 'prom-client', 're2js', 'ws'];
const IMPURE_WORDS =
  /\b(Date\.now|new Date\(\)|set(Timeout|Interval|Immediate)\(|process\.|performance\.|Math\.random)/;
const NOT_A_NAME = /(^|-)(data|info|items?|manager|handlers?|helpers?|utils?|common|misc|tmp|perform|execute)(-|\.|$)/;
const TYPE = /^export (?:abstract )?(?:interface|type|class|enum) (\w+)/gm;
const DRIVER_FILE = /^src\/driver\/\w+\//;
const LINES_MAX = 400;
/** Number of lines of a source file above which a reviewer asks whether the file still holds one concept. */
const LINES_WITHOUT_QUESTION = 250;
/** One file to copy into firmware; with its header it is complete. */
const MAY_BE_LONG = 'hw/client/holdfast_sn.c';

const IMPORT = /(?:\bfrom|\bimport|\bimport\(|\brequire\(|\)\()\s*['"]([^'"\n]+)['"]/g;
const REFERENCE = /\bnew URL\(\s*['"](\.[^'"\n]+)['"]/g;

/** Packages by name, files by path from the root. */
function namesIn(repository: Repository, path: string, pattern: RegExp): string[] {
  const code = (repository.get(path) ?? '').replace(COMMENT, '');
  return [...code.matchAll(pattern)].map(([, name = '']) => (name.startsWith('.') ? join(dirname(path), name) : name));
}

const importsOf = (repository: Repository, path: string): string[] => namesIn(repository, path, IMPORT);
/** Imports, including the files of workers and child processes, which are named by URL. */
const usesOf = (repository: Repository, path: string): string[] => [
  ...importsOf(repository, path),
  ...namesIn(repository, path, REFERENCE),
];
const sources = (repository: Repository): string[] =>
  [...repository.keys()].filter((path) => /^src\/.*\.ts$/.test(path));
const folderOf = (path: string): string =>
  /^src\/(.*)\/[^/]*$/.exec(path)?.[1] ?? /^src\/(.*)\.ts$/.exec(path)?.[1] ?? '';
const roomOf = (path: string): string =>
  folderOf(path) in MAY_IMPORT ? folderOf(path) : (folderOf(path).split('/')[0] ?? '');
const placeOf = (path: string): string => folderOf(path).split('/')[0] ?? '';

function isIn(path: string, room: string): boolean {
  const folder = folderOf(path);
  return room.endsWith('/.') ? folder === room.slice(0, -2) : folder === room || folder.startsWith(`${room}/`);
}

function forbiddenImports(repository: Repository): string[] {
  return sources(repository).flatMap((path) => {
    const allowed = [roomOf(path), ...(MAY_IMPORT[roomOf(path)] ?? '').split(' ')];
    const targets = importsOf(repository, path).filter((target) => target.startsWith('src/'));
    return targets
      .filter((target) => !allowed.some((room) => isIn(target, room)))
      .map((target) => `${path} imports ${target}`);
  });
}

function missingTargets(repository: Repository): string[] {
  return sources(repository).flatMap((path) =>
    usesOf(repository, path)
      .filter((target) => target.startsWith('src/') && target.endsWith('.ts') && !repository.has(target))
      .map((target) => `${path} names ${target}, which does not exist`),
  );
}

function cycles(repository: Repository): string[] {
  const finished = new Set<string>();
  const walk = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [[...trail.slice(trail.indexOf(path)), path].join(' → ')];
    if (finished.has(path)) return [];
    const found = importsOf(repository, path)
      .filter((target) => repository.has(target))
      .flatMap((target) => walk(target, [...trail, path]));
    finished.add(path);
    return found;
  };
  return sources(repository).flatMap((path) => walk(path, []));
}

function deadFiles(repository: Repository): string[] {
  const alive = new Set<string>();
  const visit = (path: string): void => {
    if (alive.has(path) || !repository.has(path)) return;
    alive.add(path);
    usesOf(repository, path).forEach(visit);
  };
  visit('src/main.ts');
  visit('vitest.config.ts');
  for (const path of repository.keys()) if (/^test\/.*\.test\.ts$/.test(path)) visit(path);
  for (const [path] of (repository.get('package.json') ?? '').matchAll(/test\/[\w/.-]+\.ts/g)) visit(path);
  return [...repository.keys()].filter((path) => /^(src|test)\/.*\.ts$/.test(path) && !alive.has(path));
}

function crowdedPackages(repository: Repository): string[] {
  return ONE_IMPORTER.flatMap((name) => {
    const importers = sources(repository).filter((path) => importsOf(repository, path).includes(name));
    return importers.length > 1 ? [`${name} is imported by ${importers.join(', ')}`] : [];
  });
}

function impureFiles(repository: Repository): string[] {
  return sources(repository).flatMap((path) => {
    const allowed = PURE[placeOf(path)]?.split(' ');
    if (allowed === undefined) return [];
    const packages = importsOf(repository, path).filter((name) => !name.startsWith('src/') && !allowed.includes(name));
    const word = IMPURE_WORDS.exec((repository.get(path) ?? '').replace(COMMENT, ''));
    return [...packages, ...(word === null ? [] : [word[0]])].map((name) => `${path} uses ${name}`);
  });
}

const longFiles = (repository: Repository): string[] =>
  filesAbove(LINES_MAX, repository).filter((complaint) => !complaint.startsWith(MAY_BE_LONG));

function filesAbove(linesMax: number, repository: Repository): string[] {
  return [...repository]
    .filter(([path]) => /^(src|test|hw)\/.*\.(ts|sql|c|h|sh)$/.test(path))
    .map(([path, text]) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > linesMax)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
}

/** Spreads of an object that is written in place. Its keys belong to the outer object, one on each line. */
function spreadLiterals(repository: Repository): string[] {
  return sources(repository)
    .filter((path) => (repository.get(path) ?? '').replace(COMMENT, '').includes('...{'))
    .map((path) => `${path} spreads an object literal`);
}

function badNames(repository: Repository): string[] {
  return [...repository.keys()].filter((path) => {
    const name = path.split('/').at(-1) ?? '';
    return /^(src|test)\/.*\.ts$/.test(path) && (NOT_A_NAME.test(name) || !/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(name));
  });
}

/** Checks that a type has one name in one place. */
function typesNamedTwice(repository: Repository): string[] {
  const places = new Map<string, string[]>();
  for (const path of sources(repository))
    for (const [, name = ''] of (repository.get(path) ?? '').matchAll(TYPE)) {
      places.set(name, [...(places.get(name) ?? []), path]);
    }
  return [...places]
    .filter(([, paths]) => paths.length > 1)
    .map(([name, paths]) => `${name} is in ${paths.join(', ')}`);
}

/** Checks that the same file name stands for the same role in two drivers, and does not occur elsewhere. */
function filesNamedTwice(repository: Repository): string[] {
  const roles = sources(repository).map((path) => path.replace(DRIVER_FILE, 'src/driver/NAME/'));
  const names = [...new Set(roles)].map((path) => path.split('/').at(-1) ?? '');
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

function uncommentedFiles(repository: Repository): string[] {
  return sources(repository).filter((path) => !/^(#!.*\n)?\/\*\*/.test(repository.get(path) ?? ''));
}

function brokenLinks(repository: Repository): string[] {
  const places = new Set([...repository.keys()].flatMap((path) => [path, ...parents(path)]));
  return [...repository].flatMap(([path, text]) => {
    const links = path.endsWith('.md') ? [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link = '']) => link) : [];
    const relative = links.filter((link) => !/^[a-z]+:/i.test(link));
    return relative
      .filter((link) => !places.has(normalize(join(dirname(path), link)).replace(/\/$/, '')))
      .map((link) => `${path} links to ${link}`);
  });
}

/** Promises without a test. The columns are promise, condition, proof and control. */
function unprovenPromises(repository: Repository): string[] {
  const rows = (repository.get('docs/guarantees.md') ?? '').split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).filter((row) => {
    const [, , , proof = '', control = ''] = row.split(/(?:^| )\|(?: |$)/);
    return !/\]\([^)]+\.test\.ts\)/.test(proof) || control === '';
  });
}

function parents(path: string): string[] {
  const parent = dirname(path);
  return parent === '.' ? [parent] : [parent, ...parents(parent)];
}

/** The checks, and for each a repository that must cause one complaint. */
const CHECKS: readonly (readonly [string, (repository: Repository) => string[], Readonly<Record<string, string>>])[] = [
  ['imports only what its folder may', forbiddenImports, { 'src/hub/a.ts': "import { b } from '../outbox/b.ts';" }],
  ['keeps the drivers apart', forbiddenImports, { 'src/driver/lines/a.ts': "import { b } from '../modbus/b.ts';" }],
  ['names files that exist', missingTargets, { 'src/hub/a.ts': "const url = new URL('./b.ts', import.meta.url);" }],
  [
    'has no import cycles',
    cycles,
    { 'src/io/a.ts': "import './b.ts';", 'src/io/b.ts': "import type { A } from './a.ts';" },
  ],
  ['has no dead files', deadFiles, { 'src/main.ts': "// import './io/a.ts'", 'src/io/a.ts': '' }],
  [
    'lets one file alone import each native package',
    crowdedPackages,
    { 'src/io/a.ts': "import koffi from 'koffi';", 'src/io/b.ts': "await import('koffi');" },
  ],
  ['keeps pure folders free of packages', impureFiles, { 'src/codec/a.ts': "import { connect } from 'node:net';" }],
  ['keeps pure folders free of time and chance', impureFiles, { 'src/outbox/a.ts': 'const nowMs = Date.now();' }],
  ['has no file above 400 lines', longFiles, { 'hw/client.c': 'x\n'.repeat(LINES_MAX + 1) }],
  ['spreads no object literal', spreadLiterals, { 'src/io/a.ts': 'const a = { ...{ b, c }, d };' }],
  ['has kebab-case file names that say something', badNames, { 'src/io/string-utils.ts': '' }],
  [
    'names each exported type once',
    typesNamedTwice,
    { 'src/io/a.ts': 'export interface A {}', 'src/hub/b.ts': 'export class A {}' },
  ],
  [
    'names each source file once',
    filesNamedTwice,
    { 'src/io/a.ts': '', 'src/driver/lines/a.ts': '', 'src/hub/a.ts': '' },
  ],
  ['opens each source file with a doc comment', uncommentedFiles, { 'src/io/a.ts': "import './b.ts';\n/** Late. */" }],
  ['links to files that exist', brokenLinks, { 'docs/a.md': 'see [b](../b.md#part)' }],
  [
    'names a test for each promise',
    unprovenPromises,
    {
      'docs/guarantees.md':
        '| promise | if | proof | control |\n|---|---|---|---|\n| It works | – | [the code](a.ts) | none |',
    },
  ],
];

describe('the repository', () => {
  const repository = readRepository();

  it.each(CHECKS)('%s', (_, check) => {
    expect(check(repository)).toEqual([]);
  });

  it('may have source files above 250 lines, which are listed', () => {
    const long = filesAbove(
      LINES_WITHOUT_QUESTION,
      new Map(sources(repository).map((path) => [path, repository.get(path) ?? ''])),
    );
    console.log(
      `Source files above ${LINES_WITHOUT_QUESTION} lines: does each hold one concept?\n  ${long.join('\n  ')}`,
    );
  });

  it('is listed in the table, folder by folder', () => {
    expect(new Set(sources(repository).map(roomOf))).toEqual(new Set(Object.keys(MAY_IMPORT)));
  });
});

describe('an untidy repository', () => {
  it.each(CHECKS)('negative control: %s', (_, check, untidy) => {
    expect(check(new Map(Object.entries(untidy)))).toHaveLength(1);
  });
});

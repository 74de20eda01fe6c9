/**
 * The order of the house, kept by a test: who may import whom, no cycles, no dead files, sizes, names, doc comments,
 * links. Each check is a function from files to complaints, so that a small untidy house can prove that it complains.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** Who may import whom, besides itself. A file directly in `src` is a place of its own. */
const MAY_IMPORT: Readonly<Record<string, string>> = {
  base: '',
  custody: 'base',
  ports: 'base custody',
  config: 'base',
  codec: 'base',
  driver: 'base codec',
  session: 'base custody',
  outbox: 'base custody',
  hub: 'base custody codec',
  flow: 'base custody driver session outbox hub ports',
  recording: 'base codec config driver hub',
  store: 'base custody ports',
  io: 'base ports',
  ops: 'base custody config flow recording ports io gateway',
  bench: 'base codec custody io ports config flow ops',
  cli: 'base config recording ops io store bench daemon',
  plan: 'base config session hub',
  machines: 'base config driver hub flow ports stations',
  stations: 'base custody ports config session outbox hub flow',
  gateway: 'base custody ports config driver session outbox hub flow machines plan stations',
  orders: 'base config custody session outbox hub flow ops gateway',
  storage: 'base config ports store io ops',
  'hub-access': 'base ports config hub io',
  daemon: 'base custody ports config hub flow store io ops gateway hub-access orders storage',
  main: 'base cli',
};

/** Folders that know no clock, timer, socket or file, and the packages each may use all the same. */
const PURE: Readonly<Record<string, string>> = {
  base: 'node:events typed-emitter',
  custody: '',
  config: 'node:module zod smol-toml re2js',
  codec: 'node:zlib node:buffer mqtt-packet',
  driver: '',
  session: '',
  outbox: '',
  hub: 'node:crypto',
};

const ONE_IMPORTER = ['mqtt-packet', 'serialport', 'better-sqlite3', 'koffi', 'prom-client', 're2js'];
const IMPURE_WORDS =
  /\b(Date\.now|new Date\(\)|set(Timeout|Interval|Immediate)\(|process\.|performance\.|Math\.random)/;
const NOT_A_NAME = /(^|-)(data|info|items?|manager|handlers?|helpers?|utils?|common|misc|tmp|perform|execute)(-|\.|$)/;
const LINES_MAX = 400;
/** One file to copy into firmware is the point of it; with its header it is all there is. */
const MAY_BE_LONG = 'hw/client/holdfast_sn.c';

/** Path from the root of the repository → text. */
type House = ReadonlyMap<string, string>;

const IMPORT = /(?:\bfrom|\bimport|\bimport\(|\brequire\(|\)\()\s*['"]([^'"\n]+)['"]/g;
const REFERENCE = /\bnew URL\(\s*['"](\.[^'"\n]+)['"]/g;
const COMMENT = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm;

/** Packages by name, files by path from the root. */
function namesIn(house: House, path: string, pattern: RegExp): string[] {
  const code = (house.get(path) ?? '').replace(COMMENT, '');
  return [...code.matchAll(pattern)].map(([, name = '']) => (name.startsWith('.') ? join(dirname(path), name) : name));
}

const importsOf = (house: House, path: string): string[] => namesIn(house, path, IMPORT);
/** Also the files of workers and child processes, which are named by URL. */
const usesOf = (house: House, path: string): string[] => [
  ...importsOf(house, path),
  ...namesIn(house, path, REFERENCE),
];
const sources = (house: House): string[] => [...house.keys()].filter((path) => /^src\/.*\.ts$/.test(path));
const placeOf = (path: string): string => /^src\/([^/.]+)/.exec(path)?.[1] ?? '';

function forbiddenImports(house: House): string[] {
  return sources(house).flatMap((path) => {
    const allowed = [placeOf(path), ...(MAY_IMPORT[placeOf(path)] ?? '').split(' ')];
    const targets = importsOf(house, path).filter((target) => target.startsWith('src/'));
    return targets.filter((target) => !allowed.includes(placeOf(target))).map((target) => `${path} imports ${target}`);
  });
}

function missingTargets(house: House): string[] {
  return sources(house).flatMap((path) =>
    usesOf(house, path)
      .filter((target) => target.startsWith('src/') && target.endsWith('.ts') && !house.has(target))
      .map((target) => `${path} names ${target}, which does not exist`),
  );
}

function cycles(house: House): string[] {
  const finished = new Set<string>();
  const walk = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [[...trail.slice(trail.indexOf(path)), path].join(' → ')];
    if (finished.has(path)) return [];
    const found = importsOf(house, path)
      .filter((target) => house.has(target))
      .flatMap((target) => walk(target, [...trail, path]));
    finished.add(path);
    return found;
  };
  return sources(house).flatMap((path) => walk(path, []));
}

function deadFiles(house: House): string[] {
  const alive = new Set<string>();
  const visit = (path: string): void => {
    if (alive.has(path) || !house.has(path)) return;
    alive.add(path);
    usesOf(house, path).forEach(visit);
  };
  visit('src/main.ts');
  for (const path of house.keys()) if (/^test\/.*\.test\.ts$/.test(path)) visit(path);
  for (const [path] of (house.get('package.json') ?? '').matchAll(/test\/[\w/.-]+\.ts/g)) visit(path);
  return [...house.keys()].filter((path) => /^(src|test)\/.*\.ts$/.test(path) && !alive.has(path));
}

function crowdedPackages(house: House): string[] {
  return ONE_IMPORTER.flatMap((name) => {
    const importers = sources(house).filter((path) => importsOf(house, path).includes(name));
    return importers.length > 1 ? [`${name} is imported by ${importers.join(', ')}`] : [];
  });
}

function impureFiles(house: House): string[] {
  return sources(house).flatMap((path) => {
    const allowed = PURE[placeOf(path)]?.split(' ');
    if (allowed === undefined) return [];
    const packages = importsOf(house, path).filter((name) => !name.startsWith('src/') && !allowed.includes(name));
    const word = IMPURE_WORDS.exec((house.get(path) ?? '').replace(COMMENT, ''));
    return [...packages, ...(word === null ? [] : [word[0]])].map((name) => `${path} uses ${name}`);
  });
}

function longFiles(house: House): string[] {
  return [...house]
    .filter(([path]) => /^(src|test|hw)\/.*\.(ts|sql|c|h|sh)$/.test(path))
    .map(([path, text]) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ path, lines }) => lines > LINES_MAX && path !== MAY_BE_LONG)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
}

function badNames(house: House): string[] {
  return [...house.keys()].filter((path) => {
    const name = path.split('/').at(-1) ?? '';
    return /^(src|test)\/.*\.ts$/.test(path) && (NOT_A_NAME.test(name) || !/^[a-z0-9]+([-.][a-z0-9]+)*$/.test(name));
  });
}

function uncommentedFiles(house: House): string[] {
  return sources(house).filter((path) => !/^(#!.*\n)?\/\*\*/.test(house.get(path) ?? ''));
}

function brokenLinks(house: House): string[] {
  const places = new Set([...house.keys()].flatMap((path) => [path, ...parents(path)]));
  return [...house].flatMap(([path, text]) => {
    const links = path.endsWith('.md') ? [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link = '']) => link) : [];
    const relative = links.filter((link) => !/^[a-z]+:/i.test(link));
    return relative
      .filter((link) => !places.has(normalize(join(dirname(path), link)).replace(/\/$/, '')))
      .map((link) => `${path} links to ${link}`);
  });
}

function parents(path: string): string[] {
  const parent = dirname(path);
  return parent === '.' ? [parent] : [parent, ...parents(parent)];
}

/** The checks, and for each a house that it must complain about. */
const CHECKS: readonly (readonly [string, (house: House) => string[], Readonly<Record<string, string>>])[] = [
  ['imports only what its folder may', forbiddenImports, { 'src/hub/a.ts': "import { b } from '../outbox/b.ts';" }],
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
  ['has kebab-case file names that say something', badNames, { 'src/io/string-utils.ts': '' }],
  ['opens each source file with a doc comment', uncommentedFiles, { 'src/io/a.ts': "import './b.ts';\n/** Late. */" }],
  ['links to files that exist', brokenLinks, { 'docs/a.md': 'see [b](../b.md#part)' }],
];

function readHouse(root: string): House {
  const read = (folder: string): [string, string][] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (/^(node_modules|\.git|\.holdfast|tmp)$/.test(entry.name)) return [];
      if (entry.isDirectory()) return read(path);
      return entry.isFile() ? [[path, readFileSync(join(root, path), 'utf8')]] : [];
    });
  return new Map(read('.'));
}

describe('the house', () => {
  const house = readHouse(fileURLToPath(new URL('..', import.meta.url)));

  it.each(CHECKS)('%s', (_, check) => {
    expect(check(house)).toEqual([]);
  });

  it('is listed in the table, folder by folder', () => {
    expect(new Set(sources(house).map(placeOf))).toEqual(new Set(Object.keys(MAY_IMPORT)));
  });
});

describe('an untidy house', () => {
  it.each(CHECKS)('would be noticed: %s', (_, check, untidy) => {
    expect(check(new Map(Object.entries(untidy)))).toHaveLength(1);
  });
});

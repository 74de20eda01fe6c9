/** Division of the package into files: few files for a start, none of them in a circle, and no gateway in a thread or a short command. */
import { describe, expect, it } from 'vitest';
import { gatewayChunks, type ImportGraph } from '../../package/chunks.ts';

/** Imports of each module; a dynamic import begins with `?`. */
const MODULES: Readonly<Record<string, string>> = {
  main: 'fault ?program',
  program: 'fault words ?run ?status ?check',
  run: 'fault ?daemon ?worker ?page',
  daemon: 'fault schema flow words report',
  worker: 'fault rows',
  page: 'report',
  status: 'report words',
  check: 'schema report',
  schema: '/node_modules/zod/index.js',
  flow: 'rows',
  rows: 'fault',
  report: 'fault',
  words: '',
  fault: '',
};
const STARTS = { steps: ['main', 'program', 'run', 'daemon'], threads: ['worker', 'page'] };
const at = (name: string): string => (name.startsWith('/node_modules') ? name : `/${name}`);

const graph: ImportGraph = (id) => {
  const imports = MODULES[id.slice(1)] ?? (id.startsWith('/node_modules') ? '' : undefined);
  if (imports === undefined) return null;
  const names = imports.split(' ').filter((name) => name !== '');
  return {
    importedIds: names.filter((name) => !name.startsWith('?')).map(at),
    dynamicallyImportedIds: names.filter((name) => name.startsWith('?')).map((name) => at(name.slice(1))),
  };
};

/** Files that each file imports. A module without a place has a file of its own. */
function importsOfFiles(fileOf: (id: string) => string): Map<string, Set<string>> {
  const files = new Map<string, Set<string>>();
  for (const id of Object.keys(MODULES).map(at)) {
    const found = files.get(fileOf(id)) ?? new Set();
    for (const one of graph(id)?.importedIds ?? []) if (fileOf(one) !== fileOf(id)) found.add(fileOf(one));
    files.set(fileOf(id), found);
  }
  return files;
}

function loaded(files: Map<string, Set<string>>, start: string): Set<string> {
  const all = new Set([start]);
  for (const file of all) for (const next of files.get(file) ?? []) all.add(next);
  return all;
}

const inCircle = (files: Map<string, Set<string>>): string[] =>
  [...files.keys()].filter((file) => [...(files.get(file) ?? [])].some((next) => loaded(files, next).has(file)));

describe('the files of the package', () => {
  const places = gatewayChunks(graph, '/', STARTS);
  const fileOf = (id: string): string => places.get(id) ?? id;
  const files = importsOfFiles(fileOf);
  const isLoaded = (start: string, id: string): boolean => loaded(files, fileOf(`/${start}`)).has(fileOf(`/${id}`));

  it('hold the modules that only the gateway loads in one file', () => {
    expect(fileOf('/flow')).toBe(fileOf('/daemon'));
    expect(fileOf('/schema')).toBe(fileOf('/node_modules/zod/index.js'));
  });

  it('never import each other in a circle', () => {
    expect(inCircle(files)).toEqual([]);
  });

  it('negative control: files by folder import each other in a circle', () => {
    expect(inCircle(importsOfFiles((id) => (/flow|fault/.test(id) ? 'a' : 'b')))).not.toEqual([]);
  });

  it('give the module of the process a file of its own', () => {
    expect(places.has('/main')).toBe(false);
  });

  it.each(['program', 'run', 'worker', 'page', 'status'])('do not load the gateway for %s', (start) => {
    expect(isLoaded(start, 'daemon')).toBe(false);
    expect(isLoaded(start, 'schema')).toBe(false);
  });

  it('load what a module imports', () => {
    expect(isLoaded('worker', 'rows')).toBe(true);
    expect(isLoaded('check', 'schema')).toBe(true);
  });
});

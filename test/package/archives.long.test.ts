/** Content of the packages: the same bytes from the same commit, for both architectures, every part named and licensed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ARCHITECTURES } from '../../package/architecture.ts';
import type { BillOfMaterials } from '../../package/bill-of-materials.ts';
import { outputOf } from '../../package/subprocess.ts';
import { keyRows } from '../../src/config/key-table.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { type BuiltPackages, buildPackages } from './packages.ts';

const ROOT = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'holdfast-archives-'));
/** A second checkout, with the same packages by hard links. `tmp` is ignored by git. */
const copy = join(ROOT, 'tmp/second-checkout');
const INSTALLED_BYTES_MAX = 150e6;

function build(from: string, out: string, words: readonly string[], environment: Record<string, string>): string {
  const shell = `umask ${environment.UMASK ?? '022'} && exec "$0" "$@"`;
  const all = [join(from, 'package/build.ts'), '--out', join(folder, out), '--level', '0', ...words];
  outputOf('sh', ['-c', shell, process.execPath, ...all], { environment });
  return readFileSync(join(folder, out, 'SHA256SUMS'), 'utf8');
}

/** Packages of this checkout by architecture, each built alone. */
const built = new Map<string, BuiltPackages>();
let sums = '';
beforeAll(async () => {
  for (const { debian } of ARCHITECTURES) {
    const packages = await buildPackages(debian);
    built.set(debian, packages);
    sums += readFileSync(join(packages.dist, 'SHA256SUMS'), 'utf8');
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(copy, { recursive: true, force: true });
});
const debOf = (debian: string): string => built.get(debian)?.deb ?? '';

it('are the same bytes from another folder, at another time, with another umask, language and time zone', () => {
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  for (const name of outputOf(
    'git',
    ['-c', 'safe.directory=*', 'ls-files', '--others', '--cached', '--exclude-standard'],
    { cwd: ROOT },
  )
    .trim()
    .split('\n'))
    cpSync(join(ROOT, name), join(copy, name));
  execFileSync('cp', ['-al', join(ROOT, 'node_modules'), copy]);
  const environment = { UMASK: '077', LANG: 'de_DE.UTF-8', TZ: 'Asia/Tokyo' };
  expect(build(copy, 'second', [], environment)).toBe(sums);
});

it('negative control: another time of the sources gives other bytes', () => {
  const [amd64] = build(ROOT, 'third', ['--arch', 'amd64', '--no-tarball'], { SOURCE_DATE_EPOCH: '1700000000' }).split(
    '\n',
  );
  expect(amd64).toMatch(/_amd64\.deb$/);
  expect(sums.split('\n')).not.toContain(amd64);
});

describe.each(ARCHITECTURES)('for $debian', ({ debian, npm }) => {
  const inside = (path: string): string => join(built.get(debian)?.tree ?? '', path);
  const read = (path: string): string => readFileSync(inside(path), 'utf8');
  const files = (path: string): string[] =>
    readdirSync(inside(path), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  it('the bill of materials lists the packages inside and no others, and each has its licence', () => {
    const bill = JSON.parse(read('usr/share/doc/holdfast/sbom.cdx.json')) as BillOfMaterials;
    const installed = files('usr/lib/holdfast/node_modules')
      .filter((path) => /node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path))
      .map((path) => JSON.parse(readFileSync(path, 'utf8')).name);
    // the bundler writes the path of each module above its code
    const bundled = files('usr/lib/holdfast/lib')
      .filter((path) => path.endsWith('.js'))
      .flatMap((path) => [
        ...readFileSync(path, 'utf8').matchAll(/^\/\/ node_modules\/(?:.*\/node_modules\/)?((?:@[^/]+\/)?[^/]+)\//gm),
      ])
      .map(([, name]) => name);
    const listed = bill.components.map(({ name }) => name);
    // the code of a few listed packages has no such line
    expect([...installed, ...bundled].filter((name) => !listed.includes(name))).toEqual([]);
    expect(listed).toEqual(
      expect.arrayContaining(['zod', 'idiomorph', 'serialport', `node-linux-${npm}`, `@koromix/koffi-linux-${npm}`]),
    );
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(listed.filter((name) => name in devDependencies)).toEqual([]);
    expect(listed.filter((name) => /linux-|darwin|win32/.test(name))).toHaveLength(2);
    const inner = bill.components.flatMap(({ components = [] }) => components);
    expect(inner.filter((part) => !/\d/.test(part.version))).toEqual([]);
    expect(inner.map(({ name }) => name)).toEqual(expect.arrayContaining(['sqlite', 'node', 'openssl', 'v8', 'uv']));
    const licences = read('usr/share/doc/holdfast/copyright');
    for (const { name, version: one } of bill.components.filter((part) => !part.name.startsWith('@koromix/')))
      expect(licences).toContain(`\n${name} ${one} (`);
    expect(licences).toMatch(/Node\.js is licensed for use as follows/);
  });

  it('needs no newer libraries than it declares, and stays within its size', () => {
    const control = read('DEBIAN/control');
    const code = files('usr/lib/holdfast/node_modules').filter((path) => /\.node$|\/bin\/node$/.test(path));
    expect(code).toHaveLength(4);
    const newest = (symbol: RegExp): number =>
      Math.max(
        ...code.flatMap((path) => [...readFileSync(path, 'latin1').matchAll(symbol)].map(([, minor]) => Number(minor))),
      );
    expect(control).toContain(`libc6 (>= 2.${newest(/\0GLIBC_2\.(\d+)(?=[.\0])/g)})`);
    // GCC 11 is the first with GLIBCXX_3.4.29
    expect(newest(/\0GLIBCXX_3\.4\.(\d+)(?=\0)/g)).toBe(29);
    expect(control).toContain('libstdc++6 (>= 11)');
    expect(Number(/^Installed-Size: (\d+)$/m.exec(control)?.[1]) * 1024).toBeLessThan(INSTALLED_BYTES_MAX);
  });

  it('has only files of root, without write permission for others', () => {
    const lines = outputOf('dpkg-deb', ['--contents', debOf(debian)])
      .trim()
      .split('\n');
    expect(lines.length).toBeGreaterThan(100);
    expect(lines.filter((line) => !/^([d-]rw[x-]r-[x-]r-[x-]|lrwxrwxrwx) root\/root /.test(line))).toEqual([]);
  });

  it.skipIf(spawnSync('lintian', ['--version']).status !== 0)('has no complaint of lintian', () => {
    const { stdout, stderr } = spawnSync('lintian', ['--allow-root', debOf(debian)], { encoding: 'utf8' });
    expect(`${stdout}${stderr}`.replace(/^N: .*\n?/gm, '')).toBe('');
  });

  it('has every file that the page about the service names', () => {
    const named = [
      ...readFileSync(join(ROOT, 'systemd/README.md'), 'utf8').matchAll(/\/(usr\/lib\/holdfast\/[\w./-]+)/g),
    ];
    const paths = named.map(([, path = '']) => path).filter((path) => !path.endsWith('/NAME'));
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.filter((path) => !existsSync(inside(path)))).toEqual([]);
  });

  it('has every device profile, where its program looks for them', () => {
    const names = readdirSync(join(ROOT, 'profiles'));
    expect(readdirSync(inside('usr/lib/holdfast/profiles'))).toEqual(names);
    if (npm !== process.arch) return;
    const listed = outputOf(inside('usr/lib/holdfast/bin/holdfast'), ['profiles', 'list', '--json']);
    expect(JSON.parse(listed).profiles.map(({ id }: { id: string }) => `${id}.toml`)).toEqual(names);
  });

  it('has an example of a configuration that is valid, with every key', () => {
    const example = read('etc/holdfast/holdfast.toml.example');
    expect(parseConfig(example)).toMatchObject({ ok: true });
    for (const { key } of keyRows()) expect(example).toMatch(new RegExp(`^#?${key} =`, 'm'));
    expect(Object.keys(parse(example))).toEqual(expect.arrayContaining(['gateway', 'hub', 'link', 'subdevice']));
  });
});

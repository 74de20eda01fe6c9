/** Packages of others: which bytes of them reach a gateway is fixed in this repository. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
}
type Wanted = Readonly<Record<string, Readonly<Record<string, string>>>>;

const read = (name: string): string => readFileSync(join(import.meta.dirname, '../..', name), 'utf8');

/** Packages for development may lack the hash of the builds for other systems, which npm does not install. */
function problemsOf(manifest: Wanted, packages: Readonly<Record<string, Locked>>, settings: string): string[] {
  const wanted = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((key) =>
    Object.entries(manifest[key] ?? {}),
  );
  const shipped = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  return [
    ...wanted.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)).map(([name]) => `${name} has no exact version`),
    ...shipped.filter(([, one]) => !/^sha512-.{88}$/.test(one.integrity ?? '')).map(([path]) => `${path} has no hash`),
    ...Object.entries(packages)
      .filter(([, { resolved }]) => resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/'))
      .map(([path]) => `${path} is from another place`),
    ...(/^ignore-scripts=true$/m.test(settings) ? [] : ['scripts run at the installation']),
  ];
}

it('have exact versions and a hash each, and no script runs at their installation', () => {
  const { packages } = JSON.parse(read('package-lock.json'));
  expect(Object.keys(packages).length).toBeGreaterThan(100);
  expect(problemsOf(JSON.parse(read('package.json')), packages, read('.npmrc'))).toEqual([]);
});

it('negative control: a range, a package without a hash and another registry are found', () => {
  const packages = { 'node_modules/a': { version: '1.2.3', resolved: 'https://example.org/a.tgz' } };
  expect(problemsOf({ dependencies: { a: '^1.2.3' } }, packages, '')).toHaveLength(4);
});

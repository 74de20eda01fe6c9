/** Part of `package.json` and of the lockfile for the packages that are installed beside the program. */

export interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

interface LockedPackage {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface LockFile {
  /** Packages by path, such as `node_modules/a/node_modules/b`; the project itself is ``. */
  readonly packages: Readonly<Record<string, LockedPackage>>;
  readonly [key: string]: unknown;
}

/** Keys of `package.json` that a package for users has. */
const KEPT = ['name', 'version', 'description', 'license', 'private', 'type', 'engines', 'os', 'bin'];

/** @param installed names of packages; each is in the lockfile */
export function installedPart(
  manifest: Manifest,
  { packages, ...head }: LockFile,
  installed: readonly string[],
): { readonly manifest: object; readonly lock: object } {
  const dependencies = Object.fromEntries(
    installed.map((name) => {
      const version = packages[`node_modules/${name}`]?.version;
      if (version === undefined) throw new Error(`${name} is not in the lockfile`);
      return [name, version];
    }),
  );
  const { optionalDependencies } = manifest;
  const own = Object.fromEntries(KEPT.map((key) => [key, manifest[key]]));
  const needed = new Set<string>();
  for (const name of [...installed, ...Object.keys(optionalDependencies)]) addNeeded(packages, name, '', needed);
  const kept = Object.entries(packages).filter(([path]) => needed.has(path));
  const root = { ...own, dependencies, optionalDependencies };
  return { manifest: root, lock: { ...head, packages: { '': root, ...Object.fromEntries(kept) } } };
}

/** Adds the path of a package and of everything that it needs. @param from path of the package that needs it */
function addNeeded(packages: LockFile['packages'], name: string, from: string, needed: Set<string>): void {
  const path = pathSeenFrom(packages, name, from);
  if (path === undefined || needed.has(path)) return;
  needed.add(path);
  const { dependencies = {}, optionalDependencies = {} } = packages[path] ?? {};
  for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) addNeeded(packages, next, path, needed);
}

/** Finds a package as Node does: in the folder of the package that needs it, then in the folders above. */
function pathSeenFrom(packages: LockFile['packages'], name: string, from: string): string | undefined {
  const path = `${from}${from === '' ? '' : '/'}node_modules/${name}`;
  if (path in packages) return path;
  return from === '' ? undefined : pathSeenFrom(packages, name, from.replace(/\/?node_modules\/(@[^/]+\/)?[^/]+$/, ''));
}

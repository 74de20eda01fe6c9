/**
 * Bill of materials in CycloneDX: the packages whose files are in the product, as npm describes them from the lockfile,
 * with SQLite within better-sqlite3 and the libraries within Node. Source: CycloneDX 1.5, JSON reference.
 */
import { createHash } from 'node:crypto';
import { sqliteVersion } from '../src/store/database.ts';
import type { Part } from './licence-texts.ts';
import { ROOT, readManifest } from './program.ts';
import { outputOf } from './subprocess.ts';

interface Component {
  readonly 'bom-ref'?: string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly components?: readonly Component[];
  readonly [key: string]: unknown;
}

export interface BillOfMaterials {
  readonly metadata: { readonly component: Component; readonly [key: string]: unknown };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
  readonly [key: string]: unknown;
}

/** Entries of `process.versions` that are versions of interfaces and not of code. A library that is not built in has no version. */
const INTERFACES = ['node', 'modules', 'napi', 'unicode'];

/** @throws if a part is not in the lockfile */
export function billOfMaterials(parts: readonly Part[], epoch: number): BillOfMaterials {
  // Not --omit=dev: npm 11 then also leaves out packages that are needed both in production and for development.
  const words = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];
  const ofLockfile = JSON.parse(outputOf('npm', words, { cwd: ROOT })) as BillOfMaterials;
  const wanted = new Set(parts.map(({ name, version }) => `${name}@${version}`));
  const components = ofLockfile.components
    .filter(({ name, version }) => wanted.delete(`${name}@${version}`))
    .map(withInnerParts);
  if (wanted.size > 0) throw new Error(`not in the lockfile: ${[...wanted].join(', ')}`);
  const { name, version } = readManifest();
  const own = Object.assign({}, ofLockfile.metadata.component, { type: 'application', name });
  const refs = new Set([`${name}@${version}`, ...components.map((component) => component['bom-ref'])]);
  const dependencies = ofLockfile.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));
  const metadata = { timestamp: new Date(epoch * 1000).toISOString(), component: own };
  const content = { metadata, components, dependencies };
  const { $schema, bomFormat, specVersion } = ofLockfile;
  return Object.assign({ $schema, bomFormat, specVersion, serialNumber: serialOf(content), version: 1 }, content);
}

/** Number that depends on the content only, in the form of a UUID of version 8. Source: RFC 9562, section 5.8. */
function serialOf(content: object): string {
  const bytes = createHash('sha256').update(JSON.stringify(content)).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return `urn:uuid:${bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}`;
}

function withInnerParts(component: Component): Component {
  const { name, version } = component;
  if (name === 'better-sqlite3') {
    return Object.assign({}, component, { components: [innerPart('sqlite', sqliteVersion())] });
  }
  if (!name.startsWith('node-linux-')) return component;
  if (process.versions.node !== version)
    throw new Error(`the build runs on Node ${process.versions.node}, and ${version} is in the lockfile: use bin/node`);
  const libraries = Object.entries(process.versions)
    .filter(([library, one]) => !INTERFACES.includes(library) && one !== '')
    .map(([library, one]) => innerPart(library, one ?? ''));
  return Object.assign({}, component, { components: [innerPart('node', version), ...libraries] });
}

function innerPart(name: string, version: string): Component {
  const purl = `pkg:generic/${name}@${encodeURIComponent(version)}`;
  return { type: name === 'node' ? 'platform' : 'library', name, version, purl };
}

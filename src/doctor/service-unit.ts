/** State of the systemd service, as systemctl(1) reports it, and the keys of its unit file (systemd.syntax(7)). */
import { isInContainer } from '../io/container.ts';
import { runProgram } from '../io/program-output.ts';

export const UNIT = 'holdfast.service';

const PROPERTIES = [
  'LoadState',
  'ActiveState',
  'SubState',
  'UnitFileState',
  'NRestarts',
  'Result',
  'ExecMainStatus',
  'NeedDaemonReload',
  'FragmentPath',
  'DropInPaths',
  'MemoryCurrent',
  'MemoryMax',
  'WatchdogUSec',
  'User',
] as const;

type Property = (typeof PROPERTIES)[number];

export type ServiceReading =
  | { readonly kind: 'loaded'; readonly of: (name: Property) => string }
  | { readonly kind: 'unknown'; readonly why: string };

/** Reason for which checks of the service are skipped in a container without systemd. */
export const OUTSIDE_SYSTEMD =
  'This is a container: systemd is not visible, and podman or docker restarts the gateway.';

export async function readService(signal: AbortSignal): Promise<ServiceReading> {
  const shown = await runProgram('systemctl', ['show', UNIT, `--property=${PROPERTIES.join(',')}`], signal);
  if (!shown.ok)
    return {
      kind: 'unknown',
      why: isInContainer() ? OUTSIDE_SYSTEMD : `The state of the service is unknown: ${shown.why}.`,
    };
  const values = new Map(
    shown.text
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
  );
  if (values.get('LoadState') !== 'loaded') return { kind: 'unknown', why: `${UNIT} is not installed.` };
  return { kind: 'loaded', of: (name) => values.get(name) ?? '' };
}

/**
 * Reads the assignments of unit files, in their order. A later value of a key replaces an earlier one, except for keys
 * that form lists; an empty value empties a list.
 * @returns `Section.Key` → values
 */
export function readUnitFiles(texts: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const text of texts) {
    let section = '';
    for (const line of text
      .replaceAll(/\\\n/g, ' ')
      .split('\n')
      .map((one) => one.trim())) {
      if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
      const heading = /^\[(.+)\]$/.exec(line)?.[1];
      if (heading !== undefined) {
        section = heading;
        continue;
      }
      const [, key, value = ''] = /^([A-Za-z]+)\s*=\s*(.*)$/.exec(line) ?? [];
      if (key === undefined) continue;
      const name = `${section}.${key}`;
      const before = LISTS.has(key) && value !== '' ? (found.get(name) ?? []) : [];
      found.set(name, value === '' ? [''] : [...before.filter((one) => one !== ''), value]);
    }
  }
  return found;
}

/** Keys of the packaged unit whose assignments add up. */
const LISTS: ReadonlySet<string> = new Set([
  'Environment',
  'DeviceAllow',
  'SystemCallFilter',
  'LoadCredential',
  'After',
]);

/** One key whose value differs from the packaged unit. */
export interface UnitDifference {
  readonly key: string;
  /** Values, empty if the key is not set. */
  readonly installed: readonly string[];
  readonly packaged: readonly string[];
}

/** Keys that a site changes on purpose. */
const OF_THE_SITE: ReadonlySet<string> = new Set([
  'Unit.Description',
  'Unit.Documentation',
  'Service.ExecStartPre',
  'Service.LoadCredential',
  'Service.SetCredential',
  'Service.IPAddressDeny',
  'Service.IPAddressAllow',
]);

export function differencesOf(
  installed: ReadonlyMap<string, readonly string[]>,
  packaged: ReadonlyMap<string, readonly string[]>,
): UnitDifference[] {
  const keys = [...new Set([...packaged.keys(), ...installed.keys()])].filter((key) => !OF_THE_SITE.has(key));
  return keys.flatMap((key) => {
    const [here = [], there = []] = [installed.get(key), packaged.get(key)];
    const isSame = here.length === there.length && here.toSorted().join('\n') === there.toSorted().join('\n');
    return isSame ? [] : [{ key, installed: here, packaged: there }];
  });
}

/** Configuration of a testbed's gateway, as text of a file. */
import { join } from 'node:path';
import type { FieldSubdevice } from '../../src/bench/subdevices/field-subdevice.ts';

type Table = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Keys set by a test; `link` goes into each link, `subdevice` into each subdevice. */
export type ConfigTables = Readonly<
  Partial<Record<'gateway' | 'hub' | 'outbox' | 'inbox' | 'link' | 'subdevice', Table>>
>;

/** Name of the gateway, and its client id at the hub. */
export const GATEWAY = 'gw';

/** Short pauses for fast tests: the minimum of the configuration, without growth, also on a machine that has just booted. */
const HUB_DEFAULTS = { reconnect_floor_ms: 100, reconnect_ceiling_ms: 200, boot_spread_ms: 0 };

export interface ConfigParts {
  readonly folder: string;
  readonly socketPath: string;
  /** Port of the hub, on this machine. */
  readonly port: number;
  /** One link for each subdevice. */
  readonly subdevices: readonly FieldSubdevice[];
  readonly tables: ConfigTables;
}

export function configText({ folder, socketPath, port, subdevices, tables }: ConfigParts): string {
  return [
    section('[gateway]', {
      name: GATEWAY,
      state_dir: join(folder, 'state'),
      allow_volatile_store: true,
      control_socket: socketPath,
      ...tables.gateway,
    }),
    section('[hub]', { profile: 'generic', host: '127.0.0.1', port, ...HUB_DEFAULTS, ...tables.hub }),
    section('[outbox]', tables.outbox ?? {}),
    section('[inbox]', tables.inbox ?? {}),
    ...subdevices.map(({ id, pty }) =>
      section('[[link]]', { name: `link-${id}`, path: pty.path, subdevices: [id], ...tables.link }),
    ),
    ...subdevices.map(({ id }) => section('[[subdevice]]', { id, ...tables.subdevice })),
  ].join('\n');
}

function section(heading: string, table: Table): string {
  // A string, a number, a boolean and a list of strings are the same in TOML and in JSON.
  return [heading, ...Object.entries(table).map(([key, value]) => `${key} = ${JSON.stringify(value)}`), ''].join('\n');
}

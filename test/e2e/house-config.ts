/** The configuration of the gateway in a house, as a file. */

type Table = Readonly<Record<string, string | number>>;

/** Keys by table; `link` goes into each link. */
export type ConfigPlan = Readonly<Partial<Record<'hub' | 'outbox' | 'inbox' | 'link', Table>>>;

export interface HousePlaces {
  /** Its name. */
  readonly gateway: string;
  readonly stateDir: string;
  readonly socketPath: string;
  readonly hubPort: number;
  readonly subdevices: readonly { readonly id: string; readonly pty: { readonly path: string } }[];
}

/** Quick, so that a test is: the floor of the configuration, and no growth that a test would have to sit out. */
const HUB_DEFAULTS = { reconnect_floor_ms: 100, reconnect_ceiling_ms: 200 };

export function houseConfig(places: HousePlaces, { config = {} }: { readonly config?: ConfigPlan }): string {
  const { gateway, stateDir, socketPath, hubPort, subdevices } = places;
  const sections = [
    section('[gateway]', { name: gateway, state_dir: stateDir, control_socket: socketPath }),
    section('[hub]', { profile: 'generic', host: '127.0.0.1', port: hubPort, ...HUB_DEFAULTS, ...config.hub }),
    section('[outbox]', config.outbox ?? {}),
    section('[inbox]', config.inbox ?? {}),
    ...subdevices.map(({ id, pty }) =>
      section('[[link]]', { name: `link-${id}`, path: pty.path, subdevices: [id], ...config.link }),
    ),
    ...subdevices.map(({ id }) => section('[[subdevice]]', { id })),
  ];
  return sections.join('\n');
}

function section(heading: string, table: Readonly<Record<string, string | number | readonly string[]>>): string {
  // a string, a number and a list of strings are the same in TOML and in JSON
  return [heading, ...Object.entries(table).map(([key, value]) => `${key} = ${JSON.stringify(value)}`), ''].join('\n');
}

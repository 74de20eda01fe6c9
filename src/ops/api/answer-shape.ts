/**
 * Shape of the answers of the control API, as far as the command line prints them. Answers are checked, since the process
 * on the socket may be another program or a gateway of another version. Pure.
 */

/** `maybe`: the shape or null. A list holds values of one shape; a record has any keys with such values. */
type Shape =
  | 'text'
  | 'number'
  | 'flag'
  | { readonly maybe: Shape }
  | { readonly list: Shape }
  | { readonly record: Shape }
  | { readonly keys: Readonly<Record<string, Shape>> };

const keys = (shapes: Readonly<Record<string, Shape>>): Shape => ({ keys: shapes });
const maybe = (shape: Shape): Shape => ({ maybe: shape });
const list = (shape: Shape): Shape => ({ list: shape });
const named = (names: string, shape: Shape): Record<string, Shape> =>
  Object.fromEntries(names.split(' ').map((name) => [name, shape]));

const AGE = keys({ ms: 'number', quality: 'text' });
const QUEUE = keys({
  ...named('messages bytes onDisk inFlight ratePerS messagesMax bytesMax', 'number'),
  oldest: maybe(AGE),
  etaMs: maybe('number'),
  overflow: 'text',
});
const SUM = keys({
  ...named('accepted delivered pending dead damaged imbalance', 'number'),
  shed: { record: 'number' },
});
const LINK = keys({
  ...named('name path driver state', 'text'),
  device: maybe('text'),
  lastProblem: maybe('text'),
  forMs: 'number',
  subdevices: list('text'),
  asleep: list(keys({ subdevice: 'text', lostInMs: 'number' })),
  counters: { record: 'number' },
  rates: list(keys(named('overS framesIn bytesIn broken', 'number'))),
  roundTrip: keys({ count: 'number', p50Ms: maybe('number'), p99Ms: maybe('number') }),
  recovery: keys(named('resync reopen toggle reauthorise', 'number')),
});

const HUB = keys({
  ...named('profile host clientId state', 'text'),
  ...named('port sessionsLost subscriptions subscriptionsMax', 'number'),
  since: maybe(AGE),
  lastProblem: maybe('text'),
  nextAttemptInMs: maybe('number'),
  session: keys({ away: maybe(AGE), keptMs: maybe('number'), isOver: 'flag' }),
  replay: maybe(keys(named('received expectedMax etaMs', 'number'))),
});

const STATUS = keys({
  losing: 'text',
  sentence: 'text',
  hub: HUB,
  links: list(LINK),
  outbox: QUEUE,
  inbox: QUEUE,
  conditions: list(keys({ losing: 'text', forMs: 'number', sentence: 'text', hint: maybe('text') })),
  store: keys({
    ...named('bytes walBytes commits', 'number'),
    path: 'text',
    freeBytes: maybe('number'),
    flashBytesWritten: maybe('number'),
    recovery: list('text'),
  }),
  process: keys({
    ...named('pid uptimeMs rssBytes', 'number'),
    gateway: 'text',
    version: 'text',
    clockTrusted: 'flag',
  }),
});

const LEDGER = keys({
  balances: 'flag',
  source: 'text',
  findings: list('text'),
  lanes: list(
    keys({
      ...named('accepted delivered pending dead damaged imbalance', 'number'),
      shed: { record: 'number' },
      subdevice: 'text',
      direction: 'text',
    }),
  ),
  totals: keys({ uplink: SUM, downlink: SUM }),
});

const SUBDEVICES = keys({
  subdevices: list(
    keys({
      ...named('uplinksPending downlinksPending', 'number'),
      id: 'text',
      link: maybe('text'),
      attached: 'flag',
      silentMs: maybe('number'),
      lostInMs: maybe('number'),
      subscriptions: list('text'),
    }),
  ),
});

const OUTBOX = keys({
  total: QUEUE,
  refused: { record: 'number' },
  shed: { record: 'number' },
  dead: 'number',
  lanes: list(
    keys({
      subdevice: 'text',
      class: 'text',
      oldest: maybe(AGE),
      etaMs: maybe('number'),
      ...named('messages bytes inFlight ratePerS', 'number'),
    }),
  ),
});

const HELD_PACKET = keys({
  ...named('packet name state', 'text'),
  ...named('closes firstCloseMs lastCloseMs', 'number'),
  triedAgainInMs: maybe('number'),
});

const DEAD_LETTERS = keys({
  ...named('kept keptMax gone', 'number'),
  next: maybe('number'),
  letters: list(
    keys({
      ...named('id bytes attempts', 'number'),
      subdevice: 'text',
      topic: 'text',
      reason: 'text',
      whole: 'flag',
      age: maybe(AGE),
      payload: maybe(keys({ text: maybe('text'), hex: 'text', cut: 'flag' })),
    }),
  ),
  setAside: list(HELD_PACKET),
});

const HUB_SUBSCRIPTIONS = keys({
  subscriptions: list(
    keys({
      ...named('filter state', 'text'),
      wantedBy: list('text'),
      reason: maybe('text'),
      evidence: maybe(HELD_PACKET),
    }),
  ),
  publishes: list(HELD_PACKET),
});

const SHAPES = {
  '/v1/status': STATUS,
  '/v1/ledger': LEDGER,
  '/v1/subdevices': SUBDEVICES,
  '/v1/hub-subscriptions': HUB_SUBSCRIPTIONS,
  '/v1/outbox': OUTBOX,
  '/v1/dead-letters': DEAD_LETTERS,
} as const;

/** Finds the first place of an answer that cannot be used, e.g. `hub.host`; `undefined`: the whole answer can be. */
export function unusableIn(path: keyof typeof SHAPES, answer: unknown): string | undefined {
  return misfit(SHAPES[path], answer, '');
}

function misfit(shape: Shape, value: unknown, place: string): string | undefined {
  const here = place === '' ? 'all of it' : place;
  if (typeof shape === 'string') return fits(shape, value) ? undefined : here;
  if ('maybe' in shape) return value === null ? undefined : misfit(shape.maybe, value, place);
  if ('list' in shape)
    return Array.isArray(value) ? firstOf(value.map((one, index) => [shape.list, one, `${place}[${index}]`])) : here;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return here;
  const below = (key: string): string => (place === '' ? key : `${place}.${key}`);
  const entries = new Map<string, unknown>(Object.entries(value));
  return 'record' in shape
    ? firstOf([...entries].map(([key, one]) => [shape.record, one, below(key)]))
    : firstOf(Object.entries(shape.keys).map(([key, one]) => [one, entries.get(key), below(key)]));
}

function firstOf(parts: readonly (readonly [Shape, unknown, string])[]): string | undefined {
  for (const part of parts) {
    const found = misfit(...part);
    if (found !== undefined) return found;
  }
  return undefined;
}

function fits(kind: 'text' | 'number' | 'flag', value: unknown): boolean {
  if (kind === 'text') return typeof value === 'string';
  return kind === 'number' ? Number.isFinite(value) : typeof value === 'boolean';
}

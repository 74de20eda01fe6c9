/** Metrics of the history. The order is the order of the columns in stored blocks: new metrics are added at the end. */

export interface MetricTerms {
  /** `rate`: sum over a step. `level`: mean over a step. */
  readonly kind: 'rate' | 'level';
  /** Unit of a value; of a rate, without the time. */
  readonly unit: string;
  /** Stored whole units in one unit of the value: 10 stores tenths, 1/1024 stores KiB of bytes. */
  readonly scale: number;
  readonly about: string;
}

export const HISTORY_METRICS = {
  uplinks_in: rate('messages', 'Uplinks accepted from subdevices'),
  uplinks_out: rate('messages', 'Uplinks delivered to the hub'),
  downlinks_in: rate('messages', 'Downlinks accepted from the hub'),
  downlinks_out: rate('messages', 'Downlinks delivered to subdevices'),
  backlog: level('messages', 1, 'Uplinks that wait for the hub'),
  backlog_bytes: level('bytes', 1 / 1024, 'Bytes of these uplinks'),
  inbox: level('messages', 1, 'Downlinks that wait for subdevices'),
  hub_connected: level('share', 1000, 'Share of the time with a connection to the hub'),
  hub_round_trip: level('ms', 10, 'Time from a PUBLISH to the PUBACK of the hub'),
  link_errors: rate('frames', 'Frames with errors on all links'),
  retries: rate('packets', 'Packets repeated to subdevices'),
  shed: rate('messages', 'Messages shed by a policy'),
  dead: rate('messages', 'Messages that became dead letters'),
  discarded: rate('messages', 'Messages discarded before custody'),
  rss: level('bytes', 1 / 1024, 'Resident memory of the gateway'),
  device_bytes: rate('bytes', 'Bytes that the gateway wrote to the storage device'),
  temperature: level('C', 10, 'Temperature of the hottest sensor'),
  throttled: level('share', 1000, 'Share of the time in which a Raspberry Pi was throttled or had too low a voltage'),
  history_bytes: rate('bytes', 'Part of the written bytes that this history caused'),
} as const satisfies Readonly<Record<string, MetricTerms>>;

export type HistoryMetric = keyof typeof HISTORY_METRICS;

export const METRIC_NAMES = Object.keys(HISTORY_METRICS) as readonly HistoryMetric[];

/** Values of one sample by the place of the metric in `METRIC_NAMES`; `null`: unknown. */
export type MetricValues = readonly (number | null)[];

export function isHistoryMetric(name: string): name is HistoryMetric {
  return Object.hasOwn(HISTORY_METRICS, name);
}

/** Terms of the metric at a place of `METRIC_NAMES`. */
export function termsAt(place: number): MetricTerms {
  const name = METRIC_NAMES[place];
  if (name === undefined) throw new Error(`there is no metric ${place}`);
  return HISTORY_METRICS[name];
}

function rate(unit: string, about: string): MetricTerms & { readonly kind: 'rate' } {
  return { kind: 'rate', unit, scale: unit === 'bytes' ? 1 / 1024 : 1, about };
}

function level(unit: string, scale: number, about: string): MetricTerms & { readonly kind: 'level' } {
  return { kind: 'level', unit, scale, about };
}

/** Answer of `GET /v1/forecast?outage=MS` as types: how long an outage of the hub fits. Times are durations in ms. */

export interface ForecastReport {
  /** Inflow over the last hour and over the last 24 h: the basis of all times. */
  readonly bases: readonly ForecastBasis[];
  /** Bounds of the uplinks and of the downlinks during an outage. */
  readonly bounds: readonly ForecastBound[];
  readonly outage: OutageForecast;
  /** Rules that apply when the outbox is full, in the order in which they act. */
  readonly whenFull: readonly FullRule[];
}

export interface ForecastBasis {
  readonly span: ForecastSpan;
  /** Time for which the history has samples, ms. */
  readonly coveredMs: number;
  /** False: too little time is covered, and no time rests on this basis. */
  readonly isEnough: boolean;
  /** Uplinks accepted in the covered time. */
  readonly uplinks: number;
  /** Bytes of those that would wait; `null`: the size of the messages is unknown. */
  readonly bytes: number | null;
  /** Downlinks accepted in the covered time. */
  readonly downlinks: number;
}

export type ForecastSpan = 'hour' | 'day';

/**
 * `messages`, `bytes`, `disk`, `age`: of the outbox. `inbox`: downlinks of one subdevice, if it is away. `hub store`,
 * `hub session`: downlinks at the hub while the gateway is away.
 */
export type ForecastBoundName = 'messages' | 'bytes' | 'disk' | 'age' | 'inbox' | 'hub store' | 'hub session';

export interface ForecastBound {
  readonly bound: ForecastBoundName;
  readonly of: 'uplinks' | 'downlinks';
  /** Subdevice of an inbox; `null`: none. */
  readonly subdevice: string | null;
  /** Room that is left, in `unit`; `null`: no bound, or unknown. */
  readonly room: number | null;
  readonly unit: 'messages' | 'bytes' | 'ms';
  /** Time until the bound is reached at each rate, ms; `null`: never at this rate, or unknown. */
  readonly inMs: Readonly<Record<ForecastSpan, number | null>>;
}

export interface OutageForecast {
  readonly ms: number;
  readonly uplinks: OutageFit;
  readonly downlinks: OutageFit;
  /** Backlog after the outage; `null`: the rate is unknown. */
  readonly backlog: { readonly messages: number; readonly bytes: number | null } | null;
  readonly drain: OutageDrain;
}

export interface OutageFit {
  /** `null`: not enough data. */
  readonly fits: boolean | null;
  /** Longest outage that fits, ms; `null`: no bound is reached, or not enough data. */
  readonly longestMs: number | null;
  /** Bound that is reached first; `null`: none, or not enough data. */
  readonly first: ForecastBoundName | null;
}

export interface OutageDrain {
  /** Time to drain the backlog after the outage, ms; `null`: unknown, or never. */
  readonly ms: number | null;
  /** Basis of the time, or the reason why there is none, as a sentence. */
  readonly basis: string;
}

export interface FullRule {
  readonly overflow: string;
  readonly links: readonly string[];
  readonly sentence: string;
}

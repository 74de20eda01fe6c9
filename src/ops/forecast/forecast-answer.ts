/** Answer of `GET /v1/forecast`: gathers the facts of the running gateway and of its history. */
import type { Custodian } from '../../custody/custodian.ts';
import type { GatewayView } from '../gateway-view.ts';
import type { HistoryReport } from '../reports/history-report.ts';
import type { StatusReport } from '../reports/report.ts';
import { type ForecastFacts, forecastOf, type Inflow } from './forecast.ts';
import type { ForecastReport, ForecastSpan } from './forecast-report.ts';
import { OUTAGE_MS_DEFAULT, OUTAGE_MS_MAX } from './outage.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const MINUTES: Readonly<Record<ForecastSpan, number>> = { hour: 60, day: 24 * 60 };
/** Metrics of the history that a forecast needs. */
export const FORECAST_METRICS = 'uplinks_in,uplinks_out,downlinks_in';

export interface ForecastSources {
  readonly gateway: GatewayView;
  readonly status: StatusReport;
  /** Minutes of the last 24 h. */
  readonly history: HistoryReport;
  /** Uplinks accepted before the start of the process. */
  readonly acceptedBefore: number;
}

export function forecastAnswer(options: ForecastSources, outageMs: number): ForecastReport {
  return forecastOf(factsOf(options), outageMs);
}

/** @returns ms of a query; the default if it names none */
export function outageIn(query: URLSearchParams): number {
  const text = query.get('outage') ?? '';
  return /^\d{1,12}$/.test(text) ? Math.min(OUTAGE_MS_MAX, Number(text)) : OUTAGE_MS_DEFAULT;
}

function factsOf({ gateway, status, history, acceptedBefore }: ForecastSources): ForecastFacts {
  const { config, uplinks, downlinks, registry, watch, outbox } = gateway;
  const { perS } = outbox.pacer;
  return {
    inflows: [inflowOf('hour', history), inflowOf('day', history)],
    outbox: status.outbox,
    oldestMs: status.outbox.oldest?.ms ?? 0,
    ageMsMax: config.outbox.ageHoursMax * HOUR_MS,
    room: status.store,
    accepted: acceptedBy(uplinks) - acceptedBefore,
    taken: uplinks.taken,
    limitPerS: Number.isFinite(perS) ? perS : undefined,
    fastestPerS: fastestPerS(history),
    inboxes: [...registry.all()].map(({ id, lane }) => ({
      subdevice: id,
      pending: downlinks.lane(lane).pending,
      accepted: downlinks.counts(lane).accepted,
    })),
    inboxMax: config.inbox.messagesMax,
    hubTerms: watch.tracker.terms,
    links: config.links.map(({ name, overflow }) => ({ name, overflow })),
  };
}

function acceptedBy(custodian: Custodian): number {
  return custodian.knownLanes().reduce((sum, lane) => sum + custodian.counts(lane).accepted, 0);
}

/** Uplinks delivered in the fastest of the newest 24 h, per second; 0: none. */
export function fastestPerS(history: HistoryReport): number {
  return Math.max(0, ...valuesOf(history, 'uplinks_out', MINUTES.day)) / 60;
}

/** Sums over the newest minutes. A minute without a sample is not covered. */
export function inflowOf(span: ForecastSpan, history: HistoryReport): Inflow {
  const uplinks = valuesOf(history, 'uplinks_in', MINUTES[span]);
  const downlinks = valuesOf(history, 'downlinks_in', MINUTES[span]);
  return { span, coveredMs: uplinks.length * MINUTE_MS, uplinks: sumOf(uplinks), downlinks: sumOf(downlinks) };
}

function valuesOf({ series }: HistoryReport, name: string, minutes: number): number[] {
  const points = series.find((one) => one.name === name)?.points ?? [];
  return points.slice(-minutes).flatMap(([, value]) => value ?? []);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Times that a page can cover: the question to the history, and its words. */

export interface PagePeriod {
  readonly name: PeriodName;
  /** `last 24 h` */
  readonly words: string;
  readonly ms: number;
  readonly step: 'minute' | 'hour';
}

export type PeriodName = 'hour' | 'day' | 'week' | 'month';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const PERIODS: Readonly<Record<PeriodName, PagePeriod>> = {
  hour: { name: 'hour', words: 'last hour', ms: HOUR_MS, step: 'minute' },
  day: { name: 'day', words: 'last 24 h', ms: DAY_MS, step: 'minute' },
  week: { name: 'week', words: 'last 7 days', ms: 7 * DAY_MS, step: 'hour' },
  month: { name: 'month', words: 'last 30 days', ms: 30 * DAY_MS, step: 'hour' },
};

/** @returns `undefined` for an unknown name */
export function periodNamed(name: string): PagePeriod | undefined {
  return Object.hasOwn(PERIODS, name) ? PERIODS[name as PeriodName] : undefined;
}

/** Query of the history of a period. @param nowMs Unix ms */
export function historyQuery({ ms, step }: PagePeriod, nowMs: number): string {
  return `?since=${Math.max(0, Math.round(nowMs - ms))}&until=${Math.round(nowMs)}&step=${step}`;
}

/** Query of the events of a period, as many as a page shows. */
export function eventsQuery({ ms }: PagePeriod, nowMs: number): string {
  return `?since=${Math.max(0, Math.round(nowMs - ms))}&limit=${EVENTS_SHOWN_MAX}`;
}

/** Largest number of events in a page. */
export const EVENTS_SHOWN_MAX = 120;

/** Forecast for a gateway that does not run: from the content of its store, its configuration and its history. Pure. */
import type { Config } from '../../config/schema.ts';
import { HUB_TERMS } from '../../hub/session/session-tracker.ts';
import type { HistoryReport } from '../reports/history-report.ts';
import type { OfflineReading } from '../reports/ledger-report.ts';
import { type BootMoment, offlineOutboxOf } from '../reports/offline-report.ts';
import { forecastOf } from './forecast.ts';
import { fastestPerS, inflowOf } from './forecast-answer.ts';
import type { ForecastReport } from './forecast-report.ts';

export interface StoredSources {
  readonly config: Config;
  readonly reading: OfflineReading;
  readonly moment: BootMoment;
  /** Last minutes of the history in the store, at least 24 h if it has them. */
  readonly history: HistoryReport;
  /** Free space on the disk of the store; `null`: unknown. */
  readonly freeBytes: number | null;
}

const HOUR_MS = 3_600_000;

/** The share of uplinks with QoS 0 is unknown, so all uplinks count as waiting: the forecast is cautious. */
export function storedForecast(sources: StoredSources, outageMs: number): ForecastReport {
  const { config, reading, moment, history, freeBytes } = sources;
  const { messages, bytes, oldest } = offlineOutboxOf(reading, moment).total;
  return forecastOf(
    {
      inflows: [inflowOf('hour', history), inflowOf('day', history)],
      outbox: { messages, bytes, messagesMax: config.outbox.messagesMax, bytesMax: config.outbox.bytesMax },
      oldestMs: oldest?.ms ?? 0,
      ageMsMax: config.outbox.ageHoursMax * HOUR_MS,
      room: { freeBytes, walBytes: reading.walBytes },
      accepted: 0,
      taken: { messages: 0, bytes: 0 },
      limitPerS: config.hub.messagesPerS === 0 ? undefined : config.hub.messagesPerS,
      fastestPerS: fastestPerS(history),
      inboxes: reading.lanes
        .filter(({ direction }) => direction === 'downlink')
        .map(({ subdevice, pending, counts }) => ({ subdevice, pending, accepted: counts.accepted })),
      inboxMax: config.inbox.messagesMax,
      hubTerms: config.hub.profile === 'generic' ? undefined : HUB_TERMS,
      links: config.links.map(({ name, overflow }) => ({ name, overflow })),
    },
    outageMs,
  );
}

/** Forecast from the store of a gateway that does not run. */
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../src/config/parse.ts';
import { ZERO } from '../../../../src/custody/ledger.ts';
import { storedForecast } from '../../../../src/ops/forecast/stored-forecast.ts';
import type { HistoryReport } from '../../../../src/ops/reports/history-report.ts';
import type { OfflineReading } from '../../../../src/ops/reports/ledger-report.ts';

const HOUR_MS = 3_600_000;
const CONFIG = parseConfig(`[gateway]
name = "gw"
state_dir = "/var/lib/holdfast"
[hub]
profile = "generic"
host = "hub"
port = 1883
messages_per_s = 10
[outbox]
messages_max = 10000
[[link]]
name = "l"
path = "/dev/serial/by-id/l"
subdevices = ["a"]
[[subdevice]]
id = "a"
`);
if (!CONFIG.ok) throw new Error('the configuration is invalid');
const { config } = CONFIG;

const READING: OfflineReading = {
  ...{ path: '/var/lib/holdfast/holdfast.db', bytes: 1, walBytes: 0, findings: [], losses: [], epochs: new Map() },
  subdevices: [{ id: 'a', link: 'l', lasting: true }],
  lanes: [
    {
      ...{ subdevice: 'a', owner: 'a', direction: 'uplink', counts: { ...ZERO, accepted: 4000 }, pending: 4000 },
      ...{ bytes: 400_000, oldest: undefined },
    },
    {
      ...{ subdevice: 'a', owner: 'a', direction: 'downlink', counts: { ...ZERO, accepted: 10 }, pending: 3 },
      ...{ bytes: 30, oldest: undefined },
    },
  ],
};

/** Samples of these uplinks per minute. */
function historyOf(minutes: readonly number[]): HistoryReport {
  const series = (name: 'uplinks_in' | 'uplinks_out' | 'downlinks_in') =>
    ({
      ...({ name, unit: 'messages/min', kind: 'rate', peaks: minutes } as const),
      points: minutes.map((value) => [null, name === 'downlinks_in' ? 0 : value] as const),
    }) as const;
  return { step: 'minute', nowMs: null, series: (['uplinks_in', 'uplinks_out', 'downlinks_in'] as const).map(series) };
}

const forecast = (minutes: readonly number[]) =>
  storedForecast(
    {
      config,
      reading: READING,
      moment: { bootId: undefined, upMs: 0 },
      history: historyOf(minutes),
      freeBytes: 2 ** 40,
    },
    HOUR_MS,
  );

describe('the forecast of a stopped gateway', () => {
  it('has the backlog of the store, the bounds of the configuration and the rate of the last samples', () => {
    const { outage, bounds } = forecast([...Array(600).fill(1), ...Array(60).fill(60)]);
    expect(bounds.find(({ bound }) => bound === 'messages')).toMatchObject({ room: 6000, inMs: { hour: 6000 * 1000 } });
    expect(bounds.find(({ bound }) => bound === 'inbox')).toMatchObject({ subdevice: 'a', room: 147 });
    expect(outage.uplinks).toEqual({ fits: true, longestMs: 6_000_000, first: 'messages' });
    expect(outage.backlog).toEqual({ messages: 7600, bytes: 760_000 });
    expect(outage.drain.ms).toBeCloseTo((7600 / 9) * 1000, 0);
  });

  it('says that it is unknown if the store has too few samples', () => {
    const { outage, bounds } = forecast([5, 5]);
    expect(outage.uplinks).toEqual({ fits: null, longestMs: null, first: null });
    expect(outage.backlog).toBeNull();
    expect(bounds.find(({ bound }) => bound === 'messages')).toMatchObject({
      room: 6000,
      inMs: { hour: null, day: null },
    });
  });
});

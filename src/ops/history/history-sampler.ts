/** Reads the values of one sample from the running gateway: differences of counters, and present levels. */
import { type Counts, shedTotal, subtractCounts } from '../../custody/ledger.ts';
import { type HistoryMetric, METRIC_NAMES, type MetricValues } from '../../history/history-metrics.ts';
import type { MachineReading } from '../../io/machine-readings.ts';
import type { GatewayView } from '../gateway-view.ts';
import { brokenFrames } from '../reports/link-report.ts';
import { sumOf } from '../reports/queue-reports.ts';

/** Counters from which rates are computed. */
interface Counters {
  readonly uplink: Counts;
  readonly downlink: Counts;
  readonly linkErrors: ReadonlyMap<string, number>;
  readonly retries: ReadonlyMap<string, number>;
  readonly discarded: number;
  readonly deviceBytes: number | null;
  readonly historyBytes: number;
}

export class HistorySampler {
  readonly #gateway: GatewayView;
  readonly #machine: () => MachineReading;
  readonly #historyBytes: () => number;
  #before: Counters;
  /** Time connected to the hub since the last sample, without the present connection. */
  #connectedMs = 0;
  #connectedSinceMs: number | undefined;
  #sampledAtMs: number;

  /** @param historyBytes bytes that the history has written since the start */
  constructor(gateway: GatewayView, machine: () => MachineReading, historyBytes: () => number) {
    this.#gateway = gateway;
    this.#machine = machine;
    this.#historyBytes = historyBytes;
    this.#sampledAtMs = gateway.clock.nowMs();
    this.#before = this.#counters(machine());
    gateway.facts.on('hubConnected', () => {
      this.#connectedSinceMs = gateway.clock.nowMs();
    });
    gateway.facts.on('hubLost', () => {
      this.#endConnection(gateway.clock.nowMs());
    });
  }

  /** Time since the last sample. */
  get elapsedMs(): number {
    return this.#gateway.clock.nowMs() - this.#sampledAtMs;
  }

  take(): MetricValues {
    const { uplinks, downlinks, outbox, clock } = this.#gateway;
    const nowMs = clock.nowMs();
    const machine = this.#machine();
    const [before, now] = [this.#before, this.#counters(machine)];
    const uplink = subtractCounts(now.uplink, before.uplink);
    const downlink = subtractCounts(now.downlink, before.downlink);
    const grown = (counter: 'linkErrors' | 'retries'): number =>
      [...now[counter]].reduce((sum, [link, count]) => sum + growth(before[counter].get(link) ?? 0, count), 0);
    const values: Readonly<Record<HistoryMetric, number | null>> = {
      uplinks_in: Math.max(0, uplink.accepted),
      uplinks_out: uplink.delivered,
      downlinks_in: Math.max(0, downlink.accepted),
      downlinks_out: downlink.delivered,
      backlog: uplinks.pending,
      backlog_bytes: uplinks.pendingBytes,
      inbox: downlinks.pending,
      hub_connected: this.#connectedShare(nowMs),
      hub_round_trip: outbox.roundTrips.takeMean() ?? null,
      link_errors: grown('linkErrors'),
      retries: grown('retries'),
      shed: Math.max(0, shedTotal(uplink) + shedTotal(downlink)),
      dead: Math.max(0, uplink.dead + downlink.dead),
      discarded: now.discarded - before.discarded,
      rss: machine.rssBytes,
      device_bytes:
        now.deviceBytes === null || before.deviceBytes === null ? null : now.deviceBytes - before.deviceBytes,
      temperature: machine.temperatureC,
      throttled: machine.isThrottled === null ? null : Number(machine.isThrottled),
      history_bytes: now.historyBytes - before.historyBytes,
    };
    this.#before = now;
    this.#sampledAtMs = nowMs;
    return METRIC_NAMES.map((name) => values[name]);
  }

  #connectedShare(nowMs: number): number | null {
    const isConnected = this.#connectedSinceMs !== undefined;
    this.#endConnection(nowMs);
    if (isConnected) this.#connectedSinceMs = nowMs;
    const elapsedMs = nowMs - this.#sampledAtMs;
    const share = elapsedMs <= 0 ? null : Math.min(1, this.#connectedMs / elapsedMs);
    this.#connectedMs = 0;
    return share;
  }

  #endConnection(nowMs: number): void {
    if (this.#connectedSinceMs === undefined) return;
    this.#connectedMs += nowMs - Math.max(this.#connectedSinceMs, this.#sampledAtMs);
    this.#connectedSinceMs = undefined;
  }

  #counters({ deviceBytes }: MachineReading): Counters {
    const { uplinks, downlinks, links, intake } = this.#gateway;
    const counters = links.states().map(({ plan }) => [plan.name, plan.machine.counters] as const);
    const discarded = intake
      .tallies()
      .filter(({ link, reason }) => link !== undefined && reason !== 'line not ended')
      .reduce((sum, { count }) => sum + count, 0);
    return {
      uplink: sumOf(uplinks),
      downlink: sumOf(downlinks),
      linkErrors: new Map(counters.map(([name, each]) => [name, brokenFrames(each)])),
      retries: new Map(counters.map(([name, each]) => [name, each.retries])),
      discarded,
      deviceBytes,
      historyBytes: this.#historyBytes(),
    };
  }
}

/** Growth of a counter that may have started again. */
function growth(before: number, now: number): number {
  return now >= before ? now - before : now;
}

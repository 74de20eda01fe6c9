/** The running gateway, as those who look in see it: fills the reports of `report.ts` from the stations. */
import { EventEmitter } from 'node:events';
import type { Direction } from '../base/message.ts';
import { type Age, ageOf } from '../base/time.ts';
import type { Custodian } from '../custody/custodian.ts';
import type { Lane } from '../custody/lane.ts';
import { addCounts, type Counts, settledTotal, subtractCounts, ZERO } from '../custody/ledger.ts';
import type { Gateway } from '../gateway.ts';
import { flashBytesWritten, freeBytesAt, sizeOf } from '../io/machine-facts.ts';
import { conditionsOf } from './conditions.ts';
import { type LaneReading, type LedgerReport, ledgerReportOf } from './ledger-report.ts';
import { EVENT_NAMES, tellFact } from './narration.ts';
import { Rate } from './rate.ts';
import type {
  Inspection,
  OutboxLane,
  OutboxReport,
  QueueReport,
  StatusReport,
  StoreReport,
  SubdevicesReport,
  TailEvent,
} from './report.ts';
import { hubReport, linkReports, subdevicesReport } from './station-reports.ts';
import { judge } from './verdict.ts';

export interface InspectOptions {
  readonly gateway: Gateway;
  readonly version: string;
  readonly storePath: string;
}

/** Of the rates shown. */
const SAMPLE_MS = 1000;
export class Inspector implements Inspection {
  readonly #gateway: Gateway;
  readonly #options: InspectOptions;
  readonly #startedAtMs: number;
  readonly #atStart: Readonly<Record<Direction, Counts>>;
  readonly #rates: Readonly<Record<Direction, Rate>>;
  readonly #laneRates = new Map<number, Rate>();
  readonly #tail = new EventEmitter();

  constructor(options: InspectOptions) {
    const { gateway } = options;
    this.#options = options;
    this.#gateway = gateway;
    this.#startedAtMs = this.#nowMs();
    this.#atStart = { uplink: sumOf(gateway.stations.uplinks), downlink: sumOf(gateway.stations.downlinks) };
    this.#rates = {
      uplink: new Rate(settledTotal(this.#atStart.uplink), this.#startedAtMs),
      downlink: new Rate(settledTotal(this.#atStart.downlink), this.#startedAtMs),
    };
    this.#sampleLater();
    this.#listen();
  }

  status(): StatusReport {
    const gateway = this.#gateway;
    const { client, standing } = gateway.hub;
    const links = linkReports(gateway);
    const outbox = this.#queue('uplink');
    const now = {
      uplinks: subtractCounts(sumOf(gateway.stations.uplinks), this.#atStart.uplink),
      downlinks: subtractCounts(sumOf(gateway.stations.downlinks), this.#atStart.downlink),
    };
    const isOnline = client.state === 'online';
    const conditions = conditionsOf({
      nowMs: this.#nowMs(),
      startedAtMs: this.#startedAtMs,
      hub: {
        ...standing,
        isOnline,
        sessionsLost: gateway.stations.session.row.lostCount,
        refusedFilters: [...gateway.subscriptions.refused],
      },
      links,
      clock: gateway.stations.wallClock.standing,
      storeFullSinceMs: gateway.stations.committer.fullSinceMs,
      outbox,
      ...now,
      lostRows: gateway.stations.opening.lostRows,
      imbalance: gateway.stations.uplinks.imbalance() + gateway.stations.downlinks.imbalance(),
    });
    return judge({
      conditions,
      hub: hubReport(gateway),
      links,
      outbox,
      inbox: this.#queue('downlink'),
      store: this.#store(),
      process: this.#process(),
    });
  }

  async ledger(): Promise<LedgerReport> {
    const tally = await this.#gateway.store.tally();
    // receipts of every commit in this snapshot have been handled, and of none after it: RAM and disk match
    const readings: LaneReading[] = [];
    for (const custodian of [this.#gateway.stations.uplinks, this.#gateway.stations.downlinks]) {
      const { direction } = custodian;
      for (const lane of custodian.knownLanes()) {
        const durable = tally.counts.find((one) => one.direction === direction && one.lane === lane)?.counts ?? ZERO;
        const rows = tally.rows.find((one) => one.direction === direction && one.lane === lane)?.rows ?? 0;
        const missing = durable.accepted - settledTotal(durable) - rows;
        readings.push({
          subdevice: this.#name(lane),
          direction,
          counts: custodian.counts(lane),
          pending: custodian.lane(lane).pending - missing,
        });
      }
    }
    return ledgerReportOf(readings, 'running');
  }

  subdevices(): SubdevicesReport {
    return subdevicesReport(this.#gateway);
  }

  async outbox(): Promise<OutboxReport> {
    const lanes: OutboxLane[] = [];
    for (const lane of this.#gateway.stations.uplinks.lanes()) {
      if (lane.pending === 0) continue;
      const perS = this.#laneRates.get(lane.lane)?.perS ?? 0;
      lanes.push({
        subdevice: this.#name(lane.lane),
        messages: lane.pending,
        bytes: lane.pendingBytes,
        inFlight: lane.window.filter((entry) => entry.inFlight).length,
        oldest: this.#oldest([lane]),
        ratePerS: perS,
        etaMs: perS === 0 ? null : (lane.pending / perS) * 1000,
      });
    }
    return { total: this.#queue('uplink'), lanes };
  }

  onTail(listener: (event: TailEvent) => void): () => void {
    this.#tail.on('event', listener);
    return () => this.#tail.off('event', listener);
  }

  #queue(direction: Direction): QueueReport {
    const { config } = this.#gateway.parts;
    const custodian = direction === 'uplink' ? this.#gateway.stations.uplinks : this.#gateway.stations.downlinks;
    const windows = [...custodian.lanes()];
    const inRam = windows.flatMap((lane) => lane.window).filter((entry) => entry.keeping !== 'stored').length;
    const perS = this.#rates[direction].perS;
    return {
      messages: custodian.pending,
      bytes: custodian.pendingBytes,
      onDisk: custodian.pending - inRam,
      inFlight: windows.reduce((sum, lane) => sum + lane.window.filter((entry) => entry.inFlight).length, 0),
      oldest: this.#oldest(windows),
      ratePerS: perS,
      etaMs: perS === 0 || custodian.pending === 0 ? null : (custodian.pending / perS) * 1000,
      ...(direction === 'uplink'
        ? { messagesMax: config.outbox.messagesMax, bytesMax: config.outbox.bytesMax, overflow: config.outbox.overflow }
        : { messagesMax: config.inbox.messagesMax, bytesMax: 0, overflow: config.inbox.overflow }),
    };
  }

  #oldest(lanes: readonly Lane[]): Age | null {
    let oldest: Age | undefined;
    for (const lane of lanes) {
      const first = lane.window[0];
      if (first === undefined) continue;
      const age = ageOf(first.row.stamp, this.#gateway.stations.stamp(), this.#gateway.stations.wallClock.epochs);
      if (oldest === undefined || age.ms > oldest.ms) oldest = age;
    }
    return oldest ?? null;
  }

  #store(): StoreReport {
    const path = this.#options.storePath;
    return {
      path,
      bytes: sizeOf(path),
      walBytes: sizeOf(`${path}-wal`),
      freeBytes: freeBytesAt(path),
      commits: this.#gateway.stations.committer.commits,
      flashBytesWritten: flashBytesWritten(),
      recovery: this.#gateway.stations.opening.recovery,
    };
  }

  #process(): StatusReport['process'] {
    const { parts } = this.#gateway;
    return {
      gateway: parts.config.gateway.name,
      pid: process.pid,
      version: this.#options.version,
      uptimeMs: this.#nowMs() - this.#startedAtMs,
      rssBytes: process.memoryUsage.rss(),
      clockTrusted: this.#gateway.stations.wallClock.isTrusted,
    };
  }

  #name(lane: number): string {
    return this.#gateway.stations.mirror.byLane(lane)?.id ?? '(nobody)';
  }

  #listen(): void {
    const { facts, clock } = this.#gateway.parts;
    for (const name of EVENT_NAMES) {
      facts.on(name, (fact: object) => {
        if (this.#tail.listenerCount('event') === 0) return;
        const sentence = tellFact(name, fact as never);
        const event: TailEvent = {
          kind: 'event',
          upMs: clock.nowMs(),
          wallMs: clock.wallMs(),
          name,
          sentence,
          detail: { ...fact },
        };
        this.#tail.emit('event', event);
      });
    }
  }

  #sampleLater(): void {
    const { clock } = this.#gateway.parts;
    clock.wakeAt(clock.nowMs() + SAMPLE_MS, () => {
      const nowMs = clock.nowMs();
      const { uplinks, downlinks } = this.#gateway.stations;
      this.#rates.uplink.sample(settledTotal(sumOf(uplinks)), nowMs);
      this.#rates.downlink.sample(settledTotal(sumOf(downlinks)), nowMs);
      for (const { lane } of uplinks.lanes()) {
        const settled = settledTotal(uplinks.counts(lane));
        const rate = this.#laneRates.get(lane);
        if (rate === undefined) this.#laneRates.set(lane, new Rate(settled, nowMs));
        else rate.sample(settled, nowMs);
      }
      this.#sampleLater();
    });
  }

  #nowMs(): number {
    return this.#gateway.parts.clock.nowMs();
  }
}

function sumOf(custodian: Custodian): Counts {
  return custodian.knownLanes().reduce((sum, lane) => addCounts(sum, custodian.counts(lane)), ZERO);
}

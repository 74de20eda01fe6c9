/** Fills the reports of `report.ts` from the parts of the running gateway. */

import { hostAndPort } from '../../base/host-and-port.ts';
import type { Direction } from '../../base/message.ts';
import { openingStepsOf, viaProxy } from '../../config/hub/hub-config.ts';
import type { LetterRequest } from '../../custody/dead-letter.ts';
import { laneWords } from '../../custody/lane-number.ts';
import { type Counts, settledTotal, subtractCounts, ZERO } from '../../custody/ledger.ts';
import { flashBytesWritten, freeBytesAt, sizeOf } from '../../io/machine-facts.ts';
import { volatilePlaceOf } from '../../io/volatile-storage.ts';
import type { FlightRecorder } from '../../recorder/flight-recorder.ts';
import type { AccessTrouble } from '../access-troubles.ts';
import type { Answers, Inspection } from '../api/control-answers.ts';
import { conditionsOf, type Health } from '../conditions/conditions.ts';
import { FirstSeen } from '../conditions/first-seen.ts';
import type { PastHang } from '../conditions/hang-conditions.ts';
import type { HubHealth } from '../conditions/hub-conditions.ts';
import { missingSubdevices } from '../conditions/missing.ts';
import type { StoreHealth } from '../conditions/store-conditions.ts';
import type { ExplainReport } from '../explain/explain-report.ts';
import type { ForecastReport } from '../forecast/forecast-report.ts';
import type { GatewayView } from '../gateway-view.ts';
import { eventsOf, historyOf } from '../history/history-answers.ts';
import type { HistoryKeeper } from '../history/history-keeper.ts';
import { MessageInspector } from '../queues/message-inspector.ts';
import { NO_RECORDINGS, type Recordings, recorderOf } from '../recordings.ts';
import { EventTail, type TakeEvent } from '../tail/event-tail.ts';
import type { TailRequest } from '../tail/tail-request.ts';
import { unacknowledgedLinks } from '../unacknowledged-links.ts';
import { judge } from '../verdict.ts';
import { bindingHealth, unconfirmedSubdevices } from './binding-report.ts';
import type { ConfigReport, ConfigState } from './config-report.ts';
import { type DeadLettersReport, deadLettersReportOf, letterRequestOf } from './dead-letter-report.ts';
import { DeadLetterTopics } from './dead-letter-topics.ts';
import { FirmwareMeter } from './firmware-meter.ts';
import { firmwareReportOf } from './firmware-updates-report.ts';
import { heldPackets, hubSubscriptionsReport } from './hub-packets-report.ts';
import type { HubReport } from './hub-report.ts';
import { discardReports } from './intake-report.ts';
import { type LaneReading, type LedgerReport, ledgerReportOf, ledgerSum, unknownIn } from './ledger-report.ts';
import { LinkMeters } from './link-meters.ts';
import { MediumMeter } from './medium-meter.ts';
import { drainOf, fullOf, type OutlookReport } from './outlook.ts';
import { QueueReports, sumOf } from './queue-reports.ts';
import type { QueueReport, StatusReport, StoreReport } from './report.ts';
import { hubReport, linkReports, removedSubdevices, subdeviceCounts, subdevicesReport } from './station-reports.ts';
import { SubdeviceMoves } from './subdevice-moves.ts';

export interface InspectOptions {
  readonly gateway: GatewayView;
  readonly version: string;
  /** Absolute path. */
  readonly configPath: string;
  /** Digest of the text of the running configuration. */
  readonly configMark: () => string;
  /** Returns the version of the changes of the hub over the file. Absent: there are none. */
  readonly hubConfigVersion?: () => string | null;
  /** Compares the running configuration with the present file. */
  readonly configReport: () => ConfigReport;
  readonly configState: () => ConfigState;
  readonly storePath: string;
  readonly tlsFilesTrouble: () => HubHealth['tlsFilesTrouble'];
  readonly secretTrouble: () => HubHealth['secretTrouble'];
  readonly accessTroubles: () => readonly AccessTrouble[];
  /** History of this process that the store does not have yet; `undefined`: none is kept. */
  readonly history?: HistoryKeeper | undefined;
  /** Hangs of earlier processes; absent: none are known. */
  readonly hangs?: () => readonly PastHang[];
  /** Recordings; `undefined`: none are counted. */
  readonly recordings?: Pick<Recordings, 'counts'>;
}

function ageOf(sinceMs: number | undefined, nowMs: number): number | undefined {
  return sinceMs === undefined ? undefined : nowMs - sinceMs;
}

/** Free space that a gateway on a full disk waits for, bytes. */
const ROOM_BYTES_MIN = 2 * 1024 * 1024;

export class Inspector implements Inspection {
  readonly #gateway: GatewayView;
  readonly #options: InspectOptions;
  readonly #startedAtMs: number;
  readonly #firstSeen = new FirstSeen();
  readonly #atStart: Readonly<Record<Direction, Counts>>;
  readonly #queues: QueueReports;
  readonly #messages: MessageInspector;
  readonly #meters: LinkMeters;
  readonly #medium: MediumMeter;
  readonly #tail: EventTail;
  readonly #deadTopics: DeadLetterTopics;
  readonly #moves: SubdeviceMoves;
  readonly #firmware: FirmwareMeter;
  readonly #volatile: string | null;
  #diskLowSinceMs: number | undefined;

  readonly answers: Answers = {
    '/v1/status': () => this.status(),
    '/v1/ledger': () => this.#ledger(),
    '/v1/subdevices': () => subdevicesReport(this.#gateway),
    '/v1/hub-subscriptions': () => hubSubscriptionsReport(this.#gateway),
    '/v1/forecast': (query) => this.#forecast(query),
    '/v1/explain': (query) => this.#explain(query.get('of') ?? ''),
    '/v1/outbox': () => this.#queues.outbox(this.#messages.holds('uplink')),
    '/v1/inbox': () => this.#queues.inbox(this.#messages.holds('downlink')),
    '/v1/messages': (query) => this.#messages.messages(query),
    '/v1/dead-letters': (query) => this.#deadLetters(letterRequestOf(query)),
    '/v1/history': (query) => historyOf(this.#gateway, this.#options.history, query),
    '/v1/events': (query) => eventsOf(this.#gateway, this.#options.history, query),
    '/v1/firmware': () => firmwareReportOf(this.#gateway.config.firmware !== undefined, this.#gateway.firmware()),
    '/v1/config': () => this.#options.configReport(),
  };

  constructor(options: InspectOptions) {
    const { gateway } = options;
    this.#options = options;
    this.#gateway = gateway;
    this.#startedAtMs = this.#nowMs();
    this.#atStart = { uplink: sumOf(gateway.uplinks), downlink: sumOf(gateway.downlinks) };
    this.#queues = new QueueReports(gateway);
    this.#messages = new MessageInspector(gateway);
    this.#deadTopics = new DeadLetterTopics(gateway.facts, gateway.store);
    this.#meters = new LinkMeters(gateway);
    this.#medium = new MediumMeter({ gateway, storePath: options.storePath });
    this.#moves = new SubdeviceMoves(gateway);
    this.#firmware = new FirmwareMeter(gateway);
    this.#volatile = volatilePlaceOf(options.storePath) ?? null;
    this.#tail = new EventTail(gateway.facts, gateway.clock);
  }

  status(): StatusReport {
    const gateway = this.#gateway;
    const discarded = discardReports(gateway);
    const links = linkReports(gateway, { meters: this.#meters, discarded });
    const outbox = this.#queues.queue('uplink');
    const { uplinks, downlinks, wallClock } = gateway;
    const counts = { uplink: sumOf(uplinks), downlink: sumOf(downlinks) };
    const hub = hubReport(gateway);
    const subdevices = subdevicesReport(gateway);
    const store = this.#store();
    const since = {
      uplinks: subtractCounts(counts.uplink, this.#atStart.uplink),
      downlinks: subtractCounts(counts.downlink, this.#atStart.downlink),
    };
    const nowMs = this.#nowMs();
    const health: Health = {
      nowMs,
      startedAtMs: this.#startedAtMs,
      hub: this.#hubHealth(hub),
      links,
      discarded,
      missing: missingSubdevices(gateway).get('') ?? [],
      ...bindingHealth(gateway),
      unconfirmed: unconfirmedSubdevices(gateway),
      removed: removedSubdevices(subdevices),
      clock: wallClock.status,
      configuration: this.#options.configState(),
      moving: this.#moves.moving,
      commits: gateway.committer.pace,
      hangs: this.#options.hangs?.() ?? [],
      unacknowledgedLinks: unacknowledgedLinks(gateway.config),
      storeFullSinceMs: gateway.committer.fullSinceMs,
      diskLow: this.#diskLow(),
      outbox,
      leftOut: gateway.outbox.payloads.lastLeftOut,
      fallbacks: gateway.topicFallbacks.last,
      dead: counts.uplink.dead,
      deadTopics: this.#deadTopics.newest,
      filters: gateway.subscriptions.status,
      store: this.#storeHealth(since),
      setAside: gateway.setAside.report,
      backlog: gateway.backlog.state,
      imbalance: uplinks.imbalance() + downlinks.imbalance(),
      accessTroubles: this.#options.accessTroubles(),
      firmware: gateway.firmware(),
      firmwareUnstored: gateway.firmwareUnstored(),
      failingDownloads: this.#firmware.failing,
      onHold: [this.#messages.onHold('uplink'), this.#messages.onHold('downlink')],
    };
    const conditions = this.#firstSeen.date(conditionsOf(health), nowMs, nowMs - this.#startedAtMs);
    return judge({
      conditions,
      hub,
      links,
      subdevices: subdeviceCounts(subdevices),
      discarded,
      outbox,
      outlook: this.#outlook(outbox, store),
      inbox: this.#queues.queue('downlink'),
      ledger: {
        uplink: ledgerSum(counts.uplink, uplinks.pending),
        downlink: ledgerSum(counts.downlink, downlinks.pending),
      },
      firmware: this.#firmware.counts,
      store,
      medium: this.#medium.report(),
      recordings: this.#options.recordings?.counts ?? NO_RECORDINGS,
      process: this.#process(),
    });
  }

  async #ledger(): Promise<LedgerReport> {
    const tally = await this.#gateway.store.tally();
    // Receipts of every commit in this snapshot have been handled, and no later ones, so RAM and disk match.
    const readings: LaneReading[] = [];
    for (const custodian of [this.#gateway.uplinks, this.#gateway.downlinks]) {
      const { direction } = custodian;
      for (const lane of custodian.knownLanes()) {
        const durable = tally.counts.find((one) => one.direction === direction && one.lane === lane)?.counts ?? ZERO;
        const rows = tally.rows.find((one) => one.direction === direction && one.lane === lane)?.rows ?? 0;
        const missing = durable.accepted - settledTotal(durable) - rows;
        readings.push({
          subdevice: laneWords(lane, this.#name(lane)),
          direction,
          counts: custodian.counts(lane),
          pending: custodian.lane(lane).pending - missing,
        });
      }
    }
    return ledgerReportOf(readings, 'running', {
      unknown: unknownIn(this.#gateway.losses.rows),
      discarded: discardReports(this.#gateway),
    });
  }

  async #deadLetters(request: LetterRequest): Promise<DeadLettersReport> {
    const { store } = this.#gateway;
    const page = await store.letters(request);
    return deadLettersReportOf({
      request,
      page,
      nameOf: (lane) => this.#name(lane),
      ageOf: (stamp) => this.#gateway.age(stamp),
      heldPackets: heldPackets(this.#gateway),
    });
  }

  async #explain(of: string): Promise<ExplainReport> {
    const { explain } = await import('../explain/explain.ts');
    return await explain(
      {
        gateway: this.#gateway,
        status: this.status(),
        subdevices: subdevicesReport(this.#gateway).subdevices,
        laneRatePerS: (lane) => this.#queues.laneRatePerS(lane),
      },
      of,
    );
  }

  async #forecast(query: URLSearchParams): Promise<ForecastReport> {
    const { FORECAST_METRICS, forecastAnswer, outageIn } = await import('../forecast/forecast-answer.ts');
    const minutes = new URLSearchParams({ step: 'minute', metrics: FORECAST_METRICS });
    const history = await historyOf(this.#gateway, this.#options.history, minutes);
    const acceptedBefore = this.#atStart.uplink.accepted;
    return forecastAnswer({ gateway: this.#gateway, status: this.status(), history, acceptedBefore }, outageIn(query));
  }

  onTail(request: TailRequest, take: TakeEvent): () => void {
    return this.#tail.follow(request, take);
  }

  recorder(name: string): FlightRecorder | undefined {
    return recorderOf(this.#gateway, name);
  }

  #hubHealth({ session, clientId }: HubReport): HubHealth {
    const { hub, config, outbox, subscriptions } = this.#gateway;
    const { client, status } = hub;
    const { credentials } = config.hub;
    const nowMs = this.#nowMs();
    return {
      ...status,
      session,
      clientId,
      takeovers: client.takeovers(nowMs),
      isOnline: hub.isUp,
      peer: `${hostAndPort(config.hub)}${viaProxy(config.hub)}`,
      openingSteps: openingStepsOf(config.hub),
      isPlain: config.hub.tls.kind === 'off',
      isSigned: credentials.kind === 'device',
      hasPasswordCommand: credentials.kind === 'password' && credentials.passwordCommand !== undefined,
      hasClientCertificate: config.hub.tls.kind === 'on' && config.hub.tls.client !== undefined,
      dialingMs: ageOf(client.dialingSinceMs, nowMs),
      awaitingConnackMs: ageOf(client.awaitingConnackSinceMs, nowMs),
      refusedFilters: [...subscriptions.refused].map(([filter, reason]) => ({ filter, reason })),
      heldPackets: heldPackets(this.#gateway),
      silentFilters: subscriptions.silent,
      loweredFilters: [...subscriptions.loweredQos],
      doubtedTopics: outbox.ackHealth.suspects,
      unansweredMs: ageOf(outbox.unansweredSinceMs, nowMs),
      tlsFilesTrouble: this.#options.tlsFilesTrouble(),
      secretTrouble: this.#options.secretTrouble(),
    };
  }

  #storeHealth({ uplinks, downlinks }: Readonly<Record<'uplinks' | 'downlinks', Counts>>): StoreHealth {
    const { losses: found, opening } = this.#gateway;
    const losses = found.rows.map(({ at, ...loss }) => ({ ...loss, age: this.#gateway.age(at) }));
    const { damagedRecords, isDamaged } = opening;
    const damaged = uplinks.damaged + downlinks.damaged;
    const { isHeld, differences } = this.#gateway.owner;
    const copiedFrom = isHeld ? differences : [];
    return { volatile: this.#volatile, copiedFrom, losses, damaged, damagedRecords, isDamaged };
  }

  #diskLow(): { freeBytes: number; sinceMs: number } | undefined {
    const freeBytes = freeBytesAt(this.#options.storePath);
    if (freeBytes === null || freeBytes >= ROOM_BYTES_MIN) {
      this.#diskLowSinceMs = undefined;
      return undefined;
    }
    this.#diskLowSinceMs ??= this.#nowMs();
    return { freeBytes, sinceMs: this.#diskLowSinceMs };
  }

  #store(): StoreReport {
    const path = this.#options.storePath;
    return {
      path,
      volatile: this.#volatile,
      bytes: sizeOf(path),
      walBytes: sizeOf(`${path}-wal`),
      freeBytes: freeBytesAt(path),
      commits: this.#gateway.committer.commits,
      flashBytesWritten: flashBytesWritten(),
      historyBytesWritten: this.#options.history?.writtenBytes ?? 0,
      recovery: this.#gateway.opening.recovery,
    };
  }

  #outlook(outbox: QueueReport, store: StoreReport): OutlookReport {
    const { perS } = this.#gateway.outbox.pacer;
    const { pause, rate } = this.#gateway.backlog.state;
    const messages = outbox.messages - this.#messages.onHold('uplink').messages;
    return {
      full: fullOf(outbox, this.#queues.growth, store),
      drain: drainOf(
        { messages, etaMs: outbox.etaMs },
        { hubPerS: Number.isFinite(perS) ? perS : undefined, operatorPerS: rate?.perS, pausedMs: pause?.leftMs },
      ),
    };
  }

  #process(): StatusReport['process'] {
    return {
      gateway: this.#gateway.config.gateway.name,
      pid: process.pid,
      version: this.#options.version,
      configPath: this.#options.configPath,
      configMark: this.#options.configMark(),
      hubConfigVersion: this.#options.hubConfigVersion?.() ?? null,
      uptimeMs: this.#nowMs() - this.#startedAtMs,
      rssBytes: process.memoryUsage.rss(),
      clockTrusted: this.#gateway.wallClock.isTrusted,
    };
  }

  #name(lane: number): string {
    return this.#gateway.registry.byLane(lane)?.id ?? '(no subdevice)';
  }

  #nowMs(): number {
    return this.#gateway.clock.nowMs();
  }
}

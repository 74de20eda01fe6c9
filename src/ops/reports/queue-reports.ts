/** Reports of outbox and inbox: messages waiting, rate, and time to drain. */

import { looking } from '../../base/events.ts';
import type { Direction } from '../../base/message.ts';
import type { OverflowPolicy } from '../../base/overflow-policy.ts';
import { type Age, ageOf } from '../../base/time.ts';
import type { Custodian } from '../../custody/custodian.ts';
import type { Lane } from '../../custody/lane.ts';
import { addCounts, type Counts, ZERO } from '../../custody/ledger.ts';
import { intakeWordsOf } from '../conditions/intake-words.ts';
import type { GatewayView } from '../gateway-view.ts';
import type { HoldReport } from '../queues/hold-report.ts';
import { GrowthMeter } from './growth-meter.ts';
import { type DiscardReport, discardReports } from './intake-report.ts';
import type { Growth } from './outlook.ts';
import { Rate } from './rate.ts';
import type { InboxReport, OutboxLane, OutboxReport, QueueReport } from './report.ts';

/** Time between two samples of the rates. */
const SAMPLE_MS = 1000;
/** Time to drain, ms, below which the inflow is ignored. */
const SOON_MS = 1000;

export class QueueReports {
  readonly #gateway: GatewayView;
  #flows: Readonly<Record<Direction, Flow>>;
  /** Last change of the hub connection; earlier rates do not apply afterwards. */
  #sinceMs: number | undefined;
  readonly #laneFlows = new Map<number, Flow>();
  readonly #growth = new GrowthMeter();

  constructor(gateway: GatewayView) {
    this.#gateway = gateway;
    this.#flows = this.#newFlows();
    this.#sampleLater();
  }

  queue(direction: Direction): QueueReport {
    const { config } = this.#gateway;
    const custodian = this.#gateway.custodian(direction);
    const lanes = [...custodian.lanes()];
    const inRam = lanes.flatMap((lane) => lane.window).filter((entry) => entry.keeping !== 'stored').length;
    const flow = this.#flows[direction];
    return {
      messages: custodian.pending,
      bytes: custodian.pendingBytes,
      onDisk: custodian.pending - inRam,
      inFlight: lanes.reduce((sum, lane) => sum + inFlightIn(lane), 0),
      oldest: this.#oldest(lanes),
      ratePerS: flow.outPerS,
      etaMs: flow.etaMs(custodian.pending - onHoldIn(lanes)),
      ...(direction === 'uplink'
        ? { messagesMax: config.outbox.messagesMax, bytesMax: config.outbox.bytesMax, overflow: outboxOverflow(config) }
        : { messagesMax: config.inbox.messagesMax, bytesMax: 0, overflow: config.inbox.overflow }),
    };
  }

  /** @param holds operator holds of the outbox */
  outbox(holds: readonly HoldReport[]): OutboxReport {
    const { uplinks, outbox, registry, alarmTopics, backlog } = this.#gateway;
    const lanes: OutboxLane[] = [];
    for (const lane of uplinks.lanes()) {
      if (lane.pending === 0) continue;
      const flow = this.#laneFlows.get(lane.lane);
      lanes.push({
        subdevice: registry.byLane(lane.lane)?.id ?? '(no subdevice)',
        class: outbox.classOf(lane.lane),
        messages: lane.pending,
        bytes: lane.pendingBytes,
        inFlight: inFlightIn(lane),
        onHold: lane.onHold,
        oldest: this.#oldest([lane]),
        ratePerS: flow?.outPerS ?? 0,
        etaMs: flow?.etaMs(lane.pending - lane.onHold) ?? null,
      });
    }
    return {
      total: this.queue('uplink'),
      lanes,
      refused: refusedOf(discardReports(this.#gateway)),
      shed: sumOf(uplinks).shed,
      dead: sumOf(uplinks).dead,
      alarmTopicsWait: !alarmTopics.isSettled,
      backlog: backlog.state,
      holds,
    };
  }

  /** @param holds operator holds of the inbox */
  inbox(holds: readonly HoldReport[]): InboxReport {
    const { downlinks, registry } = this.#gateway;
    const lanes = [...downlinks.lanes()].filter(({ pending }) => pending > 0);
    return {
      total: this.queue('downlink'),
      lanes: lanes.map((lane) => {
        const subdevice = registry.byLane(lane.lane);
        return {
          subdevice: subdevice?.id ?? '(no subdevice)',
          isConnected: subdevice?.isAttached ?? false,
          messages: lane.pending,
          bytes: lane.pendingBytes,
          inFlight: inFlightIn(lane),
          onHold: lane.onHold,
          oldest: this.#oldest([lane]),
        };
      }),
      shed: sumOf(downlinks).shed,
      holds,
    };
  }

  /** Growth of the outbox. `undefined`: not measured yet. */
  get growth(): Growth | undefined {
    const { uplinks, clock } = this.#gateway;
    return this.#growth.growth({ messages: uplinks.pending, bytes: uplinks.pendingBytes }, clock.nowMs());
  }

  /** Delivered messages of a lane of the outbox per second, smoothed. */
  laneRatePerS(lane: number): number {
    return this.#laneFlows.get(lane)?.outPerS ?? 0;
  }

  #oldest(lanes: readonly Lane[]): Age | null {
    const gateway = this.#gateway;
    let oldest: Age | undefined;
    for (const lane of lanes) {
      const first = lane.window[0];
      if (first === undefined) continue;
      const age = ageOf(first.row.stamp, gateway.stamp(), gateway.wallClock.epochs);
      if (oldest === undefined || age.ms > oldest.ms) oldest = age;
    }
    return oldest ?? null;
  }

  #newFlows(): Readonly<Record<Direction, Flow>> {
    const gateway = this.#gateway;
    const { hub } = gateway;
    const nowMs = gateway.clock.nowMs();
    this.#sinceMs = hub.status.changedAtMs;
    this.#laneFlows.clear();
    this.#growth.restart();
    return {
      uplink: new Flow(sumOf(gateway.uplinks), nowMs),
      downlink: new Flow(sumOf(gateway.downlinks), nowMs),
    };
  }

  #sample(): void {
    const gateway = this.#gateway;
    const { hub } = gateway;
    const nowMs = gateway.clock.nowMs();
    if (hub.status.changedAtMs !== this.#sinceMs) this.#flows = this.#newFlows();
    for (const direction of ['uplink', 'downlink'] as const)
      this.#flows[direction].sample(sumOf(gateway.custodian(direction)), nowMs);
    this.#growth.sample({ messages: gateway.uplinks.pending, bytes: gateway.uplinks.pendingBytes }, nowMs);
    for (const { lane } of gateway.uplinks.lanes()) {
      const flow = this.#laneFlows.get(lane);
      if (flow === undefined) this.#laneFlows.set(lane, new Flow(gateway.uplinks.counts(lane), nowMs));
      else flow.sample(gateway.uplinks.counts(lane), nowMs);
    }
  }

  #sampleLater(): void {
    const { clock, facts } = this.#gateway;
    const sample = looking(facts, 'samples of queues', () => {
      this.#sample();
      this.#sampleLater();
    });
    clock.wakeAt(clock.nowMs() + SAMPLE_MS, sample);
  }
}

/** Inflow and outflow of a queue. */
class Flow {
  readonly #in: Rate;
  readonly #out: Rate;

  constructor(counts: Counts, nowMs: number) {
    this.#in = new Rate(counts.accepted, nowMs);
    this.#out = new Rate(counts.delivered, nowMs);
  }

  sample(counts: Counts, nowMs: number): void {
    this.#in.sample(counts.accepted, nowMs);
    this.#out.sample(counts.delivered, nowMs);
  }

  get outPerS(): number {
    return this.#out.perS;
  }

  /** Time to drain with the current inflow, ms; `null`: nothing waits, or the queue grows. */
  etaMs(pending: number): number | null {
    if (pending === 0 || this.outPerS === 0) return null;
    const throughMs = (pending / this.outPerS) * 1000;
    if (throughMs < SOON_MS) return throughMs;
    const netPerS = this.outPerS - this.#in.perS;
    return netPerS > 0 ? (pending / netPerS) * 1000 : null;
  }
}

/** Uplinks rejected permanently, by reason. */
function refusedOf(discarded: readonly DiscardReport[]): Record<string, number> {
  const refused: Record<string, number> = {};
  for (const each of discarded)
    if (intakeWordsOf(each).code === 'uplinks-refused') refused[each.reason] = (refused[each.reason] ?? 0) + each.count;
  return refused;
}

interface OverflowKeys {
  readonly links: readonly { readonly overflow: OverflowPolicy }[];
  readonly outbox: { readonly overflow: OverflowPolicy };
}

/** Policy of a full outbox; `by link` if the links have different ones: `holdfast forecast` lists them. */
export function outboxOverflow({ links, outbox }: OverflowKeys): string {
  const policies = new Set(links.map(({ overflow }) => overflow));
  return policies.size > 1 ? 'by link' : ([...policies][0] ?? outbox.overflow);
}

function onHoldIn(lanes: readonly Lane[]): number {
  return lanes.reduce((sum, lane) => sum + lane.onHold, 0);
}

function inFlightIn(lane: Lane): number {
  return lane.window.filter((entry) => entry.inFlight).length;
}

export function sumOf(custodian: Custodian): Counts {
  return custodian.knownLanes().reduce((sum, lane) => addCounts(sum, custodian.counts(lane)), ZERO);
}

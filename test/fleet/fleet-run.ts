/**
 * A fleet of real gateways at a hub whose nodes fail one after the other in traffic. The account is that of the subdevices
 * and of a consumer at the hub; no number comes from a gateway.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type AccountSum, numberOf, sumAccounts } from '../../src/bench/account.ts';
import { until } from '../e2e/until.ts';
import { costSince, cpuUs, type ProcessCost, readCost } from '../perf/process-cost.ts';
import { FleetConsumer } from './fleet-consumer.ts';
import { FLEET, type FleetMember, startMember } from './fleet-member.ts';
import type { FleetHub } from './hub-node.ts';
import { HubProxy } from './hub-proxy.ts';
import { mosquittoHub } from './mosquitto-node.ts';
import { rabbitmqHub } from './rabbitmq-cluster.ts';

export interface FleetPlan {
  readonly gateways: number;
  readonly hub: FleetHub['kind'];
  /** Uplinks of each gateway per second. */
  readonly perS: number;
  /** Duration of the steady phase, and of each outage of a node, s. */
  readonly seconds: number;
  /** Folder for the stores, on a disk. */
  readonly stateDir: string;
  readonly tell: (words: string) => void;
}

export interface NodeFailure {
  readonly node: string;
  /** Seconds since the start of the traffic. */
  readonly atS: number;
  readonly backAtS: number;
}

/** Costs of one process in the steady phase. */
export interface MemberCost {
  readonly name: string;
  readonly rssBytes: number;
  /** CPU time per 1,000 uplinks that passed through this process, s. */
  readonly cpuSPer1000: number;
  /** CPU time as a share of one core. */
  readonly coreShare: number;
}

export interface FleetResult {
  readonly hub: string;
  readonly gateways: number;
  readonly perS: number;
  readonly uplinks: AccountSum;
  readonly failures: readonly NodeFailure[];
  /** Times of the CONNECTs of the fleet and of the consumer, s since the start of the traffic. */
  readonly connectsAtS: readonly number[];
  readonly gatewayCosts: readonly MemberCost[];
  readonly nodeCosts: readonly MemberCost[];
  /** Reason why the fleet did not become idle; `null`: every uplink is at the consumer, and no gateway keeps one. */
  readonly problem: string | null;
}

/** Gateways that start at the same time: a start takes a second of CPU. */
const STARTS = 2;
/** A subdevice that waits for this many acknowledgements sends nothing more. */
const QUEUED_MAX = 50;

export async function runFleet(plan: FleetPlan): Promise<FleetResult> {
  const folder = mkdtempSync(join(plan.stateDir, 'holdfast-fleet-'));
  const close: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    plan.tell(`starting the hub (${plan.hub})`);
    const hub = await (plan.hub === 'rabbitmq' ? rabbitmqHub(folder) : mosquittoHub(folder));
    close.unshift(() => hub.close());
    const proxy = await HubProxy.open(hub.nodes);
    close.unshift(() => proxy.close());
    const members: FleetMember[] = [];
    const consumer = await FleetConsumer.open(proxy.port, `${FLEET}/+/+/t`, (topic, payload) => {
      const number = numberOf(Buffer.from(payload));
      const member = members.find(({ name }) => name === topic.split('/')[1]);
      if (number !== undefined) member?.subdevice.uplinks.arrive(number);
    });
    close.unshift(() => consumer.close());
    plan.tell(`starting ${plan.gateways} gateways`);
    const names = Array.from({ length: plan.gateways }, (_, index) => `gw-${String(index + 1).padStart(3, '0')}`);
    while (names.length > 0) {
      const started = names.splice(0, STARTS).map(async (name) => {
        const member = await startMember(name, folder, proxy.port);
        close.unshift(() => member.close());
        members.push(member);
      });
      await Promise.all(started);
    }
    return await new FleetTraffic(plan, { hub, proxy, members }).run();
  } finally {
    for (const act of close) await act();
  }
}

interface FleetParts {
  readonly hub: FleetHub;
  readonly proxy: HubProxy;
  readonly members: readonly FleetMember[];
}

class FleetTraffic {
  readonly #plan: FleetPlan;
  readonly #parts: FleetParts;
  readonly #startedMs = performance.now();
  readonly #failures: NodeFailure[] = [];

  constructor(plan: FleetPlan, parts: FleetParts) {
    this.#plan = plan;
    this.#parts = parts;
  }

  async run(): Promise<FleetResult> {
    const { plan, hub, members } = { plan: this.#plan, ...this.#parts };
    const timers = members.map(({ subdevice }) =>
      setInterval(() => subdevice.queued < QUEUED_MAX && subdevice.publish('t'), 1000 / plan.perS),
    );
    let costs: Pick<FleetResult, 'gatewayCosts' | 'nodeCosts'>;
    try {
      plan.tell(`steady traffic for ${plan.seconds} s`);
      costs = await this.#steady();
      for (const node of hub.nodes) await this.#fail(node);
    } finally {
      for (const timer of timers) clearInterval(timer);
    }
    plan.tell('waiting until every uplink is at the consumer');
    const problem = await this.#untilIdle();
    return {
      hub: hub.words,
      gateways: members.length,
      perS: plan.perS,
      uplinks: sumAccounts(members.map(({ subdevice }) => subdevice.uplinks)),
      failures: this.#failures,
      connectsAtS: this.#parts.proxy.connectsAtMs.map((atMs) => this.#secondsAt(atMs)),
      ...costs,
      problem,
    };
  }

  async #steady(): Promise<Pick<FleetResult, 'gatewayCosts' | 'nodeCosts'>> {
    const { hub, members } = this.#parts;
    const sent = (member: FleetMember): number => member.subdevice.uplinks.acknowledged;
    const before = members.map((member) => ({ member, cost: readCost(member.gateway.pid ?? 0), sent: sent(member) }));
    const nodesBefore = hub.nodes.map((node) => ({ node, cost: readCost(node.pid ?? 0) }));
    await pause(this.#plan.seconds * 1000);
    const total = before.reduce((sum, one) => sum + sent(one.member) - one.sent, 0);
    return {
      gatewayCosts: before.map(({ member, cost, sent: sentBefore }) =>
        this.#costOf(member.name, costSince(cost, readCost(member.gateway.pid ?? 0)), sent(member) - sentBefore),
      ),
      nodeCosts: nodesBefore.map(({ node, cost }) =>
        this.#costOf(node.name, costSince(cost, readCost(node.pid ?? 0)), total),
      ),
    };
  }

  async #fail(node: FleetHub['nodes'][number]): Promise<void> {
    const { seconds, tell } = this.#plan;
    tell(`${node.name} fails for ${seconds} s`);
    const atS = this.#secondsAt(performance.now());
    await node.fail();
    await pause(seconds * 1000);
    await node.start();
    this.#failures.push({ node: node.name, atS, backAtS: this.#secondsAt(performance.now()) });
    tell(`${node.name} is back`);
    await pause(seconds * 1000);
  }

  /** @returns the reason why an uplink is missing */
  async #untilIdle(): Promise<string | null> {
    const { members } = this.#parts;
    try {
      await until(() => members.every(({ subdevice }) => subdevice.queued === 0));
      await until(() => members.every(({ subdevice: { uplinks } }) => uplinks.delivered === uplinks.sent));
      for (const { gateway } of members)
        await until(async () => {
          const { balances, totals } = await gateway.ledger();
          return balances && totals.uplink.pending === 0;
        });
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #costOf(name: string, cost: ProcessCost, messages: number): MemberCost {
    const cpuS = cpuUs(cost) / 1e6;
    return {
      name,
      rssBytes: cost.rssBytes,
      cpuSPer1000: cpuS / (Math.max(1, messages) / 1000),
      coreShare: cpuS / this.#plan.seconds,
    };
  }

  #secondsAt(atMs: number): number {
    return Math.round(atMs - this.#startedMs) / 1000;
  }
}

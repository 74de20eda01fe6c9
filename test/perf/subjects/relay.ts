/**
 * A program under load between links and the counting hub: the product, or one of the programs it is compared with. All
 * get the same load and the same hub, so a case does not know which one it measures.
 */

import type { CountingHub } from '../hub/counting-hub.ts';
import type { Load } from '../load/load.ts';
import { until } from '../load/until.ts';
import { costSince, cpuUs, forgetPeak, type ProcessCost, readCost } from '../process-cost.ts';
import type { Figure } from '../report/figure.ts';

export interface Relay {
  readonly load: Load;
  readonly hub: CountingHub;
  readonly pid: number;
  /** Commits so far, if the program reports them. */
  commits(): Promise<number | undefined>;
  /** Ends the program, removes its files. */
  close(): Promise<void>;
}

/** Topic at the hub for a link, the same for each program. */
export function topicAtHub(link: number): string {
  return `gw/s${link}/t`;
}

/** Costs and counters at the beginning of a measurement. */
export class Measurement {
  readonly #relay: Relay;
  readonly #before: ProcessCost;
  readonly #ownBefore: ProcessCost;
  readonly #startedMs = performance.now();
  readonly #commitsBefore: number | undefined;

  private constructor(relay: Relay, commits: number | undefined) {
    this.#relay = relay;
    this.#commitsBefore = commits;
    relay.load.forgetLatencies();
    forgetPeak(relay.pid);
    this.#ownBefore = readCost('self');
    this.#before = readCost(relay.pid);
  }

  static async start(relay: Relay): Promise<Measurement> {
    return new Measurement(relay, await relay.commits());
  }

  get seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  /** Costs since the start, of `messages` messages. */
  async end(messages: number): Promise<CostOfMessages> {
    const { seconds } = this;
    const cost = costSince(this.#before, readCost(this.#relay.pid));
    const own = costSince(this.#ownBefore, readCost('self'));
    const commits = await this.#relay.commits();
    const since = commits === undefined ? undefined : commits - (this.#commitsBefore ?? 0);
    return { seconds, messages, cost, commits: since, loadShare: cpuUs(own) / (seconds * 1e6) };
  }
}

export interface CostOfMessages {
  readonly seconds: number;
  readonly messages: number;
  readonly cost: ProcessCost;
  readonly commits: number | undefined;
  /** CPU time of the load and the hub, as a share of one core. */
  readonly loadShare: number;
}

const MIB = 1024 * 1024;

/** Figures that each case with messages has. */
export function costFigures({ seconds, messages, cost, commits, loadShare }: CostOfMessages): Figure[] {
  const each = (amount: number): number => amount / Math.max(messages, 1);
  return [
    { name: 'messages', unit: '/s', better: 'more', value: messages / seconds },
    { name: 'CPU', unit: 'µs/msg', better: 'less', value: each(cpuUs(cost)) },
    { name: 'CPU main thread', unit: 'µs/msg', better: 'less', value: each(cost.mainUs) },
    { name: 'CPU worker threads', unit: 'µs/msg', better: 'less', value: each(cost.workersUs) },
    { name: 'CPU other threads', unit: 'µs/msg', better: 'less', value: each(cost.othersUs) },
    { name: 'CPU of one core', unit: '%', value: (cpuUs(cost) / seconds) * 1e-4 },
    { name: 'RSS, peak', unit: 'MiB', better: 'less', value: cost.peakRssBytes / MIB },
    { name: 'read and write calls', unit: '/msg', better: 'less', value: each(cost.reads + cost.writes) },
    { name: 'bytes read', unit: 'B/msg', value: each(cost.readBytes) },
    { name: 'bytes written', unit: 'B/msg', value: each(cost.writtenBytes) },
    { name: 'device bytes', unit: 'B/msg', better: 'less', value: each(cost.deviceBytes) },
    { name: 'wake-ups', unit: '/msg', value: each(cost.wakeUps) },
    ...(commits === undefined || commits === 0 ? [] : [messagesPerCommit(messages / commits)]),
    { name: 'load and hub, share of a core', unit: '%', value: loadShare * 100 },
  ];
}

function messagesPerCommit(value: number): Figure {
  return { name: 'messages per commit', unit: '', value };
}

export function latencyFigures(load: Load): Figure[] {
  return [
    { name: 'PUBLISH to PUBACK, median', unit: 'ms', better: 'less', value: load.latencyMs(0.5) },
    { name: 'PUBLISH to PUBACK, p99', unit: 'ms', better: 'less', value: load.latencyMs(0.99) },
  ];
}

/**
 * Stops the load, and waits until every acknowledged message has arrived at the hub.
 * @param before messages sent by earlier programs @throws if a message is lost or out of order
 */
export async function expectNothingLost({ load, hub }: Relay, before = 0): Promise<void> {
  await load.pause();
  const expected = before + load.sum('sent');
  const words = (): string => {
    const streams = [...hub.streams.values()];
    const missing = streams.reduce((sum, stream) => sum + stream.missing, 0);
    const disordered = streams.reduce((sum, stream) => sum + stream.disordered, 0);
    return `of ${expected} acknowledged messages ${hub.arrived} arrived, ${missing} are missing, ${disordered} are out of order`;
  };
  await until(() => hub.arrived >= expected, 'all acknowledged messages at the hub').catch((error: unknown) => {
    throw new Error(`messages lost: ${words()}`, { cause: error });
  });
  const isOrdered = [...hub.streams.values()].every(({ disordered }) => disordered === 0);
  if (hub.arrived !== expected || (!isOrdered && load.sum('refused') === 0)) throw new Error(words());
}

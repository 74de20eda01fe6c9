/** Result of a fleet as text: account, CONNECTs per second after each failure, costs. */
import Table from 'cli-table3';
import { bytesWords, countOf, countWords } from '../../src/ops/words.ts';
import type { FleetResult, MemberCost, NodeFailure } from './fleet-run.ts';

/** Seconds after a failure that the plot shows. */
const PLOT_S = 12;
const BAR_MAX = 50;
/** Width of the interval for the largest number of CONNECTs at once, s. */
const BURST_S = 0.25;

export function fleetLines(result: FleetResult): string[] {
  const { hub, gateways, perS, uplinks, failures, problem } = result;
  const { sent, acknowledged, delivered, missing, duplicates, reordered } = uplinks;
  return [
    `Hub        ${hub}`,
    `Fleet      ${countOf(gateways, 'gateway')}, each ${perS} uplinks/s with QoS 1`,
    `Uplinks    ${countWords(sent)} sent, ${countWords(acknowledged)} acknowledged to the subdevices, ${countWords(delivered)} at the consumer`,
    `           ${countWords(missing)} lost, ${countWords(reordered)} out of order, ${countWords(duplicates)} twice`,
    ...(problem === null ? [] : [`           not idle: ${problem}`]),
    ...failures.flatMap((failure) => ['', ...plotOf(failure, result)]),
    '',
    ...costTable(result).split('\n'),
  ];
}

/** CONNECTs from one time to another, s. */
export function connectsIn({ connectsAtS }: Pick<FleetResult, 'connectsAtS'>, fromS: number, toS: number): number {
  return connectsAtS.filter((atS) => atS >= fromS && atS < toS).length;
}

/** Largest number of CONNECTs in any quarter of a second after a failure. */
export function burstAfter({ atS, backAtS }: NodeFailure, result: Pick<FleetResult, 'connectsAtS'>): number {
  const after = result.connectsAtS.filter((one) => one >= atS && one < backAtS);
  return Math.max(0, ...after.map((one) => connectsIn(result, one, one + BURST_S)));
}

function plotOf(failure: NodeFailure, result: FleetResult): string[] {
  const { node, atS, backAtS } = failure;
  const counts = Array.from({ length: PLOT_S }, (_, second) => connectsIn(result, atS + second, atS + second + 1));
  const scale = Math.max(1, Math.max(...counts) / BAR_MAX);
  return [
    `CONNECTs after the end of ${node} at ${atS.toFixed(0)} s (back at ${backAtS.toFixed(0)} s); most within ${BURST_S * 1000} ms: ${burstAfter(failure, result)}`,
    ...counts.map(
      (count, second) =>
        `  ${String(second).padStart(2)} s ${String(count).padStart(4)} ${'#'.repeat(Math.round(count / scale))}`,
    ),
  ];
}

function costTable({ gatewayCosts, nodeCosts }: FleetResult): string {
  const table = new Table({
    head: ['process', 'RSS', 'CPU s per 1,000 uplinks', 'of a core'],
    style: { head: [], border: [] },
  });
  table.push(['gateway (median)', ...wordsOf(medianOf(gatewayCosts))]);
  table.push(['gateway (largest)', ...wordsOf(largestOf(gatewayCosts))]);
  for (const cost of nodeCosts) table.push([cost.name, ...wordsOf(cost)]);
  return table.toString();
}

type Cost = Omit<MemberCost, 'name'>;

function wordsOf({ rssBytes, cpuSPer1000, coreShare }: Cost): [string, string, string] {
  return [bytesWords(rssBytes), cpuSPer1000.toFixed(2), `${(coreShare * 100).toFixed(1)} %`];
}

function medianOf(costs: readonly MemberCost[]): Cost {
  const middle = (values: readonly number[]): number =>
    values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
  return {
    rssBytes: middle(costs.map(({ rssBytes }) => rssBytes)),
    cpuSPer1000: middle(costs.map(({ cpuSPer1000 }) => cpuSPer1000)),
    coreShare: middle(costs.map(({ coreShare }) => coreShare)),
  };
}

function largestOf(costs: readonly MemberCost[]): Cost {
  return {
    rssBytes: Math.max(...costs.map(({ rssBytes }) => rssBytes)),
    cpuSPer1000: Math.max(...costs.map(({ cpuSPer1000 }) => cpuSPer1000)),
    coreShare: Math.max(...costs.map(({ coreShare }) => coreShare)),
  };
}

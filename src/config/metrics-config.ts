/** Section `[metrics]`: its keys, their rules, and the settings of the metrics on TCP for the program. */
import { z } from 'zod';
import { FLAG, means } from './kinds/key-kinds.ts';
import { applyRules } from './kinds/known.ts';
import {
  addressProblem,
  exposureProblems,
  hostNames,
  isLoopback,
  type ListenAddress,
  listenAddress,
  listenAddressOf,
} from './kinds/listen-address.ts';
import type { Problem } from './kinds/problem.ts';

export const METRICS_KEYS = z.strictObject({
  listen: listenAddress(9464)
    .optional()
    .meta(means('Address and port of the metrics on TCP, path /metrics. none = on the control socket only.')),
  allow_remote: FLAG.meta(
    means('Allow an address in `listen` that other machines reach. The metrics cross the network unencrypted.'),
  ),
  host_names: hostNames().meta(
    means('Further host names under which scrapers reach the metrics. localhost and the address are valid.'),
  ),
});

export type MetricsSection = z.output<typeof METRICS_KEYS>;

/** Settings of the metrics on TCP. */
export interface MetricsConfig extends ListenAddress {
  readonly hostNames: readonly string[];
}

export function metricsProblems(metrics: MetricsSection): Problem[] {
  return applyRules([addressProblems, remoteProblems, idleProblems], metrics);
}

function addressProblems({ listen }: MetricsSection): Problem[] {
  const problem = listen === undefined ? undefined : addressProblem('metrics.listen', listen, 9464);
  return problem === undefined ? [] : [problem];
}

function remoteProblems(metrics: MetricsSection): Problem[] {
  const hint =
    'Use 127.0.0.1 and an agent on this machine. If other machines must reach the metrics, write allow_remote = true.';
  return addressProblems(metrics).length > 0 ? [] : exposureProblems('metrics.listen', metrics, hint);
}

/** Reports keys without an effect, because the author of the file expects one. */
function idleProblems({ listen, allow_remote, host_names }: MetricsSection): Problem[] {
  if (listen === undefined) {
    const hint = 'Add listen = "127.0.0.1:9464", or remove this key.';
    const idle = (key: string): Problem => ({ path: `metrics.${key}`, what: 'has no effect: listen is missing', hint });
    return [...(allow_remote ? [idle('allow_remote')] : []), ...(host_names.length === 0 ? [] : [idle('host_names')])];
  }
  if (!allow_remote || !isLoopback(listenAddressOf(listen).host)) return [];
  const what = 'has no effect: listen is an address of this machine only';
  return [{ path: 'metrics.allow_remote', what, hint: 'Remove this key.' }];
}

/** @returns `undefined`: no metrics on TCP */
export function decodeMetrics({ listen, host_names }: MetricsSection): MetricsConfig | undefined {
  return listen === undefined ? undefined : { ...listenAddressOf(listen), hostNames: host_names };
}

/** Warning about metrics that other machines can reach. */
export function metricsWarnings(metrics: MetricsConfig | undefined): Problem[] {
  if (metrics === undefined || isLoopback(metrics.host)) return [];
  return [
    {
      path: 'metrics.listen',
      what: `is ${metrics.host}: other machines can read names of subdevices and links, and counts of messages`,
      hint: 'Use 127.0.0.1 and an agent on this machine, or let a firewall admit the scraper only (docs/metrics.md).',
    },
  ];
}

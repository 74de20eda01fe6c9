/**
 * `GET /v1/metrics`: the status report in the text format of Prometheus. Loaded at the first request, so that a gateway
 * without a scraper does not carry the library. A new registry is made for each request, so no value is kept twice.
 */
import { Counter, Gauge, Registry } from 'prom-client';
import { METRICS, type Metric, type MetricSample } from './metric-table.ts';
import type { StatusReport } from './report.ts';

export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

export async function renderMetrics(status: StatusReport): Promise<MetricsText> {
  const registry = new Registry();
  for (const metric of METRICS) register(registry, metric, metric.read(status));
  return { contentType: registry.contentType, text: await registry.metrics() };
}

function register(registry: Registry, metric: Metric, samples: readonly MetricSample[]): void {
  if (samples.length === 0) return;
  const { name, help, kind } = metric;
  const options = { name, help, labelNames: [...metric.labels], registers: [registry] };
  switch (kind) {
    case 'gauge': {
      const gauge = new Gauge(options);
      for (const { labels, value } of samples) gauge.set(labels, value);
      return;
    }
    case 'counter': {
      const counter = new Counter(options);
      for (const { labels, value } of samples) counter.inc(labels, value);
      return;
    }
  }
}

/**
 * `GET /v1/metrics`: the status report in the text format of Prometheus, or in OpenMetrics 1.0. Loaded at the first request, so that a gateway
 * without a scraper does not carry the library. A new registry is made for each request, so no value is kept twice.
 */
import { Counter, Gauge, type OpenMetricsContentType, type PrometheusContentType, Registry } from 'prom-client';
import type { MetricsFormat } from '../api/metrics-format.ts';
import { METRICS, type Metric, type MetricSample } from './metric-table.ts';
import type { StatusReport } from './report.ts';

export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

export async function renderMetrics(status: StatusReport, format: MetricsFormat): Promise<MetricsText> {
  const registry = new Registry<PrometheusContentType | OpenMetricsContentType>();
  if (format === 'openmetrics') registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  for (const metric of METRICS) register(registry, metric, metric.read(status));
  const text = await registry.metrics();
  return { contentType: registry.contentType, text: format === 'openmetrics' ? completed(text) : text };
}

/** Adds what the library omits: escaped quotes in meanings, and the units (OpenMetrics 1.0, "Escaping" and "UNIT"). */
function completed(text: string): string {
  return text
    .replaceAll(/^# HELP .*$/gm, (line) => line.replaceAll('"', '\\"'))
    .replaceAll(/^# TYPE (\S+_(seconds|bytes)) \w+$/gm, '$&\n# UNIT $1 $2');
}

function register(
  registry: Registry<PrometheusContentType | OpenMetricsContentType>,
  metric: Metric,
  samples: readonly MetricSample[],
): void {
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

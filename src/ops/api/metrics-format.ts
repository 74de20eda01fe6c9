/** Format of the metrics that a scraper asks for in its Accept header (RFC 9110 §12.5.1). */

/** `text`: the format of Prometheus, version 0.0.4. */
export type MetricsFormat = 'text' | 'openmetrics';

/** Returns OpenMetrics only if the scraper names it and does not prefer text. */
export function metricsFormatOf(accept: string | undefined): MetricsFormat {
  const ranges = (accept ?? '').toLowerCase().split(',').map(rangeOf);
  const quality = (type: string): number => Math.max(0, ...ranges.filter((one) => one.type === type).map(({ q }) => q));
  const openMetrics = quality('application/openmetrics-text');
  return openMetrics > 0 && openMetrics >= quality('text/plain') ? 'openmetrics' : 'text';
}

function rangeOf(text: string): { readonly type: string; readonly q: number } {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  return { type, q: q === undefined ? 1 : Number(q) || 0 };
}

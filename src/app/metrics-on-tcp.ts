/** Metrics on TCP, if the configuration asks for them. Their code is loaded only then. */
import type { Config } from '../config/schema.ts';
import type { Journal } from '../io/journal.ts';
import type { Inspection } from '../ops/api/control-answers.ts';

/**
 * Starts the metrics. An address that cannot be used is a warning: the gateway runs without it.
 * @returns a function that ends them
 */
export async function openMetrics(
  { metrics }: Pick<Config, 'metrics'>,
  inspection: Pick<Inspection, 'status'>,
  journal: Pick<Journal, 'info' | 'warn'>,
): Promise<() => Promise<void>> {
  if (metrics === undefined) return async () => undefined;
  const { startMetricsServer } = await import('../ops/api/metrics-server.ts');
  const { host, port } = metrics;
  try {
    const server = await startMetricsServer({
      config: metrics,
      render: async (format) => (await import('../ops/reports/metrics.ts')).renderMetrics(inspection.status(), format),
    });
    journal.info('metrics on TCP started', { host, port });
    return () => server.close();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    journal.warn(`metrics.listen: cannot listen on ${host} port ${port}: ${reason}. The gateway runs without it`, {
      hint: 'Find the program on this port (sudo ss -ltnp), or correct metrics.listen; then: systemctl restart holdfast',
    });
    return async () => undefined;
  }
}

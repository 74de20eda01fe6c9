/** Metrics on TCP, if the configuration asks for them. Their code is loaded only then. */
import type { Config } from '../config/schema.ts';
import type { Journal } from '../io/journal.ts';
import type { AccessTroubles } from '../ops/access-troubles.ts';
import type { Inspection } from '../ops/api/control-answers.ts';

/** Pause between two attempts to listen. */
export const LISTEN_AGAIN_MS = 60_000;

export interface MetricsOnTcpOptions {
  readonly config: Pick<Config, 'metrics'>;
  readonly inspection: Pick<Inspection, 'status'>;
  readonly troubles: AccessTroubles;
  readonly journal: Pick<Journal, 'info' | 'warn'>;
  /** Pause between two attempts to listen, ms. */
  readonly againMs: number;
}

/**
 * Starts the metrics. An address that cannot be used is a condition: the gateway runs without it and tries again.
 * @returns a function that ends them
 */
export async function openMetrics(options: MetricsOnTcpOptions): Promise<() => Promise<void>> {
  const { metrics } = options.config;
  if (metrics === undefined) return async () => undefined;
  let close = await listen(options, metrics);
  let timer: NodeJS.Timeout | undefined;
  const tryAgain = (): void => {
    timer = setTimeout(async () => {
      close = await listen(options, metrics);
      if (close === undefined && timer !== undefined) tryAgain();
    }, options.againMs);
    timer.unref();
  };
  if (close === undefined) tryAgain();
  return async () => {
    clearTimeout(timer);
    timer = undefined;
    await close?.();
  };
}

/** @returns a function that ends the server; `undefined`: the address cannot be used */
async function listen(
  { inspection, troubles, journal }: MetricsOnTcpOptions,
  metrics: NonNullable<Config['metrics']>,
): Promise<(() => Promise<void>) | undefined> {
  const { startMetricsServer } = await import('../ops/api/metrics-server.ts');
  const { host, port } = metrics;
  try {
    const server = await startMetricsServer({
      config: metrics,
      render: async (format) => (await import('../ops/reports/metrics.ts')).renderMetrics(inspection.status(), format),
    });
    troubles.end('metrics');
    journal.info('metrics on TCP started', { host, port });
    return () => server.close();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const problem = `metrics.listen: cannot listen on ${host} port ${port}: ${reason}. The gateway runs without it`;
    const hint =
      'Find the program on this port (sudo ss -ltnp), or correct metrics.listen; then: sudo holdfast config apply';
    if (troubles.report('metrics', { code: 'metrics-not-listening', sentence: `${problem}.`, hint }))
      journal.warn(problem, { hint });
    return undefined;
  }
}

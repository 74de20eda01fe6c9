/**
 * Metrics on TCP: `GET /metrics` for a scraper that cannot use the control socket. Read-only, with the bounds of
 * `bounded-http.ts`. A request must name this host, so that a web page whose name leads to this address (DNS rebinding)
 * cannot read the metrics.
 *
 * The gateway does not depend on it: an address that cannot be used is reported, and the gateway runs without.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { MetricsConfig } from '../../config/metrics-config.ts';
import { closeServer, createBoundedServer, refuse, sendText, type TextAnswer } from './bounded-http.ts';
import { type MetricsFormat, metricsFormatOf } from './metrics-format.ts';
import { Turnstile } from './turnstile.ts';

export interface MetricsServerOptions {
  readonly config: Pick<MetricsConfig, 'host' | 'port' | 'hostNames'>;
  readonly render: (format: MetricsFormat) => Promise<TextAnswer>;
}

export interface MetricsServer {
  /** Port that the server listens on. */
  readonly port: number;
  close(): Promise<void>;
}

/** Two scrapers with their retries. */
const CONNECTIONS_MAX = 4;
/** Largest header, bytes. Prometheus sends less than 500. */
const HEADER_BYTES_MAX = 4096;
const PATH = '/metrics';

/** Rejects with the error of the operating system if the address cannot be used. */
export async function startMetricsServer({ config, render }: MetricsServerOptions): Promise<MetricsServer> {
  const names = new Set(['localhost', config.host, ...config.hostNames].map((name) => name.toLowerCase()));
  const turnstile = new Turnstile();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!names.has(hostIn(request.headers.host ?? '')))
      return refuse(response, 421, 'The Host header names another host.', 'Add its name to metrics.host_names.');
    if (request.method !== 'GET') return refuse(response, 405, 'The metrics answer GET only.');
    if (request.url?.split('?')[0] !== PATH) return refuse(response, 404, `The only path is ${PATH}.`);
    const format = metricsFormatOf(request.headers.accept);
    sendText(response, 200, await turnstile.pass(format, () => render(format)));
  };
  const server = createBoundedServer({ connectionsMax: CONNECTIONS_MAX, headerBytesMax: HEADER_BYTES_MAX, answer });
  await listen(server, config);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : config.port,
    close: () => closeServer(server),
  };
}

/** Host of a Host header in lower case, without port and brackets. */
function hostIn(header: string): string {
  const [, ipv6, name] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(header.trim().toLowerCase()) ?? [];
  return ipv6 ?? name ?? '';
}

function listen(server: Server, { host, port }: MetricsServerOptions['config']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.removeListener('error', reject);
      server.on('error', () => undefined); // an error of accept(2), such as EMFILE, concerns one connection
      resolve();
    });
  });
}

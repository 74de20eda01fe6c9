/**
 * Web server of the live page: listens, within the bounds of `ops/api/bounded-http.ts`. The pages are loaded at the first
 * request, so that a page that is not opened takes little memory.
 */
import type { Server } from 'node:http';
import { closeServer, createBoundedServer } from '../ops/api/bounded-http.ts';
import type { WebServerOptions, WebSite } from './web-site.ts';

export interface WebServer {
  readonly port: number;
  close(): Promise<void>;
}

const CONNECTIONS_MAX = 24;
/** Largest header: cookies of all services on the same host name are sent too. */
const HEADER_BYTES_MAX = 16_384;

/** @throws the error of the operating system if the address cannot be used */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  let site: Promise<WebSite> | undefined;
  const server = createBoundedServer({
    connectionsMax: CONNECTIONS_MAX,
    headerBytesMax: HEADER_BYTES_MAX,
    answer: async (request, response) => {
      site ??= import('./web-site.ts').then(({ WebSite }) => new WebSite(options));
      return await (await site).answer(request, response);
    },
  });
  const port = await listen(server, options);
  return {
    port,
    close: async () => {
      (await site)?.close();
      await closeServer(server);
    },
  };
}

function listen(server: Server, { host, port }: WebServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** Control socket of a gateway of another version: it answers every request, with another shape of the status. */
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';

export async function serveOldGateway(socketPath: string, version: string): Promise<void> {
  const server = createServer((request, response) => {
    const isKnown = request.url?.startsWith('/v1/status') === true;
    response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isKnown ? { process: { version } } : { error: 'unknown path' }));
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  onTestFinished(() => void server.close());
}

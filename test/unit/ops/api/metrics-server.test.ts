/** Metrics on TCP: what is answered, who may ask, and the bounds. */
import { type RequestOptions, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startMetricsServer } from '../../../../src/ops/api/metrics-server.ts';

async function serve(
  options: { readonly host?: string; readonly hostNames?: readonly string[] } = {},
): Promise<number> {
  const { host = '127.0.0.1', hostNames = [] } = options;
  const server = await startMetricsServer({
    config: { host, port: 0, hostNames },
    render: async (format) => ({ contentType: 'text/plain', text: `${format}\n` }),
  });
  onTestFinished(() => server.close());
  return server.port;
}

function scrape(
  port: number,
  options: RequestOptions = {},
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path: '/metrics', agent: false, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    outgoing.once('error', reject).end();
  });
}

describe('metrics on TCP', () => {
  it('are answered in the format of the Accept header, with and without a query', async () => {
    const port = await serve();
    expect(await scrape(port)).toEqual({ status: 200, text: 'text\n' });
    expect(await scrape(port, { path: '/metrics?x=1' })).toEqual({ status: 200, text: 'text\n' });
    const headers = { accept: 'application/openmetrics-text' };
    expect(await scrape(port, { headers })).toEqual({ status: 200, text: 'openmetrics\n' });
  });

  it.each([
    ['POST', '/metrics', 405],
    ['DELETE', '/metrics', 405],
    ['GET', '/', 404],
    ['GET', '/v1/status', 404],
    ['GET', '//metrics', 404],
  ])('%s %s is refused with %d', async (method, path, status) => {
    expect((await scrape(await serve(), { method, path })).status).toBe(status);
  });

  it.each([
    ['localhost:9464', 200],
    ['LOCALHOST', 200],
    ['127.0.0.1:1', 200],
    ['gw.local', 200],
    ['evil.example', 421],
    ['evil.example:9464', 421],
    ['127.0.0.1.evil.example', 421],
    ['[::1]:9464', 421],
    ['localhost:x', 421],
  ])('a request for the host %j is answered with %d', async (host, status) => {
    const port = await serve({ hostNames: ['gw.local'] });
    expect((await scrape(port, { headers: { host } })).status).toBe(status);
  });

  it('listen on ::1 too, and take its name in brackets', async () => {
    const port = await serve({ host: '::1' });
    expect((await scrape(port, { host: '::1', headers: { host: `[::1]:${port}` } })).status).toBe(200);
  });

  it('refuse a header of more than 4 KiB', async () => {
    const port = await serve();
    expect((await scrape(port, { headers: { x: 'y'.repeat(3000) } })).status).toBe(200);
    expect((await scrape(port, { headers: { x: 'y'.repeat(5000) } })).status).toBe(431);
  });

  it('are answered while many clients connect and say nothing', async () => {
    const port = await serve();
    const silent = Array.from({ length: 200 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    onTestFinished(() => {
      for (const socket of silent) socket.destroy();
    });
    await Promise.all(silent.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    expect((await scrape(port)).status).toBe(200);
  });

  it('on a port in use are an error', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => other.close(() => resolve())));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const start = startMetricsServer({
      config: { host: '127.0.0.1', port, hostNames: [] },
      render: async () => ({ contentType: '', text: '' }),
    });
    await expect(start).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

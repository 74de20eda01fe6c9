/** Metrics of a real gateway on TCP, beside the parser of the Prometheus project; and a port that is in use. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

/** Python of the distribution, where the package python3-prometheus-client is. */
const PYTHON = '/usr/bin/python3';
const PARSE =
  'import sys; from prometheus_client.openmetrics.parser import text_string_to_metric_families as p; print(len(list(p(sys.stdin.read()))))';
const hasParser = spawnSync(PYTHON, ['-c', 'import prometheus_client.openmetrics.parser']).status === 0;

function listening(): Promise<{ readonly server: Server; readonly port: number }> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve({ server, port: typeof address === 'object' && address !== null ? address.port : 0 });
    });
  });
}

const open = (port: number): Promise<Testbed> => openTestbed({ more: `\n[metrics]\nlisten = "127.0.0.1:${port}"\n` });

it.skipIf(!hasParser)('metrics on TCP are OpenMetrics, and count the messages', async () => {
  const { server, port } = await listening();
  await new Promise((resolve) => server.close(resolve));
  const testbed = await open(port);
  await testbed.start();
  testbed.publish(5);
  await testbed.untilIdle();
  const headers = { accept: 'application/openmetrics-text; version=1.0.0' };
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers });
  expect(response.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  const text = await response.text();
  expect(text).toContain('holdfast_ledger_delivered_messages_total{direction="uplink"} 10\n');
  const { status, stderr } = spawnSync(PYTHON, ['-c', PARSE], { input: text, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  await testbed.gateway.signal('SIGTERM');
  await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow();
});

it('a port that another program uses is a condition, and the gateway runs', async () => {
  const { server, port } = await listening();
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const token = join(mkdtempSync(join(tmpdir(), 'holdfast-token-')), 'token');
  writeFileSync(token, `${'t'.repeat(32)}\n`, { mode: 0o600 });
  onTestFinished(() => rmSync(dirname(token), { recursive: true }));
  const web = `[web]\nlisten = "127.0.0.1:${port}"\ntoken_file = "${token}"\n`;
  const testbed = await openTestbed({ more: `\n[metrics]\nlisten = "127.0.0.1:${port}"\n${web}` });
  await testbed.start();
  testbed.publish(1);
  await testbed.untilIdle();
  await until(() => testbed.gateway.journal.includes(`metrics.listen: cannot listen on 127.0.0.1 port ${port}`));
  const { conditions } = await testbed.untilStatus((status) =>
    ['metrics-not-listening', 'web-not-listening'].every((code) => status.conditions.some((one) => one.code === code)),
  );
  for (const { losing, sentence } of conditions)
    expect([losing, sentence]).toEqual(['no', expect.stringContaining(`cannot listen on 127.0.0.1 port ${port}`)]);
});

/** Metrics on TCP: a port in use is a condition, which ends when the gateway can listen. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { openMetrics } from '../../../src/app/metrics-on-tcp.ts';
import { AccessTroubles } from '../../../src/ops/access-troubles.ts';
import { accessConditions } from '../../../src/ops/conditions/access-conditions.ts';
import { judge } from '../../../src/ops/verdict.ts';
import { AWAY } from '../ops/api/control-rig.ts';

it('a port that is in use is a condition until it is free', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  let nowMs = 1000;
  const troubles = new AccessTroubles(() => nowMs);
  const started = Promise.withResolvers<void>();
  const told: string[] = [];
  const journal = { info: () => started.resolve(), warn: (text: string) => void told.push(text) };
  const close = await openMetrics({
    config: { metrics: { host: '127.0.0.1', port, hostNames: [] } },
    inspection: { status: () => judge(AWAY) },
    troubles,
    journal,
    againMs: 1,
  });
  onTestFinished(close);
  nowMs = 61_000;
  expect(accessConditions({ nowMs, accessTroubles: troubles.all })).toEqual([
    {
      ...{ code: 'metrics-not-listening', losing: 'no', forMs: 60_000 },
      sentence: expect.stringContaining(`cannot listen on 127.0.0.1 port ${port}`),
      hint: expect.stringContaining('ss -ltnp'),
    },
  ]);
  other.close();
  await started.promise;
  expect(troubles.all).toEqual([]);
  expect(told).toHaveLength(1);
  expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);
});

it('a trouble is reported once, and again with other words, from its first time on', () => {
  let nowMs = 1;
  const troubles = new AccessTroubles(() => nowMs);
  const trouble = { code: 'web-not-listening', sentence: 'One.', hint: '' } as const;
  expect(troubles.report('web page', trouble)).toBe(true);
  nowMs = 9;
  expect(troubles.report('web page', trouble)).toBe(false);
  expect(troubles.report('web page', { ...trouble, sentence: 'Two.' })).toBe(true);
  expect(troubles.all).toEqual([{ ...trouble, sentence: 'Two.', sinceMs: 1 }]);
  expect([troubles.end('web page'), troubles.end('web page')]).toEqual([true, false]);
});

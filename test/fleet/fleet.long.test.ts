/** The fleet at mosquitto: the harness loses nothing, reports what it saw, and notices a loss. */
import { expect, it } from 'vitest';
import { MOSQUITTO_IS_MISSING } from '../e2e/mosquitto.ts';
import { burstAfter, connectsIn, fleetLines } from './fleet-report.ts';
import { runFleet } from './fleet-run.ts';

it.skipIf(MOSQUITTO_IS_MISSING)(
  'three gateways lose nothing while their hub is away, and report their costs',
  async () => {
    const result = await runFleet({
      ...{ gateways: 3, hub: 'mosquitto', perS: 5, seconds: 2, stateDir: '/var/tmp' },
      tell: () => undefined,
    });
    expect(result).toMatchObject({ problem: null, gateways: 3, uplinks: { missing: 0, reordered: 0 } });
    expect(result.uplinks.delivered).toBe(result.uplinks.sent);
    expect(result.uplinks.sent).toBeGreaterThan(3);
    const [failure] = result.failures;
    if (failure === undefined) throw new Error('no node has failed');
    // each gateway and the consumer connect again
    expect(connectsIn(result, failure.atS, Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(4);
    for (const { rssBytes, cpuSPer1000 } of [...result.gatewayCosts, ...result.nodeCosts]) {
      expect(rssBytes).toBeGreaterThan(0);
      expect(cpuSPer1000).toBeGreaterThan(0);
    }
    expect(fleetLines(result).join('\n')).toContain('0 lost, 0 out of order');
  },
);

it('a plot shows the CONNECTs after a failure, and the largest number at once', () => {
  const failure = { node: 'n1', atS: 10, backAtS: 20 };
  const connectsAtS = [1, 10.5, 11.1, 11.2, 11.3, 13, 25];
  expect(burstAfter(failure, { connectsAtS })).toBe(3);
  const cost = { name: 'x', rssBytes: 1, cpuSPer1000: 1, coreShare: 1 };
  const lines = fleetLines({
    ...{ hub: 'h', gateways: 3, perS: 1, connectsAtS, failures: [failure], gatewayCosts: [cost], nodeCosts: [cost] },
    uplinks: { sent: 9, acknowledged: 9, delivered: 8, missing: 1, reordered: 0, duplicates: 0 },
    problem: null,
  });
  expect(lines).toContain('   0 s    1 #');
  expect(lines).toContain('   1 s    3 ###');
  expect(lines.join('\n')).toContain('1 lost');
});

/** A subdevice is removed from the configuration: its downlinks are kept and named until an operator forgets it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { give } from '../../src/ops/api/control-client.ts';
import { openTestbed } from './testbed.ts';
import { until } from './until.ts';

it('is named as not in the configuration, and forgetting it ends its session and counts its waiting messages, unless they are on hold', async () => {
  const testbed = await openTestbed({
    subdevices: { a: { keepAliveMs: 1000 } }, // its absence is noticed after 1.5 keep alive periods
    config: { link: { retry_ms: 50, retries_max: 2 } },
  });
  await testbed.start();
  const a = testbed.subdevice('a');
  a.stop();
  await testbed.untilStatus(({ links }) => links.every(({ subdevices }) => subdevices.length === 0));
  testbed.command(a);
  await testbed.untilStatus(({ inbox }) => inbox.onDisk === 1);
  const forget = (subdevice: string) => give(testbed.socketPath, 'subdevices.forget', { subdevice });
  await expect(forget('a')).rejects.toThrow(/no session that can be ended/);
  await testbed.gateway.signal('SIGTERM');
  writeFileSync(testbed.configPath, readFileSync(testbed.configPath, 'utf8').replaceAll('"a"', '"c"'));
  await testbed.gateway.start();
  testbed.command(a);
  const { conditions } = await testbed.untilStatus(({ inbox }) => inbox.onDisk === 2);
  expect(conditions).toContainEqual(
    expect.objectContaining({
      code: 'subdevice-removed',
      losing: 'no',
      sentence: 'a is not in the configuration, and its session still collects downlinks: 2 downlinks waiting.',
      hint: expect.stringContaining('holdfast subdevices forget a'),
    }),
  );
  // a hold promises that its messages are kept, over a restart too
  await give(testbed.socketPath, 'inbox.hold', { subdevices: ['a'] });
  await testbed.gateway.signal('SIGTERM');
  await testbed.gateway.start();
  await expect(forget('a')).rejects.toThrow(/Downlinks of "a" are on hold by an operator/);
  expect((await testbed.gateway.ledger()).totals.downlink).toMatchObject({ pending: 2, shed: {} });
  await give(testbed.socketPath, 'inbox.release', { subdevices: ['a'] });

  expect(await forget('a')).toEqual({ discarded: 2 });
  await until(() => testbed.session?.subscriptions.length === 0);
  await until(async () => (await testbed.gateway.ledger()).totals.downlink.pending === 0);
  const ledger = await testbed.gateway.ledger();
  expect([ledger.balances, ledger.totals.downlink.shed]).toEqual([true, { 'forgotten by hand': 2 }]);
  const { conditions: after } = await testbed.gateway.status();
  expect(after.map(({ code }) => code)).not.toContain('subdevice-removed');
});

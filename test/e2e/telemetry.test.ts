/** Health telemetry of the real gateway at the bench hub: a document that fits its schema, after all data. */
import { expect, it } from 'vitest';
import type { TelemetryReport } from '../../src/ops/remote/telemetry-report.ts';
import { complaintsAbout } from '../json-complaints.ts';
import { openTestbed } from './testbed.ts';
import { until } from './until.ts';

const TOPIC = 'holdfast/gw/health';
const MORE = '[telemetry]\ntopic = "holdfast/{gateway}/health"\n';

it('a document comes after the connection, after the whole backlog, and says what the status says', async () => {
  const testbed = await openTestbed({ config: { hub: { messages_per_s: 60 } }, more: MORE });
  testbed.dropHub();
  await testbed.gateway.start();
  for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
  testbed.publish(20);
  await testbed.untilAcknowledged();
  testbed.restoreHub();
  await until(() => testbed.arrivals.some(({ topic }) => topic === TOPIC));
  const place = testbed.arrivals.findIndex(({ topic }) => topic === TOPIC);
  expect(testbed.arrivals.slice(0, place).filter(({ topic }) => topic.endsWith('/t'))).toHaveLength(40);

  const text = new TextDecoder().decode(testbed.arrivals[place]?.payload);
  expect(complaintsAbout(text)).toEqual([]);
  const document: TelemetryReport = JSON.parse(text);
  const ledger = await testbed.expectNothingLost();
  const { process: own } = await testbed.gateway.status();
  expect(document).toMatchObject({ gateway: 'gw', cut: 0, versions: { holdfast: own.version } });
  expect(document.ledger?.uplink.accepted).toBe(ledger.totals.uplink.accepted);
  expect(document.links.map(({ name, state }) => `${name} ${state}`)).toEqual(['link-a open', 'link-b open']);
});

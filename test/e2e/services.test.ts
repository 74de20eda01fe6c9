/**
 * A subdevice uses the services of the hub through the gateway, under short names, and cannot reach those of others.
 */
import { expect, it } from 'vitest';
import type { SimulatedReport } from '../../src/bench/subdevices/subdevice-contract.ts';
import { openStrictHubTestbed, PRODUCT } from './strict-hub-testbed.ts';
import { until } from './until.ts';

const DEVICE = { product: PRODUCT, device: 'a' };
const DOWN = ['$shadow/operation/result', '$ota/update', '$rrpc/rxd/+'];

it('a subdevice uses its shadow, reports its firmware, answers a call, and reaches no other topic of the hub', async () => {
  const testbed = await openStrictHubTestbed();
  await testbed.gateway.start();
  const subdevice = testbed.subdevice('a');
  const received: { topic: string; text: string }[] = [];
  subdevice.onReport((report: SimulatedReport) => {
    if (report.kind === 'received')
      received.push({ topic: report.topic, text: new TextDecoder().decode(report.payload) });
  });
  const send = (topic: string, text: string): number =>
    subdevice.publish(topic, { payload: new TextEncoder().encode(text) });
  const answer = async (topic: string): Promise<unknown> => {
    await until(() => received.some((one) => one.topic === topic));
    return JSON.parse(
      received.splice(
        received.findIndex((one) => one.topic === topic),
        1,
      )[0]?.text ?? '',
    );
  };

  subdevice.start();
  for (const filter of DOWN) subdevice.command({ kind: 'subscribe', filter, qos: 1 });
  const wanted = DOWN.map((filter) => filter.replace(/(\/\+)?$/, '/PPPPPPPPPP/a$1'));
  const session = () => testbed.hub.sessions().find(({ clientId }) => clientId === 'GGGGGGGGGGgw');
  await until(() => {
    const filters = session()?.subscriptions.map(({ filter }) => filter) ?? [];
    return wanted.every((filter) => filters.includes(filter)) && session()?.subdevicesOnline.length === 1;
  });

  send('$shadow/operation', '{"type":"update","state":{"reported":{"on":false}},"version":0}');
  expect(await answer('$shadow/operation/result')).toMatchObject({ type: 'update', result: 0 });
  testbed.hub.serve({ kind: 'desire', device: DEVICE, state: { on: true } });
  expect(await answer('$shadow/operation/result')).toMatchObject({ type: 'delta', payload: { state: { on: true } } });
  send('$shadow/operation', '{"type":"get"}');
  expect(await answer('$shadow/operation/result')).toMatchObject({ type: 'get', payload: { version: 2 } });

  send('$ota/report', '{"type":"report_version","report":{"version":"0.1"}}');
  expect(await answer('$ota/update')).toMatchObject({ type: 'report_version_rsp', version: '0.1' });
  expect(testbed.hub.serve({ kind: 'firmware', device: DEVICE })).toMatchObject({ version: '0.1' });

  testbed.hub.serve({ kind: 'call', device: DEVICE, payload: Buffer.from('{}').toString('base64') });
  expect(await answer('$rrpc/rxd/1')).toEqual({});
  send('$rrpc/txd/1', 'pong');
  await until(() => 'payload' in testbed.hub.serve({ kind: 'reply', id: '1' }));
  expect(testbed.hub.serve({ kind: 'reply', id: '1' })).toMatchObject({
    payload: Buffer.from('pong').toString('base64'),
  });

  for (const filter of ['$ota/update/PPPPPPPPPP/b', '$gateway/operation/result', '$shadow/operation'])
    subdevice.command({ kind: 'subscribe', filter, qos: 1 });
  send('$gateway/operation', '{"type":"unbind_all"}');
  send('$ota/report/PPPPPPPPPP/b', '{"type":"report_version","report":{"version":"9"}}');
  await until(() => subdevice.queued === 2);
  testbed.hub.serve({ kind: 'desire', device: DEVICE, state: { on: 1 } }); // This message is sent after all of them.
  expect(await answer('$shadow/operation/result')).toMatchObject({ type: 'delta' });
  expect(session()?.subscriptions).toHaveLength(DOWN.length + 2);
  expect(testbed.arrivals.filter(({ topic }) => topic.startsWith('$'))).toEqual([]);
  expect(testbed.events.filter(({ kind }) => kind === 'unanswered')).toEqual([]);
});

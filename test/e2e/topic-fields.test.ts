/**
 * Fields of the message in topics, at an ordinary broker with the real process: over an outage and a kill, each message
 * arrives on the topic of its value or of the fallback, and none on a topic of the other subdevice.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { findPort } from './any-broker.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

/** Values of `room`, with the level of the topic that each becomes. */
const ROOMS: readonly (readonly [payload: string, level: string])[] = [
  ['{"room":"kitchen"}', 'kitchen'],
  ['{"room":"Küche"}', 'Küche'],
  ['{"room":7}', '7'],
  ['{"room":"a/b"}', 'a%2Fb'],
  ['{"room":"../b/x"}', '%2E%2E%2Fb%2Fx'],
  ['{"room":"+"}', '%2B'],
  ['{"room":"#"}', '%23'],
  ['{"room":"$SYS"}', '%24SYS'],
  ['{"room":"\\u0000\\n"}', '%00%0A'],
];
const WITHOUT: readonly string[] = ['21.5', 'on', '{}', '{"room":null}', '{"room":""}', '{"room":', '[{"room":"x"}]'];
const HUB = { uplink_topic: '{field:room|none}/{subdevice}/{topic}', downlink_topic: 'down/{subdevice}/{topic}' };
const IDS = ['a', 'b'];

/** Messages of one round, as `topic payload`. */
const EXPECTED = IDS.flatMap((id) => [
  ...ROOMS.map(([payload, level]) => `${level}/${id}/t/x ${payload}`),
  ...WITHOUT.map((payload) => `none/${id}/t/x ${payload}`),
]);

function publishAll(testbed: Testbed): void {
  for (const subdevice of testbed.subdevices)
    for (const payload of [...ROOMS.map(([text]) => text), ...WITHOUT])
      subdevice.publish('t/x', { payload: new TextEncoder().encode(payload) });
}

describe.skipIf(MOSQUITTO_IS_MISSING)('with mosquitto as the hub', () => {
  it('uplinks have their values or fallbacks in the topic, over an outage and a kill', async () => {
    const port = await findPort();
    const steady = { keepAliveMs: 600_000 };
    const testbed = await openTestbed({ subdevices: { a: steady, b: steady }, config: { hub: { port, ...HUB } } });
    const broker = new Mosquitto(port, testbed.folder);
    onTestFinished(() => broker.close());
    await broker.start();
    const arrived: string[] = [];
    await broker.listen('#', (topic, payload) => arrived.push(`${topic} ${payload}`));
    const distinct = (): Set<string> => new Set(arrived.filter((line) => !line.startsWith('probe')));

    await testbed.gateway.start();
    for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
    await testbed.untilStatus(({ hub }) => hub.state === 'connected');
    publishAll(testbed);
    await until(() => distinct().size === EXPECTED.length);
    expect([...distinct()].sort()).toEqual([...EXPECTED].sort());
    const fallbacks = WITHOUT.length * IDS.length;
    const status = await testbed.untilStatus(({ hub }) => hub.uplinksWithFallback >= fallbacks);
    expect(status.conditions).toContainEqual(
      expect.objectContaining({
        code: 'topic-fallbacks',
        losing: 'no',
        sentence: expect.stringMatching(/\{field:room\}: /),
      }),
    );

    // topics that were computed before the kill stay with their messages
    arrived.length = 0;
    await broker.stop();
    await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    publishAll(testbed);
    await testbed.untilAcknowledged();
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    await broker.start();
    await until(() => distinct().size === EXPECTED.length);
    await until(async () => (await testbed.gateway.ledger()).totals.uplink.pending === 0);
    expect([...distinct()].sort()).toEqual([...EXPECTED].sort());
    expect((await testbed.gateway.ledger()).balances).toBe(true);
  });
});

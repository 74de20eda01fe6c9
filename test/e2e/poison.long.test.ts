/** A message on which the hub closes the connection each time: it must not stop the later ones. */
import { expect, it } from 'vitest';
import { runProgram } from './program.ts';
import { openTestbed } from './testbed.ts';
import { until } from './until.ts';

/** Remedy of a held packet, over several lines. */
const release = (packet: string): RegExp =>
  new RegExp(`^ {2}-> holdfast\\s+--(?:config|socket)\\s+\\S+\\s+hub\\s+subscriptions\\s+release\\s+'${packet}'$`, 'm');

it('a message on which the hub closes the connection is set aside, and all later ones arrive', async () => {
  const testbed = await openTestbed({ isTapped: true, config: { hub: { attempts_max: 2 } } });
  testbed.tap.closesOn = (packet) => packet.kind === 'publish' && packet.topic === 'gw/a/poison';
  await testbed.start();
  const a = testbed.subdevice('a');
  testbed.publish(20);
  a.publish('poison');
  testbed.publish(20);
  await testbed.untilAcknowledged();
  await until(async () => (await testbed.gateway.ledger()).totals.uplink.pending === 0);
  const ledger = await testbed.gateway.ledger();
  expect(ledger.totals.uplink).toMatchObject({ accepted: 81, delivered: 80, dead: 1, imbalance: 0 });
  expect(testbed.uplinks).toMatchObject({ delivered: 80, missing: 1, reordered: 0 });
  expect(testbed.gateway.journal).toMatch(
    /gw\/a\/poison became a dead letter: the hub closes the connection on it \(3 times\)/,
  );
  const { hub, conditions } = await testbed.untilStatus(({ hub }) => hub.state === 'connected');
  expect([hub.takeovers, conditions.map(({ code }) => code)]).toEqual([0, ['dead-letters']]);
});

it('a filter on which the hub closes is set aside, listed and released; uplinks flow meanwhile, and after a restart', async () => {
  const testbed = await openTestbed({ isTapped: true, config: { hub: { attempts_max: 1 } } });
  const isForbidden = (filter: string): boolean => filter === 'gw/a/forbidden';
  testbed.tap.closesOn = (packet) =>
    packet.kind === 'subscribe' && packet.subscriptions.some(({ filter }) => isForbidden(filter));
  await testbed.start();
  testbed.subdevice('a').command({ kind: 'subscribe', filter: 'forbidden', qos: 1 });
  testbed.publish(20);
  await testbed.untilAcknowledged();
  await until(() => testbed.uplinks.delivered === testbed.uplinks.sent);
  const { hub, conditions } = await testbed.untilStatus(
    (status) =>
      status.hub.state === 'connected' && status.conditions.some(({ code }) => code === 'hub-closes-on-packet'),
  );
  expect([hub.takeovers, conditions.map(({ code }) => code)]).toEqual([0, ['hub-closes-on-packet']]);
  const cli = (...words: string[]) => runProgram('--socket', testbed.socketPath, 'hub', 'subscriptions', ...words);
  const listed = await cli();
  expect(listed.stdout).toMatch(/gw\/a\/forbidden +set aside +a/);
  expect(listed.stdout).toContain("release 'gw/a/forbidden'");
  const letters = await runProgram('--socket', testbed.socketPath, 'dead-letters', 'list');
  expect(letters.stdout).toMatch(/^There are no dead letters\.\n\n.*SUBSCRIBE gw\/a\/forbidden/);
  expect(letters.stdout).toMatch(release('gw/a/forbidden'));
  expect(await cli('release', 'gw/b/cmd')).toMatchObject({ code: 1, stderr: expect.stringContaining('is held back') });
  await testbed.gateway.signal('SIGKILL');
  await testbed.gateway.start();
  testbed.publish(20);
  await until(() => testbed.uplinks.delivered === testbed.uplinks.sent);
  await testbed.untilStatus((status) => status.conditions.some(({ code }) => code === 'hub-closes-on-packet'));
  testbed.tap.closesOn = () => false;
  expect((await cli('release', 'gw/a/forbidden')).stdout).toBe('1 packet released: SUBSCRIBE gw/a/forbidden.\n');
  await until(() => testbed.session?.subscriptions.length === 3);
});

it('a topic of QoS 0 on which the hub closes does not affect the other subdevice', async () => {
  const testbed = await openTestbed({ isTapped: true, config: { hub: { attempts_max: 1 } } });
  testbed.tap.closesOn = (packet) => packet.kind === 'publish' && packet.topic === 'gw/a/tick';
  await testbed.start();
  const [a, b] = [testbed.subdevice('a'), testbed.subdevice('b')];
  const tick = setInterval(() => a.publish('tick', { qos: 0 }), 100);
  for (let count = 0; count < 60; count += 1) b.publish('t');
  await until(() => b.uplinks.delivered === 60);
  const { hub, conditions } = await testbed.untilStatus((status) =>
    status.conditions.some(({ code }) => code === 'hub-closes-on-packet'),
  );
  clearInterval(tick);
  expect(hub.takeovers).toBe(0);
  expect(conditions.find(({ code }) => code === 'hub-closes-on-packet')?.sentence).toContain(
    'PUBLISH (QoS 0) on gw/a/tick',
  );
});

it('a topic of uplinks on which the hub closes is listed with its dead letters, and released; the others flow', async () => {
  const testbed = await openTestbed({ isTapped: true, config: { hub: { attempts_max: 1 } } });
  testbed.tap.closesOn = (packet) => packet.kind === 'publish' && packet.topic === 'gw/a/poison';
  await testbed.start();
  const a = testbed.subdevice('a');
  for (let count = 0; count < 8; count += 1) a.publish('poison');
  testbed.publish(20);
  await testbed.untilAcknowledged();
  await until(async () => (await testbed.gateway.ledger()).totals.uplink.dead === 8);
  await until(() => testbed.uplinks.delivered === testbed.uplinks.sent - 8);
  const cli = (...words: string[]) => runProgram('--socket', testbed.socketPath, ...words);
  const { stdout } = await cli('dead-letters', 'list');
  expect(stdout).toMatch(/PUBLISH on\s+gw\/a\/poison[\s\S]+It\s+is\s+set\s+aside/);
  expect(stdout).toMatch(release('gw/a/poison'));
  await testbed.gateway.signal('SIGKILL');
  await testbed.gateway.start();
  a.publish('poison');
  testbed.publish(20);
  await until(() => testbed.uplinks.delivered === testbed.uplinks.sent - 9);
  const kept = async () => JSON.parse((await cli('--json', 'dead-letters', 'list')).stdout).kept;
  await until(async () => (await kept()) === 9);
  testbed.tap.closesOn = () => false;
  expect((await cli('dead-letters', 'retry', '--all')).code).toBe(0);
  await until(() => testbed.uplinks.delivered === testbed.uplinks.sent);
});

it('a PUBACK on which the hub closes is set aside; uplinks and other downlinks flow, and the command does not come again', async () => {
  const testbed = await openTestbed({ isTapped: true, config: { hub: { attempts_max: 1 } } });
  await testbed.start();
  let poison: number | undefined;
  testbed.tap.closesOn = (packet) => {
    if (packet.kind !== 'puback') return false;
    poison ??= packet.packetId;
    return packet.packetId === poison;
  };
  const [a, b] = [testbed.subdevice('a'), testbed.subdevice('b')];
  testbed.publish(20);
  testbed.command(a);
  const { hub, conditions } = await testbed.untilStatus(
    (status) =>
      status.hub.state === 'connected' && status.conditions.some(({ code }) => code === 'hub-closes-on-packet'),
  );
  expect([hub.takeovers, conditions.map(({ code }) => code)]).toEqual([0, ['hub-closes-on-packet']]);
  expect(conditions[0]?.sentence).toContain('PUBACK of a downlink on gw/a/cmd');
  testbed.publish(20);
  testbed.command(b);
  testbed.command(a);
  await until(() => testbed.uplinks.delivered === testbed.uplinks.sent && testbed.downlinks.delivered === 3);
  // The hub sends the first command again after each of its closes; the second one arrives after the last of them.
  const copies = a.downlinks.duplicates;
  expect(testbed.uplinks).toMatchObject({ missing: 0, reordered: 0 });
  const cli = (...words: string[]) => runProgram('--socket', testbed.socketPath, 'hub', 'subscriptions', ...words);
  expect((await cli()).stdout).toMatch(release('gw/a/cmd'));
  testbed.tap.closesOn = () => false;
  expect((await cli('release', 'gw/a/cmd')).stdout).toContain('PUBACK of a downlink on gw/a/cmd');
  await until(() => testbed.session?.inFlight === 0 && testbed.session.stored === 0);
  expect([a.downlinks.duplicates, b.downlinks.duplicates]).toEqual([copies, 0]);
});

it('a hub that closes on CONNECT is reported as such; everything is kept, and no packet is suspected', async () => {
  const testbed = await openTestbed({ isTapped: true });
  await testbed.start();
  testbed.tap.closesOn = ({ kind }) => kind === 'connect';
  testbed.hub.setFault({ kind: 'dropConnections' });
  await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
  testbed.publish(20);
  await testbed.untilAcknowledged();
  const isReported = ({ sentence }: { readonly sentence: string }): boolean =>
    /accepts TCP connections but does not answer CONNECT/.test(sentence);
  const { hub, conditions } = await testbed.untilStatus((status) => status.conditions.some(isReported));
  expect([hub.takeovers, conditions.map(({ code }) => code)]).toEqual([0, ['hub-away']]);
  expect(conditions[0]?.hint).toContain('check the log of the hub');
  testbed.tap.closesOn = () => false;
  await until(() => testbed.uplinks.delivered === testbed.uplinks.sent);
  expect(testbed.uplinks).toMatchObject({ missing: 0, reordered: 0 });
});

/** A message on which the hub closes the connection each time: it must not stop everything behind it. */
import { expect, it } from 'vitest';
import { openHouse } from './testbed.ts';
import { runProgram } from './program.ts';
import { until } from './until.ts';

it('a message on which the hub closes the connection is set aside, and everything behind it arrives', async () => {
  const house = await openHouse({ isTapped: true, config: { hub: { attempts_max: 2 } } });
  house.tap.closesOn = (packet) => packet.kind === 'publish' && packet.topic === 'gw/a/poison';
  await house.start();
  const a = house.subdevice('a');
  house.publish(20);
  a.publish('poison');
  house.publish(20);
  await house.untilAcknowledged();
  await until(async () => (await house.gateway.ledger()).totals.uplink.pending === 0);
  const ledger = await house.gateway.ledger();
  expect(ledger.totals.uplink).toMatchObject({ accepted: 81, delivered: 80, dead: 1, imbalance: 0 });
  expect(house.uplinks).toMatchObject({ delivered: 80, missing: 1, reordered: 0 });
  expect(house.gateway.journal).toMatch(
    /gw\/a\/poison is a dead letter: the hub closes the connection on it \(2 times\)/,
  );
  const { hub, conditions } = await house.untilStatus(({ hub }) => hub.state === 'connected');
  expect([hub.takings, conditions.map(({ code }) => code)]).toEqual([0, ['dead-letters']]);
});

it('a filter that the hub closes on is set aside, listed and released; uplinks flow meanwhile, and after a restart', async () => {
  const house = await openHouse({ isTapped: true, config: { hub: { attempts_max: 1 } } });
  const isForbidden = (filter: string): boolean => filter === 'gw/a/forbidden';
  house.tap.closesOn = (packet) =>
    packet.kind === 'subscribe' && packet.subscriptions.some(({ filter }) => isForbidden(filter));
  await house.start();
  house.subdevice('a').order({ kind: 'subscribe', filter: 'forbidden', qos: 1 });
  house.publish(20);
  await house.untilAcknowledged();
  await until(() => house.uplinks.delivered === house.uplinks.sent);
  const { hub, conditions } = await house.untilStatus(
    (status) =>
      status.hub.state === 'connected' && status.conditions.some(({ code }) => code === 'hub-closes-on-packet'),
  );
  expect([hub.takings, conditions.map(({ code }) => code)]).toEqual([0, ['hub-closes-on-packet']]);
  const cli = (...words: string[]) => runProgram('--socket', house.socketPath, 'hub', 'subscriptions', ...words);
  const listed = await cli();
  expect(listed.stdout).toMatch(/gw\/a\/forbidden +set aside +a/);
  expect(listed.stdout).toContain("release 'gw/a/forbidden'");
  const letters = await runProgram('--socket', house.socketPath, 'dead-letters', 'list');
  expect(letters.stdout).toMatch(/^There are no dead letters\.\n\n.*SUBSCRIBE gw\/a\/forbidden/);
  expect(letters.stdout).toContain("  -> holdfast hub subscriptions release 'gw/a/forbidden'");
  expect(await cli('release', 'gw/b/cmd')).toMatchObject({ code: 1, stderr: expect.stringContaining('is held back') });
  await house.gateway.signal('SIGKILL');
  await house.gateway.start();
  house.publish(20);
  await until(() => house.uplinks.delivered === house.uplinks.sent);
  await house.untilStatus((status) => status.conditions.some(({ code }) => code === 'hub-closes-on-packet'));
  house.tap.closesOn = () => false;
  expect((await cli('release', 'gw/a/forbidden')).stdout).toBe('1 packet released: SUBSCRIBE gw/a/forbidden.\n');
  await until(() => house.session?.subscriptions.length === 3);
});

it('a topic of QoS 0 that the hub closes on costs the other subdevice nothing', async () => {
  const house = await openHouse({ isTapped: true, config: { hub: { attempts_max: 1 } } });
  house.tap.closesOn = (packet) => packet.kind === 'publish' && packet.topic === 'gw/a/tick';
  await house.start();
  const [a, b] = [house.subdevice('a'), house.subdevice('b')];
  const tick = setInterval(() => a.publish('tick', { qos: 0 }), 100);
  for (let count = 0; count < 60; count += 1) b.publish('t');
  await until(() => b.uplinks.delivered === 60);
  const { hub, conditions } = await house.untilStatus((status) =>
    status.conditions.some(({ code }) => code === 'hub-closes-on-packet'),
  );
  clearInterval(tick);
  expect(hub.takings).toBe(0);
  expect(conditions.find(({ code }) => code === 'hub-closes-on-packet')?.sentence).toContain(
    'PUBLISH (QoS 0) on gw/a/tick',
  );
});

it('a topic whose uplinks the hub closes on is listed beside its dead letters, and released; the others flow', async () => {
  const house = await openHouse({ isTapped: true, config: { hub: { attempts_max: 1 } } });
  house.tap.closesOn = (packet) => packet.kind === 'publish' && packet.topic === 'gw/a/poison';
  await house.start();
  const a = house.subdevice('a');
  for (let count = 0; count < 8; count += 1) a.publish('poison');
  house.publish(20);
  await house.untilAcknowledged();
  await until(async () => (await house.gateway.ledger()).totals.uplink.dead === 8);
  await until(() => house.uplinks.delivered === house.uplinks.sent - 8);
  const cli = (...words: string[]) => runProgram('--socket', house.socketPath, ...words);
  const { stdout } = await cli('dead-letters', 'list');
  expect(stdout).toMatch(/PUBLISH on\s+gw\/a\/poison[\s\S]+It\s+is\s+set\s+aside/);
  expect(stdout).toContain("  -> holdfast hub subscriptions release 'gw/a/poison'");
  await house.gateway.signal('SIGKILL');
  await house.gateway.start();
  a.publish('poison');
  house.publish(20);
  await until(() => house.uplinks.delivered === house.uplinks.sent - 9);
  const kept = async () => JSON.parse((await cli('--json', 'dead-letters', 'list')).stdout).kept;
  await until(async () => (await kept()) === 9);
  house.tap.closesOn = () => false;
  expect((await cli('dead-letters', 'retry', '--all')).code).toBe(0);
  await until(() => house.uplinks.delivered === house.uplinks.sent);
});

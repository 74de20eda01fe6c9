/**
 * The hub goes away and comes back: subdevices are not affected, and the hub receives everything, in order, at its
 * pace.
 */
import { describe, expect, it } from 'vitest';
import type { Publish } from '../../src/codec/mqtt.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';
import type { Tapped } from './wire-tap.ts';

describe('a hub that goes away and comes back', () => {
  it('receives the backlog in order, and its session is still present', async () => {
    const testbed = await openTestbed({ subdevices: { a: {}, b: {}, c: {} } });
    await testbed.start();
    testbed.publish(10);
    await testbed.loseHub();
    testbed.publish(200);
    for (const subdevice of testbed.subdevices) for (let count = 0; count < 20; count += 1) testbed.command(subdevice);
    await testbed.untilAcknowledged();
    const away = await testbed.gateway.status();
    expect(away.conditions.map(({ code }) => code)).toContain('hub-away');
    expect(away.losing).toBe('no');
    testbed.restoreHub();
    await testbed.expectNothingLost();
    expect(testbed.events.filter(({ kind }) => kind === 'connected')).toMatchObject([
      { sessionPresent: false },
      { sessionPresent: true },
    ]);
    expect((await testbed.gateway.status()).hub.sessionsLost).toBe(0);
  });

  it('receives the backlog of a restarted gateway without any new message', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    await testbed.loseHub();
    testbed.publish(300);
    await testbed.untilAcknowledged();
    for (const subdevice of testbed.subdevices) subdevice.stop();
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    testbed.restoreHub();
    await testbed.expectNothingLost();
  });

  it('receives the messages in flight first, with the same packet identifier and DUP', async () => {
    const testbed = await openWithoutPubacks();
    await testbed.loseHub();
    testbed.publish(5);
    await testbed.untilAcknowledged();
    testbed.setFaults({ swallowsPubacks: false });
    testbed.restoreHub();
    await testbed.expectNothingLost();
    const inFlight = publishesIn(testbed.tap.packets, 1);
    const again = publishesIn(testbed.tap.packets, lastConnection(testbed.tap.packets));
    expect(inFlight).toHaveLength(5);
    expect(again.slice(0, 5)).toEqual(inFlight.map((publish) => ({ ...publish, dup: true })));
    expect(again.slice(5).map(({ dup }) => dup)).toEqual([false, false, false, false, false]);
  });

  it('receives them again from a restarted gateway too, with the same packet identifier', async () => {
    const testbed = await openWithoutPubacks();
    await testbed.untilAcknowledged();
    await testbed.gateway.signal('SIGKILL');
    testbed.setFaults({ swallowsPubacks: false });
    await testbed.gateway.start();
    await testbed.expectNothingLost();
    const again = publishesIn(testbed.tap.packets, lastConnection(testbed.tap.packets));
    expect(again).toEqual(publishesIn(testbed.tap.packets, 1).map((publish) => ({ ...publish, dup: true })));
  });
});

describe('the pace of the hub sender', () => {
  const perS = 50;

  it('never exceeds the maximum of messages per second, in any second', async () => {
    const packets = await replay({ messages_per_s: perS });
    expect(secondsAbove(perS, packets)).toBe(0);
  });

  it('negative control: exceeds it without the pacer', async () => {
    const packets = await replay({ messages_per_s: 0 });
    expect(secondsAbove(perS, packets)).toBeGreaterThan(0);
  });

  /** Packets to a hub that returns while 160 messages wait. */
  async function replay(hub: { readonly messages_per_s: number }): Promise<readonly Tapped[]> {
    const testbed = await openTestbed({ config: { hub }, isTapped: true });
    await testbed.start();
    await testbed.loseHub();
    testbed.publish(80);
    await testbed.untilAcknowledged();
    testbed.restoreHub();
    await testbed.expectNothingLost();
    return testbed.tap.packets;
  }
});

/** Seconds, each beginning with a message, in which more than the maximum was certainly sent. */
function secondsAbove(limit: number, packets: readonly Tapped[]): number {
  const publishes = packets.filter(({ packet }) => packet.kind === 'publish');
  return publishes.filter((first, index) => {
    const oneTooMany = publishes[index + limit];
    return oneTooMany !== undefined && oneTooMany.beforeMs - first.afterMs < 1000;
  }).length;
}

function publishesIn(packets: readonly Tapped[], connection: number): Publish[] {
  return packets.flatMap((tapped) =>
    tapped.connection === connection && tapped.packet.kind === 'publish' ? [tapped.packet] : [],
  );
}

function lastConnection(packets: readonly Tapped[]): number {
  return packets.at(-1)?.connection ?? 0;
}

/** Five messages have reached the hub, which acknowledges none. */
async function openWithoutPubacks(): Promise<Testbed> {
  const testbed = await openTestbed({
    subdevices: { a: { window: 8 } },
    isTapped: true,
    config: { outbox: { hold_ms: 0 } },
  });
  await testbed.start();
  testbed.setFaults({ swallowsPubacks: true });
  testbed.publish(5);
  await until(() => testbed.arrivals.length === 5);
  return testbed;
}

/** The hub goes away and comes back: subdevices do not notice, and the hub gets everything, in order, at its pace. */
import { describe, expect, it } from 'vitest';
import type { Publish } from '../../src/codec/mqtt.ts';
import { openHouse } from './testbed.ts';
import { until } from './until.ts';
import type { Tapped } from './wire-tap.ts';

describe('a hub that goes away and comes back', () => {
  it('gets the backlog in order, and its session is still there', async () => {
    const house = await openHouse({ subdevices: { a: {}, b: {}, c: {} } });
    await house.start();
    house.publish(10);
    await house.loseHub();
    house.publish(200);
    for (const subdevice of house.subdevices) for (let count = 0; count < 20; count += 1) house.command(subdevice);
    await house.untilAcknowledged();
    const away = await house.gateway.status();
    expect(away.conditions.map(({ code }) => code)).toContain('hub-away');
    expect(away.losing).toBe('no');
    house.restoreHub();
    await house.expectNothingLost();
    expect(house.events.filter(({ kind }) => kind === 'connected')).toMatchObject([
      { sessionPresent: false },
      { sessionPresent: true },
    ]);
    expect((await house.gateway.status()).hub.sessionsLost).toBe(0);
  });

  it('gets the backlog of a gateway that was restarted, though nobody sends anything any more', async () => {
    const house = await openHouse();
    await house.start();
    await house.loseHub();
    house.publish(300);
    await house.untilAcknowledged();
    for (const subdevice of house.subdevices) subdevice.stop();
    await house.gateway.signal('SIGKILL');
    await house.gateway.start();
    house.restoreHub();
    await house.expectNothingLost();
  });

  it('is sent what was in flight again first, with the same packet identifier and DUP', async () => {
    const house = await openHouse({
      subdevices: { a: { window: 8 } },
      isTapped: true,
      config: { outbox: { hold_ms: 0 } },
    });
    await house.start();
    house.setFaults({ swallowsPubacks: true });
    house.publish(5);
    await until(() => house.arrivals.length === 5);
    await house.loseHub();
    house.publish(5);
    await house.untilAcknowledged();
    house.setFaults({ swallowsPubacks: false });
    house.restoreHub();
    await house.expectNothingLost();
    const inFlight = publishesIn(house.tap.packets, 1);
    const again = publishesIn(house.tap.packets, lastConnection(house.tap.packets));
    expect(inFlight).toHaveLength(5);
    expect(again.slice(0, 5)).toEqual(inFlight.map((publish) => ({ ...publish, dup: true })));
    expect(again.slice(5).map(({ dup }) => dup)).toEqual([false, false, false, false, false]);
  });

  it('is sent it again by a restarted gateway too, with the same packet identifier', async () => {
    const house = await openHouse({
      subdevices: { a: { window: 8 } },
      isTapped: true,
      config: { outbox: { hold_ms: 0 } },
    });
    await house.start();
    house.setFaults({ swallowsPubacks: true });
    house.publish(5);
    await until(() => house.arrivals.length === 5);
    await house.untilAcknowledged();
    await house.gateway.signal('SIGKILL');
    house.setFaults({ swallowsPubacks: false });
    await house.gateway.start();
    await house.expectNothingLost();
    const again = publishesIn(house.tap.packets, lastConnection(house.tap.packets));
    expect(again).toEqual(publishesIn(house.tap.packets, 1).map((publish) => ({ ...publish, dup: true })));
  });
});

describe('the pace of a replay', () => {
  const perS = 50;

  it('never passes the ceiling of messages per second, in whatever second', async () => {
    const packets = await replay({ messages_per_s: perS });
    expect(secondsAbove(perS, packets)).toBe(0);
  });

  it('would be seen to pass it if it did', async () => {
    const packets = await replay({ messages_per_s: 0 });
    expect(secondsAbove(perS, packets)).toBeGreaterThan(0);
  });

  /** What the hub is sent when it comes back to a backlog of 160 messages. */
  async function replay(hub: { readonly messages_per_s: number }): Promise<readonly Tapped[]> {
    const house = await openHouse({ config: { hub }, isTapped: true });
    await house.start();
    await house.loseHub();
    house.publish(80);
    await house.untilAcknowledged();
    house.restoreHub();
    await house.expectNothingLost();
    return house.tap.packets;
  }
});

/** Seconds, each beginning with a message, in which more than so many were sent beyond doubt. */
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

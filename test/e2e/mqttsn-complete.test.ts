/** Sleep, will, QoS −1 and a forwarder, through the real process, a real PTY and the bench hub. */
import { describe, expect, it } from 'vitest';
import { FieldSubdevice } from '../../src/bench/subdevices/field-subdevice.ts';
import { Forwarder } from '../../src/bench/subdevices/forwarder.ts';
import { systemClock } from '../../src/io/clock.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

/** Number of such reports of the subdevice. */
function counting(subdevice: FieldSubdevice, kind: 'slept' | 'rested'): { times: number } {
  const count = { times: 0 };
  subdevice.onReport((report) => {
    if (report.kind === kind) count.times += 1;
  });
  return count;
}

function topicsArrived(testbed: Testbed): string[] {
  return testbed.arrivals.map(({ topic }) => topic);
}

describe('a sleeping subdevice', () => {
  it('receives at its waking all waiting messages, each once', async () => {
    const testbed = await openTestbed({ subdevices: { a: {} } });
    await testbed.start();
    const a = testbed.subdevice('a');
    const [slept, rested] = [counting(a, 'slept'), counting(a, 'rested')];
    a.command({ kind: 'sleep', durationMs: 1000 });
    await until(() => slept.times === 1);
    for (let count = 0; count < 20; count += 1) testbed.command(a);
    await until(() => rested.times >= 2);
    await until(() => a.downlinks.delivered === 20);
    a.command({ kind: 'connect' });
    const { totals } = await testbed.expectNothingLost();
    expect(testbed.downlinks).toMatchObject({ sent: 20, duplicates: 0 });
    expect(totals.downlink).toMatchObject({ accepted: 20, delivered: 20, shed: {} });
  });

  it('receives them after a kill of the gateway during its sleep as well', async () => {
    const testbed = await openTestbed({ subdevices: { a: {} } });
    await testbed.start();
    const a = testbed.subdevice('a');
    const slept = counting(a, 'slept');
    a.command({ kind: 'sleep', durationMs: 3000 });
    await until(() => slept.times === 1);
    for (let count = 0; count < 5; count += 1) testbed.command(a);
    await until(() => testbed.session?.stored === 0 && testbed.session.inFlight === 0);
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    await testbed.expectNothingLost();
    expect(testbed.downlinks).toMatchObject({ sent: 5, duplicates: 0 });
  });
});

describe('a will', () => {
  it('is published by a restarted gateway for a subdevice that is lost, and not for one that sent DISCONNECT', async () => {
    const will = { topic: 'gone', qos: 1, payload: text('lost') } as const;
    const testbed = await openTestbed({
      subdevices: { a: { will, keepAliveMs: 1000 }, b: { will, keepAliveMs: 1000 } },
    });
    await testbed.start();
    testbed.subdevice('b').command({ kind: 'disconnect' });
    await testbed.untilStatus(({ links }) =>
      links.some(({ name, subdevices }) => name === 'link-b' && subdevices.length === 0),
    );
    // Without a hub, an acknowledged message is on the disk, and so is every earlier decision.
    await testbed.loseHub();
    testbed.subdevice('a').publish('t');
    await until(() => testbed.subdevice('a').queued === 0);
    testbed.restoreHub();
    await testbed.gateway.signal('SIGKILL');
    testbed.subdevice('a').stop();
    await testbed.gateway.start();
    await until(() => topicsArrived(testbed).includes('gw/a/gone'));
    // on a busy machine the keep alive of a may have ended before
    const gone = topicsArrived(testbed).filter((topic) => topic.endsWith('/gone'));
    expect(new Set(gone)).toEqual(new Set(['gw/a/gone']));
  });
});

describe('a publication with QoS -1', () => {
  it('is accepted from a subdevice that is not connected', async () => {
    const testbed = await openTestbed({ subdevices: { a: {} } });
    await testbed.start();
    const a = testbed.subdevice('a');
    a.command({ kind: 'disconnect' });
    a.command({ kind: 'publishUnconnected', topic: 't1', payload: text('tick') });
    await until(() => topicsArrived(testbed).includes('gw/a/t1'));
  });
});

describe('a forwarder', () => {
  it('carries several subdevices over one port, both ways, through a kill of the gateway', async () => {
    const testbed = await openTestbed({ subdevices: { a: {}, b: {}, c: {} }, config: { link: { subdevices: [] } } });
    const { pty } = testbed.subdevice('a');
    const forwarder = new Forwarder(pty.open);
    const clock = systemClock();
    const radios = testbed.subdevices.map(({ id, uplinks, downlinks }, index) => {
      const open = forwarder.channelOf(Uint8Array.of(7, index));
      return Object.assign(new FieldSubdevice({ id, clock, retryMs: 200 }, { ...pty, open }), { uplinks, downlinks });
    });
    await testbed.gateway.start();
    for (const radio of radios) testbed.enter(radio);
    await until(() => testbed.session?.subscriptions.length === 3);
    await until(() => radios.every(({ isSubscribed }) => isSubscribed));
    for (let round = 0; round < 2; round += 1) {
      for (const radio of radios) {
        for (let count = 0; count < 20; count += 1) radio.publish('t');
        for (let count = 0; count < 20; count += 1) testbed.command(radio);
      }
      await until(() => radios.every(({ queued }) => queued === 0));
      if (round === 0) {
        await testbed.gateway.signal('SIGKILL');
        await testbed.gateway.start();
      }
    }
    await testbed.expectNothingLost();
    expect(testbed.uplinks).toMatchObject({ sent: 120, acknowledged: 120 });
    expect(testbed.downlinks).toMatchObject({ sent: 120, missing: 0 });
    for (const radio of radios) radio.stop();
  });
});

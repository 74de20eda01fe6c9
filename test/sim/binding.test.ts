/** Subdevices that are bound and unbound under way: who is served, what is kept, what the technician sees and can do. */
import { describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/app/gateway.ts';
import { BindingsWorld, MINUTE_MS, SECRET } from './bindings-world.ts';

describe('a subdevice that is unbound on the platform', () => {
  it('is sent away and refused with the reason; what it sent is kept, and goes once it is bound again', async () => {
    const site = await new BindingsWorld({ bound: ['s1', 's2'] }).begin();
    expect(site.isAttached('s1')).toBe(true);
    site.platform.change(false, 's1');
    site.world.traffic.burst(site.world.subdeviceAt(0), 5);
    await site.pass(5 * MINUTE_MS);
    expect(site.isAttached('s1')).toBe(false);
    expect(site.told.filter((words) => words.startsWith('s1:'))).toHaveLength(1);
    expect(site.told).toContain('s1: it is not bound at the hub (it was unbound at the hub)');
    expect(site.platform.acknowledged).toEqual(['change']);
    expect(site.books('s1').dead).toBe(0);
    const before = site.books('s2').delivered;
    await site.pass(2 * MINUTE_MS);
    expect(site.books('s2').delivered).toBeGreaterThan(before);
    site.platform.change(true, 's1');
    await site.pass(10 * MINUTE_MS);
    expect(site.isAttached('s1')).toBe(true);
    expect(site.books('s1')).toMatchObject({ dead: 0 });
    expect(site.books('s1').pending).toBeLessThan(3);
  });

  it('while the gateway was down is found by the list, and loses nothing that was in custody', async () => {
    const site = await new BindingsWorld({ bound: ['s1', 's2'] }).begin();
    site.world.hub.isReachable = false;
    site.world.hub.cut();
    await site.pass(2 * MINUTE_MS);
    const { pending } = site.books('s1');
    expect(pending).toBeGreaterThan(3);
    site.world.kill();
    site.platform.change(false, 's1');
    await site.pass(MINUTE_MS);
    await site.world.start(true);
    site.world.hub.isReachable = true;
    await site.pass(10 * MINUTE_MS);
    expect(site.isAttached('s1')).toBe(false);
    expect(site.books('s1')).toMatchObject({ dead: 0 });
    expect(site.books('s1').pending).toBeGreaterThanOrEqual(pending);
    expect(site.books('s2').pending).toBeLessThan(3);
    site.platform.change(true, 's1');
    await site.pass(10 * MINUTE_MS);
    expect(site.books('s1').pending).toBeLessThan(3);
    expect(site.isAttached('s1')).toBe(true);
  });

  it('would have its uplinks buried if they were tried all the same', async () => {
    const patch = (gateway: Gateway): void => {
      gateway.stations.outbox.setHalted = () => undefined; // the safety is out
    };
    const site = await new BindingsWorld({ bound: ['s1', 's2'], patch }).begin();
    site.world.hub.isReachable = false;
    site.world.hub.cut();
    await site.pass(2 * MINUTE_MS);
    site.platform.change(false, 's1');
    site.world.hub.isReachable = true;
    await site.pass(10 * MINUTE_MS);
    expect(site.books('s1').dead).toBeGreaterThan(0);
  });
});

describe('a hub that gives no list', () => {
  it('stops nobody', async () => {
    const site = new BindingsWorld({ bound: ['s1', 's2'] });
    site.platform.isSilent = true;
    await site.begin();
    await site.pass(10 * MINUTE_MS);
    expect([site.isAttached('s1'), site.isAttached('s2')]).toEqual([true, true]);
    expect(site.books('s1').delivered).toBeGreaterThan(10);
    expect(await site.command('hub.describe')).toMatchObject({ answered: false });
  });
});

describe('a subdevice that was never bound', () => {
  it('is bound by the gateway itself where that is wanted and its secret is there', async () => {
    const secrets = new Map([['s1', SECRET]]);
    const site = await new BindingsWorld({ bound: ['s2'], hub: { bind: 'auto' }, secrets }).begin();
    expect(site.platform.bound).toContain('s1');
    expect(site.isAttached('s1')).toBe(true);
    await site.pass(5 * MINUTE_MS);
    expect(site.books('s1')).toMatchObject({ dead: 0 });
    expect(site.books('s1').delivered).toBeGreaterThan(5);
    expect(site.isSubscribed('s1')).toBe(true);
  });

  it('is a condition with its remedy, and served once the technician has bound it', async () => {
    const site = await new BindingsWorld({ bound: ['s2', 'old'], secrets: new Map([['s1', SECRET]]) }).begin();
    expect(site.isAttached('s1')).toBe(false);
    const described = await site.command('hub.describe');
    expect(described).toMatchObject({
      answered: true,
      bindings: [
        { subdevice: 's1', binding: 'unbound', remedy: expect.stringContaining('holdfast hub bind s1') },
        { subdevice: 's2', binding: 'bound', sentence: null, remedy: null },
      ],
      unconfiguredDevices: ['SUBDEVICE1/old'],
    });
    expect(await site.command('hub.bind', { subdevices: ['s1', 's2'] })).toMatchObject({
      outcomes: [
        { subdevice: 's1', done: true, code: 0 },
        { subdevice: 's2', done: false, code: null, remedy: expect.stringContaining('device_secret_file') },
      ],
    });
    await site.pass(5 * MINUTE_MS);
    expect(site.isAttached('s1')).toBe(true);
    expect(site.isSubscribed('s1')).toBe(true);
    expect(site.told).toEqual([
      'subdevice s1 is not bound at the hub: the hub’s list does not name it. Bind it: holdfast hub bind s1, or on the hub’s console.',
      's1: it is not bound at the hub (the hub’s list does not name it)',
      'subdevice s1 is bound at the hub and is served',
    ]);
    expect(await site.command('hub.unbind', { subdevices: ['SUBDEVICE1/old'] })).toMatchObject({
      outcomes: [{ done: true, code: 0 }],
    });
    expect(site.platform.bound).toEqual(new Set(['s1', 's2']));
    expect(await site.command('hub.describe')).toMatchObject({ unconfiguredDevices: [] });
  });
});

describe('an order', () => {
  it('with the wrong secret tells what the hub said, and what to do', async () => {
    const site = await new BindingsWorld({ bound: [], secrets: new Map([['s1', 'wrong']]) }).begin();
    expect(await site.command('hub.bind', { subdevices: ['s1'] })).toMatchObject({
      outcomes: [
        {
          done: false,
          code: 803,
          sentence: 'the signature is wrong',
          remedy: expect.stringMatching(/device_secret_file/),
        },
      ],
    });
  });

  it('that the hub does not answer ends after 20 s, and is not carried out later', async () => {
    const site = await new BindingsWorld({ bound: ['s1', 's2'] }).begin();
    site.platform.isSilent = true;
    const beganAtMs = site.world.time.nowMs;
    expect(await site.command('hub.unbind', { subdevices: ['s1'] })).toMatchObject({
      outcomes: [{ done: false, code: null, sentence: 'the hub did not answer' }],
    });
    expect(site.world.time.nowMs - beganAtMs).toBeLessThan(30_000);
    site.platform.isSilent = false;
    site.world.hub.cut();
    await site.pass(5 * MINUTE_MS);
    expect(site.platform.bound).toContain('s1');
  });

  it.each([
    ['nobody', {}, /list of 1 to/],
    ['an empty list', { subdevices: [] }, /list of 1 to/],
    ['numbers', { subdevices: [7] }, /list of 1 to/],
    ['one who is not configured', { subdevices: ['s9'] }, /No \[\[subdevice\]\] has the id "s9"/],
    ['an identity, to bind', { subdevices: ['SUBDEVICE1/old'] }, /No \[\[subdevice\]\]/],
  ])('that names %s is refused', async (_, body, reason) => {
    const site = await new BindingsWorld({ bound: ['s1', 's2'] }).begin();
    expect(await site.command('hub.bind', body)).toMatchObject({
      code: 'command-rejected',
      message: expect.stringMatching(reason),
    });
  });

  it('is refused while the hub is away', async () => {
    const site = await new BindingsWorld({ bound: ['s1', 's2'] }).begin();
    site.world.hub.isReachable = false;
    site.world.hub.cut();
    await site.pass(MINUTE_MS);
    expect(await site.command('hub.describe')).toMatchObject({ message: 'The hub is not connected' });
  });
});

describe('a hub that subscribes only for who is online', () => {
  async function forgotten(patch?: (gateway: Gateway) => void): Promise<BindingsWorld> {
    const site = await new BindingsWorld({ bound: ['s1', 's2'], ...(patch === undefined ? {} : { patch }) }).begin();
    site.platform.asksOnlineFirst = true;
    site.world.hub.fault({ kind: 'forgetSession', clientId: site.world.clientId });
    return await site.pass(2 * MINUTE_MS);
  }

  it('holds everybody’s filters after it forgot our session, though it refused them at first', async () => {
    const site = await forgotten();
    expect([site.isSubscribed('s1'), site.isSubscribed('s2')]).toEqual([true, true]);
  });

  it('would hold none if those that it refused were not asked for again', async () => {
    const site = await forgotten((gateway) => {
      gateway.subscriptions.retry = () => undefined; // the safety is out
    });
    expect([site.isSubscribed('s1'), site.isSubscribed('s2')]).toEqual([false, false]);
  });
});

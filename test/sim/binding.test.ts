/** Subdevices that are bound and unbound during operation: service, custody, reports and commands. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Gateway } from '../../src/app/gateway.ts';
import { FilterRequests } from '../../src/flow/filter-requests.ts';
import { BindingsWorld, MINUTE_MS, SECRET } from './bindings-world.ts';

describe('a subdevice that is unbound on the platform', () => {
  it('is disconnected and rejected with the reason; its messages are kept, and sent after it is bound again', async () => {
    const bindings = await new BindingsWorld({ bound: ['s1', 's2'] }).begin();
    expect(bindings.isAttached('s1')).toBe(true);
    bindings.platform.change(false, 's1');
    bindings.world.traffic.burst(bindings.world.subdeviceAt(0), 5);
    await bindings.pass(5 * MINUTE_MS);
    expect(bindings.isAttached('s1')).toBe(false);
    expect(bindings.reported.filter((words) => words.startsWith('s1:'))).toHaveLength(1);
    expect(bindings.reported).toContain('s1: it is not bound at the hub (it was unbound at the hub)');
    expect(bindings.platform.acknowledged).toEqual(['change']);
    expect(bindings.counts('s1').dead).toBe(0);
    const before = bindings.counts('s2').delivered;
    await bindings.pass(2 * MINUTE_MS);
    expect(bindings.counts('s2').delivered).toBeGreaterThan(before);
    bindings.platform.change(true, 's1');
    await bindings.pass(10 * MINUTE_MS);
    expect(bindings.isAttached('s1')).toBe(true);
    expect(bindings.counts('s1')).toMatchObject({ dead: 0 });
    expect(bindings.counts('s1').pending).toBeLessThan(3);
  });

  it('while the gateway was down is found with the list, and loses no message in custody', async () => {
    const bindings = await new BindingsWorld({ bound: ['s1', 's2'] }).begin();
    bindings.world.hub.isReachable = false;
    bindings.world.hub.cut();
    await bindings.pass(2 * MINUTE_MS);
    const { pending } = bindings.counts('s1');
    expect(pending).toBeGreaterThan(3);
    bindings.world.kill();
    bindings.platform.change(false, 's1');
    await bindings.pass(MINUTE_MS);
    await bindings.world.start(true);
    bindings.world.hub.isReachable = true;
    await bindings.pass(10 * MINUTE_MS);
    expect(bindings.isAttached('s1')).toBe(false);
    expect(bindings.counts('s1')).toMatchObject({ dead: 0 });
    expect(bindings.counts('s1').pending).toBeGreaterThanOrEqual(pending);
    expect(bindings.counts('s2').pending).toBeLessThan(3);
    bindings.platform.change(true, 's1');
    await bindings.pass(10 * MINUTE_MS);
    expect(bindings.counts('s1').pending).toBeLessThan(3);
    expect(bindings.isAttached('s1')).toBe(true);
  });

  it('negative control: its uplinks become dead letters if they are sent', async () => {
    const patch = ({ stations: { outbox, operations } }: Gateway): void => {
      outbox.setHalted = () => undefined; // the safety is removed
      Object.assign(operations ?? {}, { mayPublish: () => true });
    };
    const bindings = await new BindingsWorld({ bound: ['s1', 's2'], patch }).begin();
    bindings.world.hub.isReachable = false;
    bindings.world.hub.cut();
    await bindings.pass(2 * MINUTE_MS);
    bindings.platform.change(false, 's1');
    bindings.world.hub.isReachable = true;
    await bindings.pass(10 * MINUTE_MS);
    expect(bindings.counts('s1').dead).toBeGreaterThan(0);
  });
});

describe('a hub without a list', () => {
  it('stops no subdevice', async () => {
    const bindings = new BindingsWorld({ bound: ['s1', 's2'] });
    bindings.platform.isSilent = true;
    await bindings.begin();
    await bindings.pass(10 * MINUTE_MS);
    expect([bindings.isAttached('s1'), bindings.isAttached('s2')]).toEqual([true, true]);
    expect(bindings.counts('s1').delivered).toBeGreaterThan(10);
    expect(await bindings.command('hub.describe')).toMatchObject({ answered: false });
  });
});

describe('a subdevice that was never bound', () => {
  it('is bound by the gateway if that is configured and its secret is known', async () => {
    const secrets = new Map([['s1', SECRET]]);
    const bindings = await new BindingsWorld({ bound: ['s2'], hub: { bind: 'auto' }, secrets }).begin();
    expect(bindings.platform.bound).toContain('s1');
    expect(bindings.isAttached('s1')).toBe(true);
    await bindings.pass(5 * MINUTE_MS);
    expect(bindings.counts('s1')).toMatchObject({ dead: 0 });
    expect(bindings.counts('s1').delivered).toBeGreaterThan(5);
    expect(bindings.isSubscribed('s1')).toBe(true);
  });

  it('is a condition with its remedy, and is served after the technician has bound it', async () => {
    const bindings = await new BindingsWorld({ bound: ['s2', 'old'], secrets: new Map([['s1', SECRET]]) }).begin();
    expect(bindings.isAttached('s1')).toBe(false);
    const described = await bindings.command('hub.describe');
    expect(described).toMatchObject({
      answered: true,
      bindings: [
        { subdevice: 's1', binding: 'unbound', remedy: expect.stringContaining('holdfast hub bind s1') },
        { subdevice: 's2', binding: 'bound', sentence: null, remedy: null },
      ],
      unconfiguredDevices: ['SUBDEVICE1/old'],
    });
    expect(await bindings.command('hub.bind', { subdevices: ['s1', 's2'] })).toMatchObject({
      outcomes: [
        { subdevice: 's1', done: true, code: 0 },
        { subdevice: 's2', done: false, code: null, remedy: expect.stringContaining('device_secret_file') },
      ],
    });
    await bindings.pass(5 * MINUTE_MS);
    expect(bindings.isAttached('s1')).toBe(true);
    expect(bindings.isSubscribed('s1')).toBe(true);
    expect(bindings.reported).toEqual([
      'subdevice s1 is not bound at the hub: the hub’s list does not name it. Bind it: holdfast hub bind s1, or on the hub’s console.',
      's1: it is not bound at the hub (the hub’s list does not name it)',
      'subdevice s1 is bound at the hub and is served',
    ]);
    expect(await bindings.command('hub.unbind', { subdevices: ['SUBDEVICE1/old'] })).toMatchObject({
      outcomes: [{ done: true, code: 0 }],
    });
    expect(bindings.platform.bound).toEqual(new Set(['s1', 's2']));
    expect(await bindings.command('hub.describe')).toMatchObject({ unconfiguredDevices: [] });
  });
});

describe('a command', () => {
  it('with the wrong secret returns the reason of the hub, and the remedy', async () => {
    const bindings = await new BindingsWorld({ bound: [], secrets: new Map([['s1', 'wrong']]) }).begin();
    expect(await bindings.command('hub.bind', { subdevices: ['s1'] })).toMatchObject({
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

  it('that the hub does not answer ends after 20 s, and is not executed later', async () => {
    const bindings = await new BindingsWorld({ bound: ['s1', 's2'] }).begin();
    bindings.platform.isSilent = true;
    const beganAtMs = bindings.world.time.nowMs;
    expect(await bindings.command('hub.unbind', { subdevices: ['s1'] })).toMatchObject({
      outcomes: [{ done: false, code: null, sentence: 'the hub did not answer' }],
    });
    expect(bindings.world.time.nowMs - beganAtMs).toBeLessThan(30_000);
    bindings.platform.isSilent = false;
    bindings.world.hub.cut();
    await bindings.pass(5 * MINUTE_MS);
    expect(bindings.platform.bound).toContain('s1');
  });

  it.each([
    ['nobody', {}, /list of 1 to/],
    ['an empty list', { subdevices: [] }, /list of 1 to/],
    ['numbers', { subdevices: [7] }, /list of 1 to/],
    ['an unconfigured subdevice', { subdevices: ['s9'] }, /No \[\[subdevice\]\] has the id "s9"/],
    ['an identity, to bind', { subdevices: ['SUBDEVICE1/old'] }, /No \[\[subdevice\]\]/],
  ])('that names %s is rejected', async (_, body, reason) => {
    const bindings = await new BindingsWorld({ bound: ['s1', 's2'] }).begin();
    expect(await bindings.command('hub.bind', body)).toMatchObject({
      code: 'command-rejected',
      message: expect.stringMatching(reason),
    });
  });

  it('is rejected while the hub is away', async () => {
    const bindings = await new BindingsWorld({ bound: ['s1', 's2'] }).begin();
    bindings.world.hub.isReachable = false;
    bindings.world.hub.cut();
    await bindings.pass(MINUTE_MS);
    expect(await bindings.command('hub.describe')).toMatchObject({ message: 'The hub is not connected' });
  });
});

describe('a hub that subscribes only for online subdevices', () => {
  /** Result of two minutes after the hub has lost the session. */
  async function forgotten({ losesResults = false, retries = true, repeats = true } = {}): Promise<boolean[]> {
    const patch = (gateway: Gateway): void => {
      if (!retries) gateway.subscriptions.retry = () => undefined;
    };
    if (!repeats)
      vi.spyOn(FilterRequests.prototype, 'refused').mockImplementation(function (this: FilterRequests, filter) {
        this.answered('subscribe', filter);
      });
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    const bindings = await new BindingsWorld({ bound: ['s1', 's2'], patch }).begin();
    bindings.platform.asksOnlineFirst = true;
    bindings.platform.losesResults = losesResults;
    bindings.world.hub.fault({ kind: 'forgetSession', clientId: bindings.world.clientId });
    await bindings.pass(2 * MINUTE_MS);
    return [bindings.isSubscribed('s1'), bindings.isSubscribed('s2')];
  }

  it('has all filters after it lost the session, although it rejected them at first', async () => {
    expect(await forgotten()).toEqual([true, true]);
  });

  it('has them as soon as it confirms that the subdevices are online', async () => {
    expect(await forgotten({ repeats: false })).toEqual([true, true]);
  });

  it('has them also if its results are lost', async () => {
    expect(await forgotten({ losesResults: true })).toEqual([true, true]);
  });

  it('negative control: has none if its results are lost and rejected filters are not repeated', async () => {
    expect(await forgotten({ losesResults: true, repeats: false })).toEqual([false, false]);
  });

  it('negative control: has none if rejected filters are neither repeated nor requested again', async () => {
    expect(await forgotten({ retries: false, repeats: false })).toEqual([false, false]);
  });
});

import { describe, expect, it } from 'vitest';
import { identityOf, OperationsBench } from './gateway-operations-rig.ts';

/** Two bound subdevices, confirmed by the hub. */
function benched(...present: string[]): OperationsBench {
  return new OperationsBench(['a', 'b']).listed('a', 'b').present(...present);
}

describe('announcements', () => {
  it('are sent after each CONNACK for all attached subdevices, for any earlier confirmations', () => {
    const bench = new OperationsBench(['a', 'b']).present('a', 'b').connect();
    expect(bench.asked()).toEqual(['describe_sub_devices', 'online a b']);
    bench.answer('online', 'a');
    bench.operations.disconnected();
    expect(bench.asked()).toEqual([]);
    expect(bench.connect().asked()).toEqual(['describe_sub_devices', 'online a b']);
  });

  it('contain offline when a subdevice leaves', () => {
    const bench = benched('a');
    bench.asked();
    bench.answer('online', 'a');
    expect(bench.absent('a').asked()).toEqual(['offline a']);
    bench.answer('offline', 'a');
    expect(bench.operations.isOnlineAtHub(identityOf('a'))).toBe(false);
  });

  it('contain nothing for a subdevice that left before its online was sent', () => {
    const bench = new OperationsBench(['a']).present('a').absent('a').connect();
    expect(bench.asked()).toEqual(['describe_sub_devices']);
  });

  it('contain online again after an offline, even if the hub had confirmed online before', () => {
    const bench = benched('a');
    bench.asked();
    bench.answer('online', 'a');
    bench.absent('a').asked();
    expect(bench.present('a').asked()).toEqual(['online a']);
    bench.answer('offline', 'a');
    expect(bench.operations.isOnlineAtHub(identityOf('a'))).toBeUndefined();
    bench.answer('online', 'a');
    expect(bench.operations.isOnlineAtHub(identityOf('a'))).toBe(true);
  });
});

describe('uplinks', () => {
  const a = identityOf('a');

  it('wait for the confirmation of online, in each connection', () => {
    const bench = benched('a');
    expect(bench.operations.mayPublish(a)).toBe(false);
    bench.asked();
    expect(bench.operations.mayPublish(a)).toBe(false);
    bench.answer('online', 'a');
    expect([bench.operations.mayPublish(a), bench.operations.isReady(a)]).toEqual([true, true]);
    bench.operations.disconnected();
    bench.connect();
    expect([bench.operations.mayPublish(a), bench.operations.isReady(a)]).toEqual([false, false]);
  });

  it('of an absent subdevice have it announced as online, and as offline when none is left', () => {
    const bench = benched();
    bench.uplinks.add('a');
    expect([bench.operations.isReady(a), bench.asked()]).toEqual([false, []]); // a report changes nothing
    expect([bench.operations.mayPublish(a), bench.asked()]).toEqual([false, ['online a']]);
    bench.answer('online', 'a');
    expect([bench.operations.mayPublish(a), bench.asked()]).toEqual([true, []]);
    bench.uplinks.clear();
    expect(bench.asked()).toEqual(['offline a']);
    bench.answer('offline', 'a');
    expect(bench.operations.isReady(a)).toBe(false);
  });

  it('of a subdevice that leaves keep it online until none is left, also if it comes back', () => {
    const bench = benched('a');
    bench.asked();
    bench.answer('online', 'a');
    bench.uplinks.add('a');
    expect([bench.absent('a').asked(), bench.operations.mayPublish(a)]).toEqual([[], true]);
    expect(bench.present('a').asked()).toEqual([]);
    bench.absent('a');
    bench.uplinks.clear();
    expect(bench.asked()).toEqual(['offline a']);
  });

  it('wait until an announcement is repeated, and no longer, in any number of connections', () => {
    const bench = benched('a');
    const isReady = (): boolean => bench.operations.mayPublish(a);
    bench.asked();
    bench.until(4000);
    expect(isReady()).toBe(false);
    expect([bench.until(5000), isReady()]).toEqual([['5 s: online a'], true]);
    bench.connect().asked();
    expect(isReady()).toBe(true);
    bench.answer('online', 'a');
    for (const expected of [false, true, true]) {
      bench.connect().asked();
      expect(isReady()).toBe(expected);
    }
  });

  it('wait again only after a confirmation that came before the announcement was repeated', () => {
    const bench = benched('a');
    const isReadyAtOnce = (): boolean => {
      bench.connect().asked();
      return bench.operations.mayPublish(a);
    };
    bench.asked();
    bench.until(5000);
    bench.answer('online', 'a');
    expect(isReadyAtOnce()).toBe(true);
    bench.answer('online', 'a');
    expect(isReadyAtOnce()).toBe(false);
  });

  it('do not wait for a confirmation that the hub has denied permanently', () => {
    const bench = benched('a');
    bench.asked();
    bench.answer('online', 'a', -2);
    expect(bench.operations.mayPublish(a)).toBe(false);
    bench.answer('online', 'a', 802);
    expect(bench.operations.mayPublish(a)).toBe(true);
  });

  it('wait while the subdevice is being bound, until that request is repeated', () => {
    const bench = new OperationsBench(['a'], { secretOf: () => 'c2VjcmV0', bind: 'auto' }).present('a').connect();
    bench.asked();
    bench.answer('online', 'a', -1);
    expect(bench.operations.mayPublish(a)).toBe(false);
    expect(bench.asked()).toEqual(['bind a']);
    expect(bench.operations.mayPublish(a)).toBe(false);
    bench.until(5000);
    expect(bench.operations.mayPublish(a)).toBe(true);
    bench.answer('bind', 'a');
    expect([bench.asked(), bench.operations.mayPublish(a)]).toEqual([['online a'], false]);
    bench.answer('online', 'a');
    expect(bench.operations.mayPublish(a)).toBe(true);
  });

  it('of an unbound subdevice have it not announced', () => {
    const bench = new OperationsBench(['a']).connect();
    bench.asked();
    bench.list();
    bench.asked();
    bench.list();
    bench.uplinks.add('a');
    expect([bench.bindingOf('a'), bench.operations.mayPublish(a), bench.asked()]).toEqual(['unbound', false, []]);
  });
});

describe('batches', () => {
  const names = Array.from({ length: 1500 }, (_, index) => `${index}`.padEnd(48, 'x'));

  it('stay below 16 KB for any number and length of names, and contain each name once', () => {
    const asked = new OperationsBench([], { operationsBatchMax: 500 })
      .present(...names)
      .connect()
      .asked()
      .slice(1);
    expect(asked.flatMap((message) => message.split(' ').slice(1)).toSorted()).toEqual(names.toSorted());
    expect(asked).toHaveLength(Math.ceil(1500 / 172)); // 93 bytes for each device.
  });

  it('contain one device each if the hub requires that', () => {
    const asked = new OperationsBench([], { operationsBatchMax: 1 }).present('a', 'b', 'c').connect().asked();
    expect(asked).toEqual(['describe_sub_devices', 'online a', 'online b', 'online c']);
  });

  it.each([512, 1000, 4096])(
    'of 64 stay below a payload_bytes_max of %i, and so does a bind of the longest names',
    (most) => {
      const options = { payloadBytesMax: most, secretOf: () => 'c2VjcmV0', bind: 'auto' } as const;
      const bench = new OperationsBench([], options).present(...names.slice(0, 64)).connect();
      for (const name of names.slice(0, 3)) bench.operations.bindings.request('bind', identityOf(name.padEnd(64, 'x')));
      const sent = bench.sent().map((request) => JSON.stringify(request).length);
      expect(sent.length).toBeGreaterThanOrEqual(4);
      expect(Math.max(...sent)).toBeLessThanOrEqual(most);
    },
  );
});

describe('a hub that accepts one device per request', () => {
  const names = ['a', 'b', 'c'];

  it('and serves the first of several gets the others one by one', () => {
    const bench = new OperationsBench(names).listed(...names).present(...names);
    expect(bench.asked()).toEqual(['online a b c']);
    bench.answer('online', 'a');
    expect(bench.until(5000)).toEqual(['5 s: online b', '5 s: online c']);
    expect([...bench.answer('online', 'b'), ...bench.answer('online', 'c')]).toEqual([]);
    expect(names.map((name) => bench.operations.isOnlineAtHub(identityOf(name)))).toEqual([true, true, true]);
    expect(bench.absent('a').absent('b').asked()).toEqual(['offline a', 'offline b']);
  });

  it('is not suspected because it answers one by one', () => {
    const bench = new OperationsBench(names).listed(...names).present(...names);
    bench.asked();
    for (const name of names) bench.answer('online', name);
    bench.until(10_000);
    expect(bench.absent('a').absent('b').asked()).toEqual(['offline a b']);
  });

  it('and rejects several with 801 gets each one again, at once', () => {
    const bench = new OperationsBench(names).listed(...names).present(...names);
    bench.asked();
    const devices = names.map((name) => ({ product_id: 'PPPPPPPPPP', device_name: name, result: 801 }));
    expect(bench.receive({ type: 'online', payload: { devices } })).toEqual([]);
    expect(bench.asked()).toEqual(['online a', 'online b', 'online c']);
    expect([bench.receive({ type: 'online', payload: { devices } }), bench.asked()]).toEqual([[], []]); // a stale result
    expect(names.map((name) => bench.operations.mayPublish(identityOf(name)))).toEqual([false, false, false]);
    expect(bench.answer('online', 'a', 801)).toHaveLength(1);
    expect(bench.until(60_000).filter((asked) => asked.includes('online a'))).toEqual([]);
  });
});

describe('results', () => {
  it('end the repetition; without one the request is repeated every 5 s, five times in all, and then once in five minutes', () => {
    const bench = benched('a', 'b');
    bench.asked();
    bench.answer('online', 'a');
    expect(bench.until(700_000)).toEqual([5, 10, 15, 20, 320, 620].map((atS) => `${atS} s: online b`));
    expect(bench.answer('online', 'b')).toEqual([]);
    expect(bench.operations.wakeAtMs()).toBeUndefined();
  });

  it('that are missing are reported from the fifth time on, while the hub is connected and a subdevice waits for it', () => {
    const bench = benched('a', 'b');
    const unconfirmed = () => bench.operations.unconfirmed().map(({ identity }) => identity.deviceName);
    bench.asked();
    bench.answer('online', 'a');
    bench.until(19_000);
    expect(unconfirmed()).toEqual([]);
    bench.until(21_000);
    expect(unconfirmed()).toEqual(['b']);
    bench.answer('online', 'b');
    expect(unconfirmed()).toEqual([]);
  });

  it('with a rejection are not counted as missing', () => {
    const bench = benched('a');
    bench.asked();
    bench.answer('online', 'a', 802);
    bench.until(60_000);
    expect(bench.operations.unconfirmed()).toEqual([]);
  });

  it('that are stale change nothing', () => {
    const bench = benched('a');
    expect(bench.answer('online', 'a')).toEqual([]);
    expect(bench.operations.isOnlineAtHub(identityOf('a'))).toBeUndefined();
    bench.asked();
    bench.answer('offline', 'a', -1);
    bench.answer('online', 'unlisted');
    expect(bench.operations.isOnlineAtHub(identityOf('a'))).toBeUndefined();
    bench.answer('online', 'a');
    expect(bench.operations.isOnlineAtHub(identityOf('a'))).toBe(true);
  });

  it('with a temporary error are reported in a sentence, and the request is repeated', () => {
    const bench = benched('a');
    bench.asked();
    expect(bench.answer('online', 'a', -2)).toEqual([
      'the hub rejects online for PPPPPPPPPP/a: the hub had an internal error (result -2). Wait and try again; if the error stays, ask the operator of the hub.',
    ]);
    expect(bench.until(5000)).toEqual(['5 s: online a']);
    expect(bench.answer('online', 'a', -2)).toEqual([]);
    bench.until(10_000);
    expect(bench.answer('online', 'a', 805)).toHaveLength(1);
  });

  it('with a permanent error end the request in this connection', () => {
    const bench = benched('a');
    bench.asked();
    expect(bench.answer('online', 'a', 810)).toHaveLength(1);
    expect(bench.until(60_000)).toEqual([]);
    expect(bench.operations.wakeAtMs()).toBeUndefined();
    expect(bench.connect().asked()).toEqual(['describe_sub_devices', 'online a']);
  });
});

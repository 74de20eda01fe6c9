import { describe, expect, it } from 'vitest';
import { identityOf, OperationsBench } from './gateway-operations-rig.ts';

const SECRET = 'AAECAwQFBgcICQoLDA0ODw==';
const AUTO = { bind: 'auto', secretOf: () => SECRET } as const;

describe('the list of the hub', () => {
  it('is requested after each CONNACK, and again if it does not come; a subdevice without an entry is served meanwhile', () => {
    const bench = new OperationsBench(['a']).connect();
    expect(bench.asked()).toEqual(['describe_sub_devices']);
    expect(bench.until(320_000)).toHaveLength(5);
    expect(bench.bindingOf('a')).toBe('unknown');
    expect(bench.operations.isServed(identityOf('a'))).toBe(true);
    expect(bench.connect().asked()).toEqual(['describe_sub_devices']);
  });

  it('names the bound subdevices, and the bound ones that are not configured', () => {
    const bench = new OperationsBench(['a']).listed('a', 'x', 'y');
    expect(bench.bindingOf('a')).toBe('bound');
    expect(bench.unconfiguredDevices).toEqual(['PPPPPPPPPP/x', 'PPPPPPPPPP/y']);
  });

  it('ends the service of a subdevice only if two consecutive lists lack it, since one can be an old one', () => {
    const bench = new OperationsBench(['a', 'b']).connect();
    bench.sent();
    expect(bench.list('b')).toEqual([]); // A subdevice that waits for the list waits for the second one.
    expect(bench.bindingOf('a')).toBe('unknown');
    expect(bench.asked()).toEqual(['describe_sub_devices']);
    expect(bench.list('b')).toEqual(['a unbound', 'listed']);
    expect(bench.operations.isServed(identityOf('a'))).toBe(false);
    expect(bench.asked()).toEqual([]);
  });

  it('that was an old one is corrected by the next', () => {
    const bench = new OperationsBench(['a']).listed();
    bench.asked();
    expect(bench.list('a')).toEqual(['listed']);
    expect(bench.bindingOf('a')).toBe('bound');
  });

  it('that differs each time is not requested without end, and ends no service', () => {
    const bench = new OperationsBench(['a', 'b']).connect();
    let asked = 0;
    for (let round = 0; round < 100; round += 1) {
      if (!bench.asked().includes('describe_sub_devices')) break;
      asked += 1;
      bench.list(round % 2 === 0 ? 'a' : 'b');
    }
    expect(asked).toBe(2);
    expect(['a', 'b'].map((name) => bench.operations.isServed(identityOf(name)))).toEqual([true, true]);
  });

  it('that was not requested changes nothing', () => {
    const bench = new OperationsBench(['a']).listed('a');
    expect(bench.list()).toEqual([]);
    expect(bench.bindingOf('a')).toBe('bound');
  });

  it('that fills half a message may have been cut, so an absence in it proves nothing', () => {
    const many = Array.from({ length: 90 }, (_, index) => `${index}`.padEnd(48, 'x'));
    const bench = new OperationsBench(['a']).listed(...many);
    expect(bench.unconfiguredDevices).toHaveLength(90);
    expect(bench.bindingOf('a')).toBe('unknown');
    expect(bench.asked()).toEqual([]);
  });

  it('resumes the service of a subdevice that it contains again', () => {
    const bench = new OperationsBench(['a']).listed('a').present('a');
    bench.change(0, 'a');
    expect(bench.asked()).toEqual([expect.stringContaining('change'), 'describe_sub_devices']);
    expect(bench.list('a')).toEqual(['a bound', 'listed']);
    expect(bench.asked()).toEqual(['online a']);
  });
});

describe('a change on the platform', () => {
  it('has effect at once, is acknowledged in both forms, and causes a request for the list', () => {
    const bench = new OperationsBench(['a', 'b']).listed('a', 'b');
    expect(bench.change(0, 'a', 'x')).toEqual(['a unbound']);
    const devices = ['a', 'x'].map((name) => ({ product_id: 'PPPPPPPPPP', device_name: name, result: 0 }));
    expect(bench.sent()).toEqual([
      { type: 'change', result: 0, payload: { status: 0, devices } },
      { type: 'describe_sub_devices' },
    ]);
    expect(bench.change(1, 'a')).toEqual(['a bound']);
  });

  it('is acknowledged in the short form if the long one does not fit', () => {
    const many = Array.from({ length: 160 }, (_, index) => `${index}`.padEnd(48, 'x'));
    const bench = new OperationsBench([]).listed();
    bench.change(1, ...many);
    expect(bench.sent()[0]).toEqual({ type: 'change', result: 0 });
  });

  it('is not reversed by a bind of the gateway itself: an operator intended it', () => {
    const bench = new OperationsBench(['a'], AUTO).listed('a');
    bench.change(0, 'a');
    bench.sent();
    for (let round = 0; round < 3; round += 1) {
      bench.list();
      expect(bench.asked().filter((message) => message.startsWith('bind'))).toEqual([]);
      bench.connect().sent();
    }
  });

  it('prevents the announcement of an unbound subdevice', () => {
    const bench = new OperationsBench(['a']).listed('a');
    bench.change(0, 'a');
    expect(bench.present('a').asked().at(-1)).toBe('describe_sub_devices');
    bench.list();
    expect(bench.operations.wakeAtMs()).toBeUndefined();
  });

  it('for all subdevices is answered and has effect', () => {
    const bench = new OperationsBench(['a', 'b']).listed('a', 'b');
    expect(bench.receive({ type: 'unbind_all' })).toEqual(['a unbound', 'b unbound']);
    expect(bench.sent()[0]).toEqual({ type: 'unbind_all', payload: { result: 0 } });
  });
});

it('a search is answered with an empty result', () => {
  const bench = new OperationsBench(['a']).listed('a');
  expect(bench.receive({ type: 'search_devices', payload: { status: 1 } })).toHaveLength(1);
  expect(bench.sent()).toEqual([{ type: 'search_devices', payload: { status: 1, result: 0 } }]);
});

it('answers to the hub are bounded', () => {
  const bench = new OperationsBench(['a']).listed('a');
  for (let times = 0; times < 1000; times += 1) bench.receive({ type: 'search_devices', payload: { status: times } });
  expect(bench.sent()).toHaveLength(16);
});

describe('binding', () => {
  it('by command contains a signature for each subdevice, and succeeds with 0 and with 809', () => {
    const bench = new OperationsBench(['a', 'b'], { secretOf: () => SECRET }).listed('a', 'b');
    for (const name of ['a', 'b']) bench.operations.bindings.request('bind', identityOf(name));
    const [request] = bench.sent() as [{ type: string; payload: { devices: readonly Record<string, unknown>[] } }];
    expect(request.type).toBe('bind');
    expect(request.payload.devices[0]).toEqual({
      ...{ product_id: 'PPPPPPPPPP', device_name: 'a', random: 500_000, timestamp: 1_800_000_000 },
      ...{ signature: expect.stringMatching(/^[\w+/]{43}=$/), signmethod: 'hmacsha256', authtype: 'psk' },
    });
    expect(bench.answer('bind', 'a')).toEqual(['bind a: 0']);
    expect(bench.answer('bind', 'b', 809)).toEqual(['bind b: 809']);
    expect(bench.until(30_000)).toEqual([]);
  });

  it('without a command is sent for a subdevice that two lists lacked, and online follows', () => {
    const bench = new OperationsBench(['a'], AUTO).present('a').listed();
    bench.answer('online', 'a', -1);
    bench.sent();
    bench.list();
    expect(bench.operations.isServed(identityOf('a'))).toBe(true);
    expect(bench.until(5000)).toContainEqual('5 s: bind a');
    bench.answer('bind', 'a');
    expect(bench.bindingOf('a')).toBe('bound');
    expect(bench.asked()).toEqual(['online a']);
  });

  it('without a command that is rejected ends the service, with the reason', () => {
    const bench = new OperationsBench(['a'], AUTO).listed();
    bench.sent();
    bench.list();
    bench.sent();
    expect(bench.answer('bind', 'a', 803)).toEqual([
      'bind a: 803',
      expect.stringMatching(
        /rejects bind for PPPPPPPPPP\/a: the signature is wrong \(result 803\)\. Compare device_secret/,
      ),
      'a unbound',
    ]);
    expect(bench.operations.bindings.of(identityOf('a'))?.unbound).toMatchObject({
      sentence: 'the signature is wrong (result 803)',
    });
    expect(bench.until(30_000)).toEqual([]);
  });

  it('that is rejected proves nothing about a served subdevice, since its secret can be wrong', () => {
    const bench = new OperationsBench(['a'], { secretOf: () => SECRET }).connect();
    bench.operations.bindings.request('bind', identityOf('a'));
    bench.sent();
    bench.answer('bind', 'a', 803);
    expect(bench.operations.isServed(identityOf('a'))).toBe(true);
  });

  it('without an answer is requested again, and once more in the next connection', () => {
    const bench = new OperationsBench(['a'], { secretOf: () => SECRET }).listed('a');
    bench.operations.bindings.request('bind', identityOf('a'));
    expect([...bench.asked(), ...bench.until(60_000)]).toHaveLength(5);
    expect(bench.connect().asked()).toEqual(['describe_sub_devices', 'bind a']);
    bench.operations.bindings.withdraw(identityOf('a'));
    expect(bench.until(120_000).filter((message) => message.includes(' bind'))).toEqual([]);
  });
});

describe('unbinding', () => {
  it.each([
    ['unbind', 0],
    ['unbind', -1],
    ['bind', 0],
  ])('is done by a result named %s with code %i', (type, code) => {
    const bench = new OperationsBench(['a']).listed('a');
    bench.operations.bindings.request('unbind', identityOf('a'));
    expect(bench.asked()).toEqual(['unbind a']);
    expect(bench.answer(type, 'a', code)).toEqual([`unbind a: ${code}`, 'a unbound']);
    expect(bench.operations.isServed(identityOf('a'))).toBe(false);
  });

  it('that is rejected changes nothing', () => {
    const bench = new OperationsBench(['a']).listed('a');
    bench.operations.bindings.request('unbind', identityOf('a'));
    bench.sent();
    expect(bench.answer('unbind', 'a', 808)).toHaveLength(2);
    expect(bench.bindingOf('a')).toBe('bound');
  });

  it('ends the binding of an unconfigured subdevice, and the list is requested again', () => {
    const bench = new OperationsBench(['a']).listed('a', 'x');
    bench.operations.bindings.request('unbind', identityOf('x'));
    bench.sent();
    expect(bench.answer('unbind', 'x')).toEqual(['unbind x: 0']);
    expect(bench.asked()).toEqual(['describe_sub_devices']);
    bench.list('a');
    expect(bench.unconfiguredDevices).toEqual([]);
    expect(bench.operations.bindings.states()).toHaveLength(1);
  });

  it('that was not requested changes nothing', () => {
    const bench = new OperationsBench(['a']).listed('a');
    expect(bench.answer('unbind', 'a')).toEqual([]);
    expect(bench.bindingOf('a')).toBe('bound');
  });
});

describe('an online or offline that the hub rejects with −1', () => {
  it.each(['online', 'offline'])('means that the subdevice is not bound: %s', (verb) => {
    const bench = new OperationsBench(['a']).listed('a').present('a');
    bench.sent();
    if (verb === 'offline') bench.answer('online', 'a');
    if (verb === 'offline') bench.absent('a').sent();
    expect(bench.answer(verb, 'a', -1)).toContain('a unbound');
    expect(bench.until(60_000)).toEqual([]);
  });
});

describe('another list of configured subdevices', () => {
  it('asks the hub for its list, keeps what is known, and forgets the removed ones', () => {
    const bench = new OperationsBench(['a', 'b']).listed('a', 'b', 'c');
    bench.operations.bindings.setConfigured([identityOf('a'), identityOf('c')]);
    expect(['a', 'b', 'c'].map((name) => bench.bindingOf(name))).toEqual(['bound', undefined, 'unknown']);
    expect(bench.asked()).toEqual(['describe_sub_devices']);
    bench.list('a', 'b', 'c');
    expect(bench.bindingOf('c')).toBe('bound');
    expect(bench.unconfiguredDevices).toEqual(['PPPPPPPPPP/b']);
  });
});

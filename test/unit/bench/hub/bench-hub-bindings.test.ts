/** Bindings of subdevices to a gateway: result codes, rules, and commands of the platform. */
import { createHmac } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import type { HubRules } from '../../../../src/bench/hub/bench-rules.ts';
import { HubRig } from './bench-hub-rig.ts';

const WALL_MS = 1_735_689_600_000;
const SECRET = 'AAECAwQFBgcICQoLDA0ODw==';
const GATEWAY = { product: 'GP', device: 'gd' };
const ONE = { product: 'SP', device: 'one' };
const TWO = { product: 'SP', device: 'two' };

const RULES: Partial<HubRules> = {
  bindings: 'required',
  credentials: new Map([
    ['GPgd', SECRET],
    ['GPother', SECRET],
    ['SPone', SECRET],
    ['SPtwo', SECRET],
    ['XXother', SECRET],
  ]),
  associations: [{ gateway: 'GP', subdevice: 'SP' }],
};

/** Gateway at a hub that requires bindings, with its requests and the answers. */
class Gateway {
  readonly rig: HubRig;
  connection: number;
  device = 'gd';

  constructor(rules: Partial<HubRules> = {}) {
    this.rig = new HubRig({ ...RULES, ...rules }, WALL_MS);
    this.connection = this.#connect('gd');
  }

  #connect(device: string): number {
    const username = `GP${device};12010126;A1B2C;9999999999`;
    const token = createHmac('sha256', Buffer.from(SECRET, 'base64')).update(username).digest('hex');
    const password = new TextEncoder().encode(`${token};hmacsha256`);
    const connection = this.rig.connect(`GP${device}`, { username, password });
    this.rig.subscribe(connection, `$gateway/operation/result/GP/${device}`);
    return connection;
  }

  /** Continues as another gateway. */
  become(device: string): void {
    this.connection = this.#connect(device);
    this.device = device;
  }

  ask(content: unknown): unknown {
    const before = this.answers().length;
    const payload = new TextEncoder().encode(JSON.stringify(content));
    this.rig.publish(this.connection, `$gateway/operation/GP/${this.device}`, { payload });
    return this.answers().slice(before).at(-1);
  }

  answers(): unknown[] {
    return this.rig.messagesTo(this.connection).map(({ text }) => JSON.parse(text));
  }

  bind(device: { product: string; device: string }, fields: Record<string, unknown> = {}): number {
    return resultIn(this.ask({ type: 'bind', payload: { devices: [proofOf(device, fields)] } }));
  }

  do(type: 'unbind' | 'online' | 'offline', { product, device }: { product: string; device: string }): number {
    return resultIn(this.ask({ type, payload: { devices: [{ product_id: product, device_name: device }] } }));
  }
}

function proofOf(
  { product, device }: { product: string; device: string },
  fields: Record<string, unknown> = {},
): object {
  const timestamp = fields.timestamp ?? WALL_MS / 1000;
  const text = `${product}${device};121213;${timestamp}`;
  const signature = createHmac('sha1', SECRET).update(text).digest('base64');
  const proof = { product_id: product, device_name: device, signature, random: 121_213, timestamp };
  return { ...proof, signmethod: 'hmacsha1', authtype: 'psk', ...fields };
}

function resultIn(answer: unknown): number {
  const { devices } = (answer as { payload: { devices: { result: number }[] } }).payload;
  return devices[0]?.result ?? Number.NaN;
}

describe('bind', () => {
  test.each([
    ['is accepted', ONE, {}, 0],
    ['without a signature gets 801', ONE, { signature: undefined }, 801],
    ['with a random that is not a number gets 801', ONE, { random: 'x' }, 801],
    ['with an unknown authtype gets 801', ONE, { authtype: 'faith' }, 801],
    ['of an unknown device gets 802', { product: 'SP', device: 'unknown' }, {}, 802],
    ['with a wrong signature gets 803', ONE, { signature: 'AAAA' }, 803],
    ['by an unregistered certificate gets 803', ONE, { authtype: 'certificate' }, 803],
    ['by another method gets 804', ONE, { signmethod: 'hmacmd5' }, 804],
    ['before its expiry is accepted', ONE, { timestamp: WALL_MS / 1000 - 300 }, 0],
    ['after its expiry gets 805', ONE, { timestamp: WALL_MS / 1000 - 301 }, 805],
    ['of a gateway gets 807', { product: 'GP', device: 'other' }, {}, 807],
    ['of a product that is not associated gets 810', { product: 'XX', device: 'other' }, {}, 810],
  ])('%s', (_name, device, fields, result) => {
    expect(new Gateway().bind(device, fields)).toBe(result);
  });

  it('to a second gateway gets 806', () => {
    const gateway = new Gateway();
    expect(gateway.bind(ONE)).toBe(0);
    gateway.become('other');
    expect(gateway.bind(ONE)).toBe(806);
  });

  test.each([809, 0] as const)('twice gets %i, according to the rule', (repeatBindResult) => {
    const gateway = new Gateway({ repeatBindResult });
    expect([gateway.bind(ONE), gateway.bind(ONE)]).toEqual([0, repeatBindResult]);
  });

  it('above the maximum of a gateway gets 808', () => {
    const gateway = new Gateway({ subdevicesPerGatewayMax: 1 });
    expect([gateway.bind(ONE), gateway.bind(TWO)]).toEqual([0, 808]);
  });
});

describe('with bindings required', () => {
  it('only a bound subdevice comes online: −1 before, 0 after, 802 for an unknown device', () => {
    const gateway = new Gateway();
    expect(gateway.do('online', ONE)).toBe(-1);
    expect(gateway.do('offline', ONE)).toBe(-1);
    expect(gateway.do('online', { product: 'SP', device: 'unknown' })).toBe(802);
    gateway.bind(ONE);
    expect(gateway.do('online', ONE)).toBe(0);
    expect(gateway.rig.session('GPgd')).toMatchObject({ subdevicesOnline: ['SP/one'], subdevicesBound: ['SP/one'] });
  });

  test.each([0, -2, 808] as const)('online twice gets %i, according to the rule', (repeatOnlineResult) => {
    const gateway = new Gateway({ repeatOnlineResult });
    gateway.bind(ONE);
    expect([gateway.do('online', ONE), gateway.do('online', ONE)]).toEqual([0, repeatOnlineResult]);
  });

  test.each([-1, 0] as const)(
    'unbind takes a subdevice offline; for an unbound one it gets %i, according to the rule',
    (result) => {
      const gateway = new Gateway({ unbindUnboundResult: result });
      gateway.bind(ONE);
      gateway.do('online', ONE);
      expect(gateway.do('unbind', ONE)).toBe(0);
      expect(gateway.rig.session('GPgd')).toMatchObject({ subdevicesOnline: [], subdevicesBound: [] });
      expect(gateway.do('unbind', ONE)).toBe(result);
    },
  );

  test.each(['unbind', 'bind'] as const)(
    'the result of unbind has type %s, according to the rule',
    (unbindResultType) => {
      const gateway = new Gateway({ unbindResultType });
      const devices = [{ product_id: 'SP', device_name: 'one' }];
      expect(gateway.ask({ type: 'unbind', payload: { devices } })).toMatchObject({ type: unbindResultType });
    },
  );

  test.each([
    ['all', [0, 0]],
    ['first only', [0]],
    ['refused', [801, 801]],
  ] as const)('of several devices in one request the hub serves, according to the rule: %s', (batch, results) => {
    const gateway = new Gateway({ batch });
    const answer = gateway.ask({ type: 'bind', payload: { devices: [proofOf(ONE), proofOf(TWO)] } });
    const { devices } = (answer as { payload: { devices: { result: number }[] } }).payload;
    expect(devices.map(({ result }) => result)).toEqual(results);
    expect(gateway.rig.session('GPgd')?.subdevicesBound).toHaveLength(results.filter((each) => each === 0).length);
  });
});

describe('describe_sub_devices', () => {
  const DESCRIBE = { type: 'describe_sub_devices' };

  it('lists the bound subdevices', () => {
    const gateway = new Gateway();
    gateway.bind(ONE);
    const devices = [{ product_id: 'SP', device_name: 'one' }];
    expect(gateway.ask(DESCRIBE)).toEqual({ ...DESCRIBE, payload: { devices } });
  });

  it('is not answered by a hub without bindings', () => {
    expect(new Gateway({ bindings: 'ignored' }).ask(DESCRIBE)).toBeUndefined();
  });

  test.each(['truncated', 'unanswered'] as const)('above 16 KB is %s, according to the rule', (describeTooLong) => {
    const gateway = new Gateway({ describeTooLong, credentials: undefined, associations: [], inFlightMax: 1000 });
    for (let number = 0; number < 500; number += 1) {
      const subdevice = { product: 'SUBPRODUCT', device: `subdevice-${number}` };
      expect(gateway.rig.administer({ kind: 'bind', gateway: GATEWAY, subdevice })).toBe(0);
    }
    const answer = gateway.ask(DESCRIBE);
    const bytes = JSON.stringify(answer)?.length ?? 0;
    expect(bytes > 16_000 && bytes <= 16_384).toBe(describeTooLong === 'truncated');
    expect(answer === undefined).toBe(describeTooLong === 'unanswered');
  });
});

describe('the platform', () => {
  it('binds and unbinds, and notifies the gateway with change, which is stored while the gateway is away', () => {
    const gateway = new Gateway();
    const devices = [{ product_id: 'SP', device_name: 'one' }];
    expect(gateway.rig.administer({ kind: 'bind', gateway: GATEWAY, subdevice: ONE })).toBe(0);
    gateway.do('online', ONE);
    expect(gateway.rig.administer({ kind: 'unbind', subdevice: ONE })).toBe(0);
    const notices = gateway.answers().filter((each) => (each as { type: string }).type === 'change');
    expect(notices).toEqual([1, 0].map((status) => ({ type: 'change', payload: { status, devices } })));
    expect(gateway.rig.session('GPgd')?.subdevicesOnline).toEqual([]);
    gateway.rig.cut(gateway.connection);
    gateway.rig.administer({ kind: 'bind', gateway: GATEWAY, subdevice: ONE });
    expect(gateway.rig.stored('GPgd')).toBe(1);
  });

  it('returns the result codes of a gateway’s own requests, and sends no notice of a rejected command', () => {
    const gateway = new Gateway();
    const subdevice = { product: 'SP', device: 'unknown' };
    expect(gateway.rig.administer({ kind: 'bind', gateway: GATEWAY, subdevice })).toBe(802);
    const unknown = { product: 'GP', device: 'unknown' };
    expect(gateway.rig.administer({ kind: 'bind', gateway: unknown, subdevice: ONE })).toBe(802);
    expect(gateway.rig.administer({ kind: 'unbind', subdevice: ONE })).toBe(-1);
    expect(gateway.answers()).toEqual([]);
  });

  it('sends unbind_all and search_devices, and accepts replies of both forms', () => {
    const gateway = new Gateway();
    gateway.bind(ONE);
    gateway.rig.administer({ kind: 'searchDevices', gateway: GATEWAY, status: 1 });
    gateway.rig.administer({ kind: 'unbindAll', gateway: GATEWAY });
    expect(gateway.answers().slice(1)).toEqual([
      { type: 'search_devices', payload: { status: 1 } },
      { type: 'unbind_all' },
    ]);
    expect(gateway.rig.session('GPgd')?.subdevicesBound).toEqual([]);
    gateway.ask({ type: 'change', result: 0 });
    gateway.ask({ type: 'search_devices', payload: { status: 1, result: 0 } });
    gateway.ask({ type: 'unbind_all', payload: { result: 0 } });
    const replies = gateway.rig.events.flatMap((event) => (event.kind === 'gatewayReplied' ? [event.type] : []));
    expect(replies).toEqual(['change', 'search_devices', 'unbind_all']);
  });
});

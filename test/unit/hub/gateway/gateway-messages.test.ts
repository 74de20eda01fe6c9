/** Messages of the hub on the result topic, valid and invalid. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identityOf, OperationsBench } from './gateway-operations-rig.ts';

const AUTO = { bind: 'auto', secretOf: () => 'AAECAwQFBgcICQoLDA0ODw==' } as const;

const HALF_AN_HOUR_MS = 1_800_000;
/** State with subdevices online, subdevices bound, and a requested binding and unbinding. */
const QUESTIONS = 4;
/** Each request is repeated every 5 min. */
const SELDOM = 6;

describe('an invalid message', () => {
  it.each([
    ...['{', 'null', '[]', '7', '"x"', '{"type":"online"}', '{"type":"online","payload":{"devices":[null,7,{}]}}'],
    ...['{"type":"change"}', '{"type":"change","payload":{"status":2,"devices":[]}}', '{"type":{}}'],
    ...['{"type":"describe_sub_devices"}', '{"type":"describe_sub_devices","payload":{"devices":{"length":9}}}'],
    '{"type":"online","payload":{"devices":[{"product_id":"PPPPPPPPPP","device_name":"a","result":"0"}]}}',
    '{"type":"online","payload":{"devices":[{"product_id":"PPPPPPPPPP","device_name":"a","result":1e400}]}}',
    '{"type":"change","payload":{"status":0,"devices":[{"product_id":"P/P","device_name":"\\u001b[2J"}]}}',
    '{"__proto__":{"type":"unbind_all"}}',
  ])('such as %s is ignored and changes nothing', (text) => {
    const bench = new OperationsBench(['a']).present('a').connect();
    bench.sent();
    bench.hear(new TextEncoder().encode(text));
    expect(bench.operations.isOnlineAtHub(identityOf('a'))).toBeUndefined();
    expect(bench.bindingOf('a')).toBe('unknown');
    expect(bench.unconfiguredDevices).toEqual([]);
  });

  it('never causes a throw, for any bytes, and requests become rare', () => {
    const device = fc.record({
      product_id: fc.constantFrom('PPPPPPPPPP', 7),
      device_name: fc.constantFrom('a', 'b', 'x', '/'),
      result: fc.constantFrom(0, -1, -2, 801, 803, 806, 809, 1.5, null),
    });
    const message = fc.record({
      type: fc.constantFrom('online', 'offline', 'bind', 'unbind', 'describe_sub_devices', 'change', 'unbind_all'),
      payload: fc.record({ status: fc.constantFrom(0, 1, 2), devices: fc.array(device) }),
    });
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => new TextEncoder().encode(text)),
      message.map((value) => new TextEncoder().encode(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(fc.array(bytes), (all) => {
        const bench = new OperationsBench(['a', 'b'], AUTO).present('a').connect();
        bench.operations.bindings.request('unbind', identityOf('x'));
        for (const one of all) {
          bench.hear(one);
          bench.sent();
        }
        bench.until(200_000);
        const asked = bench.until(200_000 + HALF_AN_HOUR_MS);
        expect(asked.length).toBeLessThanOrEqual(QUESTIONS * SELDOM);
        expect(bench.operations.bindings.states().length).toBeLessThanOrEqual(3);
      }),
    );
  });
});

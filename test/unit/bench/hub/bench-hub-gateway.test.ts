/** The `$gateway` operations that announce subdevices, as documented, and the signature of a bind request. */
import { describe, expect, it, test } from 'vitest';
import { bindSignatureResult } from '../../../../src/bench/hub/bind-check.ts';
import { HubRig } from './bench-hub-rig.ts';

describe('gateway operations', () => {
  const REQUEST = '$gateway/operation/GP/gd';
  const DEVICES = [
    { product_id: 'SP', device_name: 'one' },
    { product_id: 'SP', device_name: 'two' },
  ];

  function gatewayRig(rules: ConstructorParameters<typeof HubRig>[0] = {}): { rig: HubRig; connection: number } {
    const rig = new HubRig(rules);
    const connection = rig.connect('GPgd');
    rig.subscribe(connection, '$gateway/operation/result/GP/gd');
    return { rig, connection };
  }

  function ask(rig: HubRig, connection: number, request: unknown): void {
    const payload = new TextEncoder().encode(typeof request === 'string' ? request : JSON.stringify(request));
    rig.publish(connection, REQUEST, { payload });
  }

  it('online and offline get a PUBACK and result 0 on the result topic, and are reported', () => {
    const { rig, connection } = gatewayRig();
    ask(rig, connection, { type: 'online', payload: { devices: DEVICES } });
    expect(rig.session('GPgd')?.subdevicesOnline).toEqual(['SP/one', 'SP/two']);
    ask(rig, connection, { type: 'offline', payload: { devices: DEVICES.slice(0, 1) } });
    expect(rig.session('GPgd')?.subdevicesOnline).toEqual(['SP/two']);
    expect(rig.messagesTo(connection).map(({ topic, text }) => [topic, JSON.parse(text)])).toEqual([
      [
        '$gateway/operation/result/GP/gd',
        { type: 'online', payload: { devices: DEVICES.map((each) => ({ ...each, result: 0 })) } },
      ],
      ['$gateway/operation/result/GP/gd', { type: 'offline', payload: { devices: [{ ...DEVICES[0], result: 0 }] } }],
    ]);
    expect(rig.sentTo(connection).filter(({ kind }) => kind === 'puback')).toHaveLength(2);
    expect(rig.arrivals).toEqual([]);
  });

  it('online twice is answered with result 0 twice', () => {
    const { rig, connection } = gatewayRig();
    for (let time = 0; time < 2; time += 1) ask(rig, connection, { type: 'online', payload: { devices: DEVICES } });
    expect(rig.messagesTo(connection)).toHaveLength(2);
    expect(rig.session('GPgd')?.subdevicesOnline).toHaveLength(2);
  });

  test.each([
    [true, []],
    [false, ['SP/one', 'SP/two']],
  ])('subdevices go offline with the gateway according to the rule: %s', (subdevicesOfflineOnGatewayLoss, left) => {
    const { rig, connection } = gatewayRig({ subdevicesOfflineOnGatewayLoss });
    ask(rig, connection, { type: 'online', payload: { devices: DEVICES } });
    rig.cut(connection);
    expect(rig.session('GPgd')?.subdevicesOnline).toEqual(left);
  });

  it('no more subdevices come online than the maximum of a gateway', () => {
    const { rig, connection } = gatewayRig({ subdevicesPerGatewayMax: 1 });
    ask(rig, connection, { type: 'online', payload: { devices: DEVICES } });
    expect(rig.session('GPgd')?.subdevicesOnline).toEqual(['SP/one']);
    expect(rig.messagesTo(connection)[0]?.text).toContain('"result":-2');
  });

  it('on the topic of another gateway get no PUBACK', () => {
    const rig = new HubRig();
    const connection = rig.connect('XYz');
    ask(rig, connection, { type: 'online', payload: { devices: DEVICES } });
    expect(rig.sentTo(connection)).toHaveLength(1);
  });

  test.each([
    '',
    'not JSON',
    '[]',
    '{"type":"online"}',
    '{"type":"online","payload":{"devices":[7]}}',
    '{"__proto__":1}',
  ])('with the payload %j get a PUBACK and no answer', (payload) => {
    const { rig, connection } = gatewayRig();
    ask(rig, connection, payload);
    expect(rig.sentTo(connection).at(-1)).toMatchObject({ kind: 'puback' });
    expect(rig.messagesTo(connection)).toEqual([]);
  });
});

describe('the signature of a bind', () => {
  // Test vectors, computed from the documented algorithm.
  test.each([
    ['hmacsha1', 'xFAIRsxy9DyuZy5ATC6z8LCmO+0=', 0],
    ['hmacsha256', 'ILFW/uhijaiqCJa3zZ08QZ94JIXRfONy3Bee/Ps6A8E=', 0],
    ['hmacsha256', 'xFAIRsxy9DyuZy5ATC6z8LCmO+0=', 803],
    ['md5', 'xFAIRsxy9DyuZy5ATC6z8LCmO+0=', 804],
  ])('by %s is the base64 of the HMAC with the secret as text: %#', (signmethod, signature, result) => {
    const proof = { signature, random: 121_213, timestamp: 1_735_689_600, signmethod, authtype: 'psk' };
    const subdevice = { product: 'KLMNOPQRST', device: 'sub-01' };
    expect(
      bindSignatureResult(proof, {
        subdevice,
        secret: 'AAECAwQFBgcICQoLDA0ODw==',
        signatureS: 0,
        wallMs: 1_735_689_600_000,
      }),
    ).toBe(result);
  });
});

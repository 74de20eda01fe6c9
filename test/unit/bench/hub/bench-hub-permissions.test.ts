/** Permissions for topics at the bench hub, and messages republished by the rule engine. */
import { describe, expect, it, test } from 'vitest';
import type { HubRules } from '../../../../src/bench/hub/bench-rules.ts';
import { HubRig } from './bench-hub-rig.ts';

const CUSTOM: HubRules['customTopics'] = [
  { product: 'GP', topic: 'GP/+/alarm', right: 'publish' },
  { product: 'SP', topic: 'SP/+/+/set', right: 'subscribe' },
  { product: 'GP', topic: 'SP/+/data', right: 'both' },
];

/** Returns a gateway at a hub with permissions. SP/one is online behind it, SP/two is only bound. */
function strictRig(rules: Partial<HubRules> = {}): { rig: HubRig; connection: number } {
  const rig = new HubRig({ permissions: 'checked', bindings: 'required', customTopics: CUSTOM, ...rules });
  const connection = rig.connect('GPgd');
  const gateway = { product: 'GP', device: 'gd' };
  for (const device of ['one', 'two']) rig.administer({ kind: 'bind', gateway, subdevice: { product: 'SP', device } });
  const devices = [{ product_id: 'SP', device_name: 'one' }];
  const payload = new TextEncoder().encode(JSON.stringify({ type: 'online', payload: { devices } }));
  rig.publish(connection, '$gateway/operation/GP/gd', { payload });
  return { rig, connection };
}

function mayPublish(topic: string, rules?: Partial<HubRules>): boolean {
  const { rig, connection } = strictRig(rules);
  rig.publish(connection, topic, { packetId: 77 });
  const isAcknowledged = rig.sentTo(connection).some((packet) => packet.kind === 'puback' && packet.packetId === 77);
  expect(rig.ended.has(connection)).toBe(false);
  return isAcknowledged;
}

function maySubscribe(filter: string, rules?: Partial<HubRules>): boolean {
  const { rig, connection } = strictRig(rules);
  rig.subscribe(connection, filter);
  expect(rig.ended.has(connection)).toBe(false);
  const last = rig.sentTo(connection).at(-1);
  return last?.kind === 'suback' && last.returnCodes[0] === 1;
}

describe('a publish', () => {
  test.each([
    ['GP/gd/event', true],
    ['GP/gd/data', true],
    ['GP/gd/control', false],
    ['GP/gd/unknown', false],
    ['GP/gd/alarm', true],
    ['GP/other/event', false],
    ['SP/one/event', true],
    ['SP/one/alarm', false],
    ['SP/two/event', false],
    ['SP/three/event', false],
    ['$shadow/operation/SP/one', true],
    ['$ota/report/GP/gd', true],
    ['$rrpc/txd/GP/gd/7', true],
    ['$shadow/operation/SP/three', false],
    ['$sys/unknown/GP/gd', false],
    ['$gateway/operation/GP/other', false],
    ['event', false],
  ])('to %s: %s', (topic, expected) => {
    expect(mayPublish(topic)).toBe(expected);
  });

  it('without permission is dropped: QoS 0 silently, QoS 1 without PUBACK; without the check it is accepted', () => {
    const { rig, connection } = strictRig();
    rig.publish(connection, 'GP/gd/unknown', { qos: 0 });
    expect(rig.arrivals).toEqual([]);
    expect(mayPublish('GP/gd/unknown', { permissions: 'unchecked' })).toBe(true);
  });

  test.each([
    ['refused', false],
    ['served', true],
  ] as const)('for an offline subdevice is %s, according to the rule', (offlineSubdevices, expected) => {
    expect(mayPublish('SP/two/event', { offlineSubdevices })).toBe(expected);
    expect(maySubscribe('SP/two/control', { offlineSubdevices })).toBe(expected);
  });

  test.each([
    ['own', true],
    ['gateway too', false],
  ] as const)('for a subdevice requires the permission of: %s', (subdevicePermissions, expected) => {
    expect(mayPublish('SP/one/event', { subdevicePermissions })).toBe(expected);
    expect(mayPublish('SP/one/data', { subdevicePermissions })).toBe(true);
    expect(mayPublish('GP/gd/event', { subdevicePermissions })).toBe(true);
  });
});

describe('a subscription', () => {
  test.each([
    ['GP/gd/control', true],
    ['GP/gd/event', false],
    ['GP/gd/#', true],
    ['GP/gd/+', true],
    ['GP/gd/nothing/#', true],
    ['GP/+/control', false],
    ['GP/#', false],
    ['#', false],
    ['+/gd/control', false],
    ['SP/one/lamp/set', true],
    ['SP/one/control', true],
    ['SP/two/control', false],
    ['$gateway/operation/result/GP/gd', true],
    ['$gateway/operation/result/SP/one', true],
    ['$ota/update/SP/one', true],
    ['$ota/update/+/one', false],
    ['$ota/#', false],
    ['$sys/operation/result/GP/+', false],
    ['$rrpc/rxd/GP/gd/+', true],
    ['$rrpc/rxd/GP/gd/#', false],
    ['$broadcast/rxd/GP/gd', true],
  ])('to %s: %s', (filter, expected) => {
    expect(maySubscribe(filter)).toBe(expected);
  });

  it('with a wildcard receives only the permitted topics', () => {
    const { rig, connection } = strictRig();
    rig.subscribe(connection, 'GP/gd/#');
    for (const topic of ['GP/gd/control', 'GP/gd/event', 'GP/gd/data', 'GP/gd/secret']) rig.fromApplication(topic);
    expect(rig.messagesTo(connection).map(({ topic }) => topic)).toEqual(['GP/gd/control', 'GP/gd/data']);
  });

  it('of a subdevice receives nothing after the subdevice is unbound', () => {
    const { rig, connection } = strictRig();
    rig.subscribe(connection, 'SP/one/control');
    rig.fromApplication('SP/one/control', 'before');
    rig.administer({ kind: 'unbind', subdevice: { product: 'SP', device: 'one' } });
    rig.fromApplication('SP/one/control', 'after');
    expect(rig.messagesTo(connection).filter(({ topic }) => topic === 'SP/one/control')).toMatchObject([
      { text: 'before' },
    ]);
  });

  test.each([
    ['checked', ['SP/one/control']],
    ['unchecked', ['SP/one/control', 'GP/gd/control']],
  ] as const)(
    'is removed with all others of its device by UNSUBSCRIBE of the device’s wildcard, permissions %s',
    (permissions, left) => {
      const { rig, connection } = strictRig({ permissions });
      for (const filter of ['SP/one/control', 'GP/gd/control', 'GP/gd/#']) rig.subscribe(connection, filter);
      rig.send(connection, { kind: 'unsubscribe', packetId: 1, filters: ['GP/gd/#'] });
      expect(rig.session('GPgd')?.subscriptions.map(({ filter }) => filter)).toEqual(left);
    },
  );
});

describe('republish', () => {
  const SENT = '{ "time": 1, "action": "go", "list": [2, {"b": 1, "a": 2}] }';

  function republished(payload: string, republications: HubRules['republications']): [string, string, number][] {
    const { rig, connection } = strictRig({ republications, permissions: 'unchecked' });
    rig.subscribe(connection, 'GP/gd/#');
    rig.publish(connection, 'GP/gd/data', { payload: new TextEncoder().encode(payload) });
    return rig.messagesTo(connection).map(({ topic, text, qos }) => [topic, text, qos]);
  }

  it('is off by default: a device does not get its own publishes back', () => {
    expect(republished(SENT, [])).toEqual([]);
  });

  it('sends a device its own message with its QoS, as JSON with sorted keys and without whitespace', () => {
    const text = '{"action":"go","list":[2,{"a":2,"b":1}],"time":1}';
    expect(republished(SENT, [{ filter: 'GP/+/data' }])).toEqual([['GP/gd/data', text, 1]]);
    expect(republished(SENT, [{ filter: 'GP/+/data', topic: 'GP/gd/control' }])).toEqual([['GP/gd/control', text, 1]]);
  });

  it('does not change other payloads than JSON, and sends no message on a topic without a rule', () => {
    expect(republished('not JSON', [{ filter: 'GP/+/data' }])).toEqual([['GP/gd/data', 'not JSON', 1]]);
    expect(republished(SENT, [{ filter: 'GP/+/event' }])).toEqual([]);
  });
});

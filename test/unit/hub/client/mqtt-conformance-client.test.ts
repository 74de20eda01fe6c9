/**
 * Requirements of MQTT 3.1.1 for a client, statement by statement, for statements without another test of the hub
 * client; see docs/mqtt-conformance.md.
 */
import { expect, it } from 'vitest';
import { encodeMqtt, MqttReader } from '../../../../src/codec/mqtt-wire.ts';
import { HubBench } from './hub-rig.ts';

const MESSAGE = { topic: 't', payload: Uint8Array.of(1), dup: false } as const;

it('U+FEFF at the beginning of a text is kept [MQTT-1.5.3-3]', () => {
  const packet = { kind: 'publish', ...MESSAGE, topic: '\uFEFFt', qos: 0, packetId: undefined, retain: false } as const;
  const bytes = encodeMqtt(packet);
  expect(Buffer.from(bytes).toString('hex')).toContain('0004efbbbf74');
  expect(new MqttReader({ packetBytesMax: 100 }).push(bytes)).toEqual([{ ok: true, value: packet }]);
});

it('a connection has one CONNECT, for any packets of the hub and any duration [MQTT-3.1.0-2]', () => {
  const bench = new HubBench().online();
  for (let minute = 0; minute < 60; minute += 1) {
    bench.pass(60_000).receive({ kind: 'pingresp' });
  }
  expect(new Set(bench.sent().map(({ kind }) => kind))).toEqual(new Set(['pingreq']));
});

it('before CONNACK the client sends only CONNECT (§3.1.4), and drops commands', () => {
  const bench = new HubBench().input({ kind: 'start' }, { kind: 'opened' });
  bench.input({ kind: 'publish', messages: [{ ...MESSAGE, qos: 1, packetId: 7 }] }, { kind: 'subscribe', filter: 'a' });
  expect(bench.sent().map(({ kind }) => kind)).toEqual(['connect']);
});

it('CONNECT names the client, and carries a user name and a password together or neither [MQTT-3.1.2-22] [MQTT-3.1.3-7]', () => {
  for (const [username, password] of [
    ['user', Uint8Array.of(1)],
    [undefined, undefined],
  ] as const) {
    const bench = new HubBench({ credentials: () => ({ clientId: 'gw', username, password }) });
    bench.input({ kind: 'start' }, { kind: 'opened' });
    expect(bench.sent()).toEqual([
      { kind: 'connect', clientId: 'gw', cleanSession: false, keepAliveS: 60, username, password, will: undefined },
    ]);
  }
});

it('a message of QoS 0 has no packet identifier and no DUP, one of QoS 1 has the given identifier [MQTT-2.3.1-5] [MQTT-4.3.1-1]', () => {
  const bench = new HubBench().online();
  bench.input(
    { kind: 'publish', messages: [{ ...MESSAGE, qos: 0, packetId: undefined }] },
    { kind: 'publish', messages: [{ ...MESSAGE, qos: 1, packetId: 7 }] },
    { kind: 'publish', messages: [{ ...MESSAGE, qos: 1, packetId: 7, dup: true }] },
  );
  expect(bench.sent()).toMatchObject([
    { qos: 0, packetId: undefined, dup: false, retain: false },
    { qos: 1, packetId: 7, dup: false, retain: false },
    { qos: 1, packetId: 7, dup: true, retain: false },
  ]);
});

it('a rejected CONNECT is followed by the close of the connection, and no other packet [MQTT-3.2.2-5]', () => {
  const bench = new HubBench().input({ kind: 'start' }, { kind: 'opened' });
  bench.sent();
  bench.receive({ kind: 'connack', sessionPresent: false, returnCode: 5 });
  bench.input({ kind: 'subscribe', filter: 'a' }, { kind: 'probe' });
  expect([bench.asked(), bench.sent()]).toEqual([['open', expect.stringContaining('close: ')], []]);
});

it('SUBSCRIBE and UNSUBSCRIBE use an identifier again only after its answer [MQTT-2.3.1-2] [MQTT-2.3.1-3]', () => {
  const bench = new HubBench().online();
  bench.input({ kind: 'subscribe', filter: 'never answered' });
  const [first] = bench.sent();
  const used = first?.kind === 'subscribe' ? first.packetId : 0;
  for (let round = 0; round < 6000; round += 1) {
    bench.input({ kind: round % 2 === 0 ? 'subscribe' : 'unsubscribe', filter: 'a' });
    for (const packet of bench.sent()) {
      if (packet.kind !== 'subscribe' && packet.kind !== 'unsubscribe') throw new Error(`sent ${packet.kind}`);
      expect(packet.packetId).not.toBe(used);
      const { packetId } = packet;
      bench.receive(
        packet.kind === 'subscribe' ? { kind: 'suback', packetId, returnCodes: [1] } : { kind: 'unsuback', packetId },
      );
    }
  }
});

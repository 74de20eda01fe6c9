/** A server that is no hub, or a broken one: disconnected at once, tried again, and nothing is lost. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import type { MqttPacket } from '../../src/codec/mqtt.ts';
import { encodeMqtt, MqttReader } from '../../src/codec/mqtt-wire.ts';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';
import type { Impostor } from './wire-tap.ts';

/** CONNACK, session present, accepted: MQTT 3.1.1 §3.2. */
const CONNACK = '20 02 01 00';

const FILTER_OF_A = 'gw/a/cmd';

/** Bytes on which MQTT 3.1.1 requires a client to close [MQTT-4.8.0-1]. */
const VIOLATIONS: readonly (readonly [string, string])[] = [
  ['CONNACK with reserved flags set (§3.2.2.1)', '20 02 fe 00'],
  ['CONNACK that refuses with code 5', '20 02 00 05'],
  ['CONNACK with a return code that does not exist', '20 02 00 63'],
  ['session present in a rejection (§3.2.2.3)', '20 02 01 05'],
  ['a PUBLISH before CONNACK', '30 05 00 01 74 68 69'],
  ['a second CONNACK', `${CONNACK} ${CONNACK}`],
  ['a remaining length of five octets (§2.2.3)', `${CONNACK} 30 ff ff ff ff 01`],
  ['a SUBACK of 256 MB announced', `${CONNACK} 90 ff ff ff 7f`],
  ['PUBLISH with QoS 3 [MQTT-3.3.1-4]', `${CONNACK} 36 07 00 01 74 00 01 68 69`],
  ['PUBLISH to a topic with a wildcard [MQTT-3.3.2-2]', `${CONNACK} 30 05 00 01 23 68 69`],
  ['PUBLISH to a topic that is no UTF-8 [MQTT-1.5.3-1]', `${CONNACK} 30 05 00 02 c3 28 69`],
  ['PUBLISH with a topic longer than itself', `${CONNACK} 30 04 ff ff 74 74`],
  ['PUBLISH QoS 1 with packet identifier 0 [MQTT-2.3.1-1]', `${CONNACK} 32 07 00 01 74 00 00 68 69`],
  ['PUBACK with two octets too many', `${CONNACK} 40 04 00 01 00 00`],
  ['a packet type that is reserved', `${CONNACK} f0 00`],
  ['a CONNECT from the hub', `${CONNACK} 10 0c 00 04 4d 51 54 54 04 02 00 3c 00 00`],
];

describe('another server in place of the hub', () => {
  it('is disconnected for any bytes; then the hub receives everything', async () => {
    const testbed = await openTestbed({ isTapped: true, config: { hub: { connect_ms_max: 2000 } } });
    await testbed.start();
    const left: string[] = [];
    const random = seededRandom(3);
    const noise = Buffer.from(Uint8Array.from({ length: 4096 }, () => Math.floor(random() * 256))).toString('hex');
    const scripts = [...VIOLATIONS, ['noise', noise] as const, ['noise after CONNACK', `${CONNACK} ${noise}`] as const];
    testbed.tap.impostors.push(...scripts.map(([name, hex]) => impostor(hex, () => left.push(name))));
    testbed.hub.setFault({ kind: 'dropConnections' });
    testbed.publish(50);
    for (const subdevice of testbed.subdevices) testbed.command(subdevice);
    await until(() => left.length === scripts.length);
    expect(left).toEqual(scripts.map(([name]) => name));
    const ledger = await testbed.expectNothingLost();
    expect(ledger.totals.uplink).toMatchObject({ accepted: 100, delivered: 100, dead: 0 });
    expect((await testbed.gateway.status()).hub).toMatchObject({
      state: 'connected',
      sessionPresent: true,
      sessionsLost: 0,
    });
  });

  it('that has stored an invalid message stops no uplink: it ends one connection, and is then acknowledged', async () => {
    const testbed = await openTestbed({ isTapped: true, config: { hub: { connect_ms_max: 2000 } } });
    await testbed.start();
    const pubacks: number[] = [];
    let connections = 0;
    for (let connection = 0; connection < 20; connection += 1)
      testbed.tap.impostors.push((socket) => {
        connections += 1;
        hubWithInvalidMessage(socket, (packetId) => pubacks.push(packetId));
      });
    testbed.hub.setFault({ kind: 'dropConnections' });
    testbed.publish(20);
    await until(() => pubacks.length > 0);
    await until(async () => (await testbed.gateway.ledger()).totals.uplink.delivered === 40);
    expect(pubacks).toEqual([7]);
    expect(connections).toBe(2);
    const { totals } = await testbed.gateway.ledger();
    expect(totals.downlink.shed).toEqual({ 'invalid message': 1 });
    const { losing, conditions } = await testbed.gateway.status();
    expect(losing).toBe('yes');
    expect(conditions.map(({ sentence }) => sentence).join()).toContain('MQTT 3.1.1 forbids it');
  });

  it('with unrequested answers is accepted: nothing counts as delivered', async () => {
    const testbed = await openTestbed({ isTapped: true });
    await testbed.start();
    await testbed.loseHub();
    testbed.publish(20);
    await testbed.untilAcknowledged();
    let isGone = false;
    // PUBACK 60001…60003, SUBACK and UNSUBACK without a request, PINGRESP; then the hub closes.
    const answers = '40 02 ea 61 40 02 ea 62 40 02 ea 63 90 03 00 07 01 b0 02 00 07 d0 00';
    testbed.tap.impostors.push((socket) => {
      impostor(`${CONNACK} ${answers}`, () => {
        isGone = true;
      })(socket);
      socket.once('data', () => setImmediate(() => socket.end()));
    });
    await until(() => isGone);
    expect((await testbed.gateway.ledger()).totals.uplink).toMatchObject({ accepted: 40, delivered: 0, pending: 40 });
    testbed.restoreHub();
    await testbed.expectNothingLost();
  });
});

describe('a hub that answers one SUBSCRIBE in a way that MQTT 3.1.1 forbids', () => {
  it('is disconnected once; then the filter counts as rejected, the connection stays, and other messages flow', async () => {
    const { testbed, hub } = await openWithBadSuback(0x90);
    await until(() => hub.badAnswers >= 2);
    testbed.publish(20);
    await until(async () => (await testbed.gateway.ledger()).totals.uplink.delivered === 40);
    await until(() => hub.granted.has('gw/b/cmd'));
    expect(hub.connections).toBe(2);
    const { conditions, hub: state } = await testbed.gateway.status();
    expect(state.state).toBe('connected');
    expect(conditions).toContainEqual(
      expect.objectContaining({
        code: 'hub-subscriptions-refused',
        sentence: expect.stringContaining('reserved SUBACK return code 3'),
      }),
    );
    const { stdout } = await runProgram('--json', '--socket', testbed.socketPath, 'hub', 'subscriptions');
    expect(JSON.parse(stdout).subscriptions).toContainEqual(
      expect.objectContaining({
        filter: FILTER_OF_A,
        state: 'refused',
        reason: expect.stringMatching(/invalid SUBACK: reserved SUBACK return code 3 \(received: 90 03 .* 03\)$/),
      }),
    );
    const { stdout: shown } = await runProgram('--socket', testbed.socketPath, 'hub', 'subscriptions');
    expect(shown.replaceAll(/\s+/g, ' ')).toContain(`${FILTER_OF_A}: the hub answers SUBSCRIBE with an invalid SUBACK`);
  });

  it('negative control: is disconnected each time if the packet itself is broken', async () => {
    const { hub } = await openWithBadSuback(0x91);
    await until(() => hub.connections >= 4);
  });
});

/** The gateway connects to such a hub instead of its own. @param first first octet of the answer */
async function openWithBadSuback(first: number): Promise<{ testbed: Testbed; hub: HubWithBadSuback }> {
  const testbed = await openTestbed({ isTapped: true });
  await testbed.start();
  const hub = new HubWithBadSuback(FILTER_OF_A, first);
  testbed.tap.impostors.push(...Array.from({ length: 20 }, () => hub.serve));
  testbed.hub.setFault({ kind: 'dropConnections' });
  return { testbed, hub };
}

/** Hub that answers every request, and the SUBSCRIBE for one filter with return code 3 [MQTT-3.9.3-2]. */
class HubWithBadSuback {
  readonly granted = new Set<string>();
  connections = 0;
  badAnswers = 0;
  readonly #filter: string;
  readonly #first: number;

  /** @param first first octet of the answer: 0x90 is that of a SUBACK */
  constructor(filter: string, first: number) {
    this.#filter = filter;
    this.#first = first;
  }

  readonly serve: Impostor = (socket) => {
    this.connections += 1;
    const reader = new MqttReader({ packetBytesMax: 70_000 });
    const send = (packet: MqttPacket): void => void socket.write(encodeMqtt(packet));
    socket.on('data', (bytes) => {
      for (const packet of reader.push(bytes)) {
        if (!packet.ok) continue;
        const { value } = packet;
        if (value.kind === 'connect') send({ kind: 'connack', sessionPresent: false, returnCode: 0 });
        else if (value.kind === 'publish' && value.packetId !== undefined)
          send({ kind: 'puback', packetId: value.packetId });
        else if (value.kind === 'pingreq') send({ kind: 'pingresp' });
        else if (value.kind === 'subscribe') {
          const { packetId, subscriptions } = value;
          if (subscriptions.some(({ filter }) => filter === this.#filter)) {
            this.badAnswers += 1;
            socket.write(Uint8Array.of(this.#first, 3, packetId >> 8, packetId & 0xff, 3));
            continue;
          }
          for (const { filter } of subscriptions) this.granted.add(filter);
          send({ kind: 'suback', packetId, returnCodes: [1] });
        }
      }
    });
  };
}

/** Answers the first bytes of the gateway with these; `left`: the gateway has closed. */
function impostor(hex: string, left: () => void): Impostor {
  return (socket) => {
    socket.once('data', () => socket.write(Buffer.from(hex.replaceAll(' ', ''), 'hex')));
    socket.resume();
    socket.on('close', left);
  };
}

/** PUBLISH of QoS 1 with packet identifier 7 on the invalid topic `#` [MQTT-3.3.2-2]. */
const INVALID_MESSAGE = Uint8Array.of(0x32, 7, 0, 1, 0x23, 0, 7, 0x68, 0x69);

/** Hub that answers every request, and sends its stored message in each connection until it is acknowledged. */
function hubWithInvalidMessage(socket: Parameters<Impostor>[0], acknowledged: (packetId: number) => void): void {
  const reader = new MqttReader({ packetBytesMax: 70_000 });
  const send = (packet: MqttPacket): void => void socket.write(encodeMqtt(packet));
  socket.on('data', (bytes) => {
    for (const packet of reader.push(bytes)) {
      if (!packet.ok) continue;
      const { value } = packet;
      if (value.kind === 'connect') {
        send({ kind: 'connack', sessionPresent: true, returnCode: 0 });
        socket.write(INVALID_MESSAGE);
      } else if (value.kind === 'publish' && value.packetId !== undefined) {
        send({ kind: 'puback', packetId: value.packetId });
      } else if (value.kind === 'subscribe') {
        send({ kind: 'suback', packetId: value.packetId, returnCodes: [1] });
      } else if (value.kind === 'pingreq') {
        send({ kind: 'pingresp' });
      } else if (value.kind === 'puback') {
        acknowledged(value.packetId);
      }
    }
  });
}

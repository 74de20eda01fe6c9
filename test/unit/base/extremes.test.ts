/** Whatever the hub, a subdevice or the store says, no machine throws, and every delivery ends. */
import { describe, expect, it } from 'vitest';
import type { Random } from '../../../src/base/random.ts';
import { encodeMqtt } from '../../../src/codec/mqtt-wire.ts';
import { encodeFrame } from '../../../src/codec/mqttsn-cobs.ts';
import type { LinkMachine } from '../../../src/driver/driver.ts';
import { createModbusLink } from '../../../src/driver/modbus/link.ts';
import { createMqttsnLink, type MqttsnLinkOptions } from '../../../src/driver/mqttsn/link.ts';
import { HubClient } from '../../../src/hub/client/hub-client.ts';
import type { HubInput } from '../../../src/hub/client/hub-contract.ts';
import { linesLink } from '../driver/lines/lines-rig.ts';
import { point, unitPlan } from '../driver/modbus/modbus-wire.ts';
import { LINK_OPTIONS } from '../driver/mqttsn/mqttsn-bench.ts';
import { OPTIONS } from '../hub/client/hub-rig.ts';
import { CLIENTS, converse, Dice, SEEDS, STEPS, said } from './extremes.ts';

describe('no machine throws at extreme sizes, and every delivery ends:', () => {
  it.each([
    ['sn-cobs', 64],
    ['sn-cobs', 4096],
    ['sn-raw', 1024],
    // wider than the configuration allows: as wide as the length field
    ['sn-cobs', 65_535],
  ] as const)('MQTT-SN, framing %s, packets of %i octets', (framing, packetBytesMax) => {
    const options: MqttsnLinkOptions = { ...LINK_OPTIONS, framing, packetBytesMax, retriesMax: 1, topicIdsMax: 4 };
    const speak = (dice: Dice) => (framing === 'sn-raw' ? said(dice) : encodeFrame(said(dice)));
    const endings = converse((random) => createMqttsnLink({ ...options, random }), CLIENTS, speak);
    expect(endings['too large']).toBeGreaterThan(0);
  });

  it('a link that leaves out what is too large would be found out (control)', () => {
    const make = (random: Random): LinkMachine => {
      const link = createMqttsnLink({ ...LINK_OPTIONS, random, retriesMax: 1, topicIdsMax: 4 });
      const handle = link.handle.bind(link);
      link.handle = (input, nowMs) =>
        handle(input, nowMs).filter((action) => action.kind !== 'undelivered' || action.why !== 'too large');
      return link;
    };
    expect(() => converse(make, CLIENTS, (dice) => encodeFrame(said(dice)))).toThrow(/toEqual|deeply equal/);
  });

  it.each([
    ['text', {}],
    ['NDJSON', { format: 'ndjson', topic: 'm/{kind}', downlink: '{"n":{number},"p":{payload}}', ack: '{"ok":1}' }],
  ])('lines of %s', (_, keys) => {
    const make = (random: Random): LinkMachine => linesLink({ downlinks: ['#'], ...keys }, [], random);
    const speak = (dice: Dice): Uint8Array => Buffer.concat([dice.payload(), Buffer.from(dice.of(['', '\n', '\r\n']))]);
    converse(make, ['meter-1'], speak);
  });

  it('Modbus', () => {
    const limits = { baudRate: 9600, answerMsMax: 100, lateMsMax: 200, retriesMax: 1, uplinksMax: 4 };
    const units = [unitPlan(1, [point('p', 1), point('t', 8, { type: 'string', length: 16 })]), unitPlan(2, [])];
    const make = (random: Random): LinkMachine =>
      createModbusLink({ ...limits, units, reopen: LINK_OPTIONS.reopen, random });
    converse(make, ['unit-1', 'unit-2'], (dice) => dice.bytes());
  });

  it('the hub client', () => {
    for (const seed of SEEDS) {
      const dice = new Dice(seed);
      const client = new HubClient({ ...OPTIONS, random: dice.random, packetBytesMax: dice.of([100, 70_000]) });
      const input = (one: HubInput): void => void client.handle(one, 0);
      for (let step = 0; step < STEPS; step += 1) {
        if (client.state !== 'online') {
          for (const kind of ['stop', 'start', 'opened'] as const) input({ kind });
          input({ kind: 'bytes', bytes: Uint8Array.of(0x20, 2, 0, 0) });
        }
        input(hubInput(dice));
        if (client.state === 'closing') input({ kind: 'closed', reason: 'gone' });
      }
    }
  });
});

function hubInput(dice: Dice): HubInput {
  const topic = `t${dice.text(65_000)}`;
  const packetId = dice.of([1, 60_000, 65_535]);
  const publish = { topic, payload: dice.payload(), qos: 1, packetId, dup: dice.is(0.5) } as const;
  return dice.of<HubInput>([
    { kind: 'publish', publish, isSuspect: dice.is(0.2) },
    { kind: 'subscribe', filter: topic },
    { kind: 'unsubscribe', filter: topic },
    { kind: 'puback', packetId },
    { kind: 'bytes', bytes: dice.bytes() },
    { kind: 'bytes', bytes: encodeMqtt({ kind: 'publish', ...publish, retain: dice.is(0.5) }) },
    { kind: 'bytes', bytes: Uint8Array.of(0x32, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x61) },
  ]);
}

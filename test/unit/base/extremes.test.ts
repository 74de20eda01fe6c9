/** Test that no machine throws and every delivery ends, for any input from the hub, a subdevice or the store. */
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
import { CLIENTS, converse, ExtremeValues, packetBytes, SEEDS, STEPS } from './extremes.ts';

describe('no machine throws at extreme sizes, and every delivery ends:', () => {
  it.each([
    ['sn-cobs', 64],
    ['sn-cobs', 4096],
    ['sn-raw', 1024],
    // A packet larger than the configuration allows: as large as the length field can express.
    ['sn-cobs', 65_535],
  ] as const)('MQTT-SN, framing %s, packets of %i octets', (framing, packetBytesMax) => {
    const options: MqttsnLinkOptions = { ...LINK_OPTIONS, framing, packetBytesMax, retriesMax: 1, topicIdsMax: 4 };
    const sendBytes = (values: ExtremeValues) =>
      framing === 'sn-raw' ? packetBytes(values) : encodeFrame(packetBytes(values));
    const endings = converse((random) => createMqttsnLink({ ...options, random }), CLIENTS, sendBytes);
    expect(endings['too large']).toBeGreaterThan(0);
  });

  it('negative control: a link without its size limit does not end every delivery as the others do', () => {
    const make = (random: Random): LinkMachine => {
      const link = createMqttsnLink({ ...LINK_OPTIONS, random, retriesMax: 1, topicIdsMax: 4 });
      const handle = link.handle.bind(link);
      link.handle = (input, nowMs) =>
        handle(input, nowMs).filter((action) => action.kind !== 'undelivered' || action.why !== 'too large');
      return link;
    };
    expect(() => converse(make, CLIENTS, (values) => encodeFrame(packetBytes(values)))).toThrow(/toEqual|deeply equal/);
  });

  it.each([
    ['text', {}],
    ['NDJSON', { format: 'ndjson', topic: 'm/{kind}', downlink: '{"n":{number},"p":{payload}}', ack: '{"ok":1}' }],
  ])('lines of %s', (_, keys) => {
    const make = (random: Random): LinkMachine => linesLink({ downlinks: ['#'], ...keys }, [], random);
    const sendBytes = (values: ExtremeValues): Uint8Array =>
      Buffer.concat([values.payload(), Buffer.from(values.of(['', '\n', '\r\n']))]);
    converse(make, ['meter-1'], sendBytes);
  });

  it('Modbus', () => {
    const limits = { baudRate: 9600, answerMsMax: 100, lateMsMax: 200, retriesMax: 1, uplinksMax: 4 };
    const pauses = { pauseMs: 0, pauseAfterWriteMs: 0, echo: 'auto', framing: 'rtu' } as const;
    const units = [unitPlan(1, [point('p', 1), point('t', 8, { type: 'string', length: 16 })]), unitPlan(2, [])];
    const make = (random: Random): LinkMachine =>
      createModbusLink({ ...limits, ...pauses, units, reopen: LINK_OPTIONS.reopen, random });
    converse(make, ['unit-1', 'unit-2'], (values) => values.bytes());
  });

  it('the hub client', () => {
    for (const seed of SEEDS) {
      const values = new ExtremeValues(seed);
      const client = new HubClient({ ...OPTIONS, random: values.random, packetBytesMax: values.of([100, 70_000]) });
      const input = (one: HubInput): void => void client.handle(one, 0);
      for (let step = 0; step < STEPS; step += 1) {
        if (client.state !== 'online') {
          for (const kind of ['stop', 'start', 'opened'] as const) input({ kind });
          input({ kind: 'bytes', bytes: Uint8Array.of(0x20, 2, 0, 0) });
        }
        input(hubInput(values));
        if (client.state === 'closing') input({ kind: 'closed', reason: 'gone' });
      }
    }
  });
});

function hubInput(values: ExtremeValues): HubInput {
  const topic = `t${values.text(65_000)}`;
  const packetId = values.of([1, 60_000, 65_535]);
  const publish = { topic, payload: values.payload(), qos: 1, packetId, dup: values.is(0.5) } as const;
  return values.of<HubInput>([
    { kind: 'publish', messages: [publish], isSuspect: values.is(0.2) },
    { kind: 'publish', messages: [publish, { ...publish, topic: 't' }] },
    { kind: 'subscribe', filter: topic },
    { kind: 'unsubscribe', filter: topic },
    { kind: 'puback', packetId },
    { kind: 'bytes', bytes: values.bytes() },
    { kind: 'bytes', bytes: encodeMqtt({ kind: 'publish', ...publish, retain: values.is(0.5) }) },
    { kind: 'bytes', bytes: Uint8Array.of(0x32, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x61) },
  ]);
}

/** An answer of the hub that MQTT 3.1.1 forbids: the first of its kind ends one connection, and no later one does. */
import { describe, expect, it } from 'vitest';
import { MqttReader } from '../../../../src/codec/mqtt-wire.ts';
import { HubBench } from './hub-rig.ts';

const octets = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex');

/** Connections, in each of which the client sends this request and the hub answers with these bytes. */
class Connections {
  readonly bench = new HubBench().online();

  /** @param answer hex; `ID` stands for the packet identifier of the request */
  ask(kind: 'subscribe' | 'unsubscribe', answer: string): void {
    const { bench } = this;
    bench.input({ kind, filter: 'a/b' });
    const [request] = bench.sent();
    if (request?.kind !== kind) throw new Error(`no ${kind} was sent`);
    this.hear(answer.replace('ID', request.packetId.toString(16).padStart(4, '0')));
  }

  hear(answer: string): void {
    this.bench.input({ kind: 'bytes', bytes: octets(answer) });
  }

  reconnect(): void {
    const { bench } = this;
    bench.input({ kind: 'closed', reason: 'closed by the client' });
    bench.pass((bench.client.nextAttemptAtMs ?? bench.nowMs) - bench.nowMs);
    bench.input({ kind: 'opened' }).receive({ kind: 'connack', sessionPresent: true, returnCode: 0 });
    bench.reports();
    bench.asked();
    bench.sent();
  }
}

describe('an invalid SUBACK ends the first connection, and refuses the filter in the next', () => {
  it.each([
    ['a reserved return code', '90 03 ID 03', 'reserved SUBACK return code 3'],
    ['another reserved return code', '90 03 ID 7f', 'reserved SUBACK return code 127'],
    ['no return code', '90 02 ID', 'SUBACK without a return code'],
  ])('%s', (_what, answer, problem) => {
    const connections = new Connections();
    const { bench } = connections;
    connections.ask('subscribe', answer);
    expect(bench.asked()).toEqual([expect.stringContaining(`close: the hub broke the protocol: ${problem}`)]);
    expect(bench.reports()).toEqual([]);
    for (let time = 0; time < 3; time += 1) {
      connections.reconnect();
      connections.ask('subscribe', answer);
      expect(bench.asked()).toEqual([]);
      expect(bench.reports()).toEqual([
        { kind: 'subscribed', filter: 'a/b', answer: 'invalid', problem: expect.stringContaining(problem) },
      ]);
    }
  });
});

describe('an invalid answer that says of no request what it answers is none', () => {
  it.each([
    ['a SUBACK of one octet', 'subscribe', '90 01 00'],
    ['a SUBACK with packet identifier 0', 'subscribe', '90 03 0000 01'],
    ['an UNSUBACK of three octets', 'unsubscribe', 'b0 03 ID 00'],
    ['an UNSUBACK of no octet', 'unsubscribe', 'b0 00'],
  ] as const)('%s: the request is reported as unanswered', (_what, kind, answer) => {
    const connections = new Connections();
    const { bench } = connections;
    connections.ask(kind, answer);
    expect(bench.asked()).toHaveLength(1);
    connections.reconnect();
    connections.ask(kind, answer);
    expect([bench.asked(), bench.reports()]).toEqual([[], []]);
    bench.pass(5000);
    expect(bench.reports()).toContainEqual({ kind: 'unanswered', request: kind, filter: 'a/b' });
    expect(bench.client.state).toBe('online');
  });

  it.each([
    ['a PUBACK of three octets', '40 03 0007 00'],
    ['a PUBACK of one octet', '40 01 07'],
    ['a PUBACK with packet identifier 0', '40 02 0000'],
    ['a PUBREC', '50 02 0007'],
    ['a PUBCOMP', '70 02 0007'],
  ])('%s acknowledges no message', (_what, answer) => {
    const connections = new Connections();
    const { bench } = connections;
    connections.hear(answer);
    expect(bench.asked()).toHaveLength(1);
    connections.reconnect();
    connections.hear(`${answer} 40 02 0008`);
    expect([bench.asked(), bench.reports()]).toEqual([[], [{ kind: 'acknowledged', packetIds: [8] }]]);
  });
});

it('an invalid PINGRESP ends one connection, and shows in the next that the hub lives', () => {
  const connections = new Connections();
  const { bench } = connections;
  connections.hear('d0 01 00');
  expect(bench.asked()).toHaveLength(1);
  connections.reconnect();
  bench.input({ kind: 'probe' });
  bench.reports();
  connections.hear('d0 01 00');
  expect([bench.asked(), bench.reports()]).toEqual([[], [{ kind: 'alive' }]]);
  bench.pass(10_000);
  expect(bench.client.state).toBe('online');
});

it('answers of nothing that was asked are ignored from the first on', () => {
  const { bench } = new Connections();
  bench.input({ kind: 'bytes', bytes: octets('90 03 ea7f 01 b0 02 ea7f d0 00') });
  expect([bench.asked(), bench.reports()]).toEqual([[], [{ kind: 'alive' }]]);
});

it('negative control: reserved flags end each connection [MQTT-2.2.2-2], and so does each answer to a plain reader', () => {
  const connections = new Connections();
  for (let time = 0; time < 3; time += 1) {
    connections.ask('subscribe', '91 03 ID 01');
    expect(connections.bench.asked()).toHaveLength(1);
    connections.reconnect();
  }
  const reader = new MqttReader({ packetBytesMax: 1000 });
  expect(reader.push(octets('90 03 0001 03'))).toMatchObject([{ ok: false }]);
  expect(reader.push(octets('d0 00'))).toEqual([]);
});

/** Messages of QoS 2 that an earlier client with the same client id left in the session: accepted and completed. */
import { expect, it, onTestFinished } from 'vitest';
import { HubLink } from '../../../../src/hub/client/hub-link.ts';
import { HubBench } from './hub-rig.ts';

function message(packetId: number, qos: 1 | 2) {
  return { kind: 'publish', topic: 't', payload: Uint8Array.of(1), qos, retain: false, dup: false, packetId } as const;
}

function expectCompleted(bench: HubBench): void {
  bench.receive(message(7, 2), message(8, 1));
  expect(bench.reports()).toMatchObject([
    { kind: 'message', message: { topic: 't', qos: 1 }, packetId: 7 },
    { kind: 'message', message: { topic: 't', qos: 1 }, packetId: 8 },
  ]);
  bench.input({ kind: 'puback', packetId: 7 }, { kind: 'puback', packetId: 8 });
  expect(bench.sent()).toEqual([
    { kind: 'pubrec', packetId: 7 },
    { kind: 'puback', packetId: 8 },
  ]);
  bench.receive({ kind: 'pubrel', packetId: 7 });
  expect(bench.sent()).toEqual([{ kind: 'pubcomp', packetId: 7 }]);
  expect(bench.asked()).toEqual([]);
}

it('a message of QoS 2 is reported as one of QoS 1, and answered with PUBREC and PUBCOMP [MQTT-4.3.3-2]', () => {
  expectCompleted(new HubBench().online());
});

it('negative control: a client that answers it with PUBACK', () => {
  const { expectPubrec } = HubLink.prototype;
  onTestFinished(() => {
    HubLink.prototype.expectPubrec = expectPubrec;
  });
  HubLink.prototype.expectPubrec = () => undefined;
  expect(() => expectCompleted(new HubBench().online())).toThrow('to deeply equal');
});

it('a PUBREL of an earlier connection is answered as well, and its identifier can be used again with QoS 1', () => {
  const bench = new HubBench().online().receive(message(7, 2));
  bench.input({ kind: 'closed', reason: 'cut' });
  bench.pass((bench.client.nextAttemptAtMs ?? bench.nowMs) - bench.nowMs);
  bench.input({ kind: 'opened' }).receive({ kind: 'connack', sessionPresent: true, returnCode: 0 });
  bench.sent();
  bench.receive({ kind: 'pubrel', packetId: 7 }, message(7, 1)).input({ kind: 'puback', packetId: 7 });
  expect(bench.sent()).toEqual([
    { kind: 'pubcomp', packetId: 7 },
    { kind: 'puback', packetId: 7 },
  ]);
});

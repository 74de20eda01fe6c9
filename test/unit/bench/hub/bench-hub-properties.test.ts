/** Properties of the bench hub for random bytes, messages and connection breaks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StoredQueue } from '../../../../src/bench/hub/stored-messages.ts';
import { HubRig } from './bench-hub-rig.ts';

const GATEWAY = 'gw';

/** PINGREQ, DISCONNECT, PUBACK, SUBSCRIBE, PUBLISH, UNSUBSCRIBE. */
const VALID = ['c000', 'e000', '4002000a', '820600010001610 1', '320500016100 01', 'a2050001000161'].map((hex) =>
  Buffer.from(hex.replaceAll(' ', ''), 'hex'),
);

describe('for all bytes', () => {
  it('the hub never throws, and sends nothing on a closed connection', () => {
    const pieces = fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...VALID)), { maxLength: 12 });
    fc.assert(
      fc.property(pieces, (sequence) => {
        const rig = new HubRig();
        const connection = rig.connect('gw');
        let sentAtEnd: number | undefined;
        for (const bytes of sequence) {
          rig.sendBytes(connection, bytes);
          if (sentAtEnd !== undefined) expect(rig.sentTo(connection).length).toBe(sentAtEnd);
          if (rig.ended.has(connection)) sentAtEnd ??= rig.sentTo(connection).length;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('for all traffic', () => {
  it('a queue never exceeds its maximum and returns messages in order, without expired ones', () => {
    const steps = fc.array(fc.oneof(fc.constant('put'), fc.constant('take'), fc.integer({ min: 1, max: 50 })));
    fc.assert(
      fc.property(steps, fc.constantFrom('oldest' as const, 'newest' as const), (sequence, overflow) => {
        const queue = new StoredQueue({ countMax: 5, ageMsMax: 100, overflow });
        let nowMs = 0;
        let lastOut = -1;
        let number = 0;
        for (const step of sequence) {
          if (typeof step === 'number') nowMs += step;
          else if (step === 'put') {
            const message = { topic: String(number), payload: new Uint8Array(), qos: 1 as const };
            queue.put({ message, arrivedAtMs: nowMs }, nowMs);
            number += 1;
          } else {
            const out = queue.take(nowMs);
            if (out === undefined) continue;
            expect(Number(out.message.topic)).toBeGreaterThan(lastOut);
            expect(nowMs - out.arrivedAtMs).toBeLessThanOrEqual(100);
            lastOut = Number(out.message.topic);
          }
          expect(queue.count(nowMs)).toBeLessThanOrEqual(5);
        }
      }),
    );
  });

  it('packet identifiers in flight are unique, and all stored messages arrive in order', () => {
    const steps = fc.array(fc.constantFrom('message', 'acknowledge', 'cut', 'wait'), { maxLength: 80 });
    const rates = fc.constantFrom(0, 4);
    fc.assert(
      fc.property(
        steps,
        rates,
        fc.constantFrom('send' as const, 'acknowledgement' as const),
        (sequence, downlinksPerS, replayPacing) => {
          const rig = new HubRig({ inFlightMax: 3, replayPacing, downlinksPerS });
          let connection = rig.connect(GATEWAY);
          rig.subscribe(connection, 'p/d/control');
          let unacknowledged: number[] = [];
          let seen = 0;
          const received: number[] = [];
          const read = (): void => {
            for (const { packetId, text, dup } of rig.messagesTo(connection).slice(seen)) {
              expect(unacknowledged).not.toContain(packetId);
              unacknowledged.push(packetId ?? 0);
              if (!dup) received.push(Number(text));
              seen += 1;
            }
          };
          let sent = 0;
          for (const step of [...sequence, ...Array(90).fill(['wait', 'acknowledge']).flat()]) {
            if (step === 'message') rig.fromApplication('p/d/control', String(sent++));
            if (step === 'acknowledge') rig.acknowledge(connection, unacknowledged.shift() ?? 1);
            if (step === 'wait') rig.advance(500);
            if (step === 'cut') {
              rig.cut(connection);
              connection = rig.connect(GATEWAY);
              unacknowledged = [];
              seen = 0;
            }
            read();
            expect(unacknowledged.length).toBeLessThanOrEqual(3);
          }
          expect(received).toEqual(Array.from({ length: sent }, (_, index) => index));
        },
      ),
    );
  });

  it('under any rules no stored message is lost, and packet identifiers in flight are unique', () => {
    const switches = fc.record({
      unacknowledged: fc.constantFrom('at once' as const, 'paced' as const, 'after stored' as const),
      resentAs: fc.constantFrom('duplicates' as const, 'without DUP' as const, 'new messages' as const),
      liveMessages: fc.constantFrom('behind replay' as const, 'interleaved' as const),
      replayPacing: fc.constantFrom('send' as const, 'acknowledgement' as const),
      replayStallMsMax: fc.constantFrom(700, 1e9),
      retransmitMs: fc.constantFrom(0, 1300),
      downlinksPerS: fc.constantFrom(0, 2),
      inFlightMax: fc.integer({ min: 1, max: 4 }),
    });
    const steps = fc.array(fc.constantFrom('message', 'acknowledge', 'cut', 'wait'), { maxLength: 60 });
    fc.assert(
      fc.property(steps, switches, (sequence, rules) => {
        const rig = new HubRig(rules);
        let connection = rig.connect(GATEWAY);
        rig.subscribe(connection, 'p/d/control');
        let unacknowledged = new Map<number, string>();
        let seen = 0;
        const received = new Set<string>();
        let sent = 0;
        // after the steps the client is faster than the repetitions, which it may otherwise never overtake
        for (const step of [...sequence, ...Array(150).fill(['wait', 'acknowledge all']).flat()]) {
          if (step === 'message') rig.fromApplication('p/d/control', String(sent++));
          if (step === 'wait') rig.advance(500);
          if (step === 'cut') {
            rig.cut(connection);
            connection = rig.connect(GATEWAY);
            unacknowledged = new Map();
            seen = 0;
          }
          const inOrder = [...unacknowledged.keys()];
          const acknowledged = step === 'acknowledge' ? 1 : step === 'acknowledge all' ? inOrder.length : 0;
          for (const packetId of inOrder.slice(0, acknowledged)) {
            unacknowledged.delete(packetId);
            rig.acknowledge(connection, packetId);
          }
          const messages = rig.messagesTo(connection);
          for (const { packetId = 0, text } of messages.slice(seen)) {
            const held = unacknowledged.get(packetId);
            expect(held === undefined || held === text).toBe(true);
            unacknowledged.set(packetId, text);
            received.add(text);
          }
          seen = messages.length;
        }
        expect(received.size).toBe(sent);
      }),
    );
  });

  it('a $gateway request with any JSON gets a PUBACK, and an answer in JSON or none', () => {
    const device = fc.record(
      {
        product_id: fc.constantFrom('SP', '', 'GP', 7),
        device_name: fc.constantFrom('one', 'gd', null),
        signature: fc.string(),
        random: fc.anything(),
        timestamp: fc.oneof(fc.integer(), fc.double()),
        signmethod: fc.constantFrom('hmacsha1', 'hmacsha256', 'x'),
        authtype: fc.constantFrom('psk', 'certificate', 1),
      },
      { requiredKeys: ['product_id', 'device_name'] },
    );
    const type = fc.constantFrom('bind', 'unbind', 'online', 'offline', 'describe_sub_devices', 'change', 'x');
    const request = fc.oneof(fc.json(), fc.record({ type, payload: fc.record({ devices: fc.array(device) }) }));
    fc.assert(
      fc.property(request, fc.constantFrom('ignored' as const, 'required' as const), (content, bindings) => {
        const rig = new HubRig({ bindings, credentials: undefined });
        const connection = rig.connect('GPgd');
        rig.subscribe(connection, '$gateway/operation/result/GP/gd');
        const text = typeof content === 'string' ? content : (JSON.stringify(content) ?? '');
        rig.publish(connection, '$gateway/operation/GP/gd', { payload: new TextEncoder().encode(text) });
        expect(rig.sentTo(connection).some(({ kind }) => kind === 'puback')).toBe(true);
        for (const answer of rig.messagesTo(connection)) JSON.parse(answer.text);
      }),
    );
  });
});

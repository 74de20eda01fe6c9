/** What holds for the bench hub whatever comes: bytes, messages, breaks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StoredQueue } from '../../src/bench/hub/queue.ts';
import { HubRig } from './bench-hub-rig.ts';

const GATEWAY = 'gw';

/** PINGREQ, DISCONNECT, PUBACK, SUBSCRIBE, PUBLISH, UNSUBSCRIBE. */
const VALID = ['c000', 'e000', '4002000a', '820600010001610 1', '320500016100 01', 'a2050001000161'].map((hex) =>
  Buffer.from(hex.replaceAll(' ', ''), 'hex'),
);

describe('for all bytes', () => {
  it('the hub never throws, and a connection it closed gets nothing more', () => {
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
  it('a queue never holds more than its maximum and gives out in order what is young enough', () => {
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

  it('packet identifiers in flight are unique, and every message that was kept arrives, in order', () => {
    const steps = fc.array(fc.constantFrom('message', 'acknowledge', 'cut', 'wait'), { maxLength: 80 });
    fc.assert(
      fc.property(steps, fc.constantFrom('send' as const, 'acknowledgement' as const), (sequence, replayPacing) => {
        const rig = new HubRig({ inFlightMax: 3, replayPacing });
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
      }),
    );
  });
});

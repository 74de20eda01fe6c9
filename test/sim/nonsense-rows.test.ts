/** Invalid rows with valid checksums, as a defect of an older version could write them: the gateway opens the store and works. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Qos } from '../../src/base/message.ts';
import type { Change } from '../../src/custody/change.ts';
import { HandWire, kindsOf, publication } from './hand-wire.ts';

const text = fc.oneof(
  fc.constantFrom('', '#', 'a/+/b', 'a\0b', '\ud800', '/', 'x'.repeat(65_536), '$SYS/x', '../x', 's1', 'PRODUCT1/s1/x'),
  fc.string({ maxLength: 40 }),
);
const lane = fc.constantFrom(0, 1, 2, 3, 77, 1_000_000);
const number = fc.constantFrom(0, 1, 2, 99, -1, 65_535, 65_536, 2 ** 40);
const qos = fc.constantFrom(0, 1, 2, 3) as fc.Arbitrary<Qos>;
const stamp = fc.record({ epoch: fc.constantFrom(0, 1, 2, 999), upMs: fc.constantFrom(-1, 0, 1, 2 ** 40) });
const payload = fc.uint8Array({ maxLength: 40 });
const row = fc.record({ lane, topic: text, payload, qos, stamp });

const change: fc.Arbitrary<(seq: number) => Change> = fc.oneof(
  fc
    .tuple(fc.constantFrom('uplink' as const, 'downlink' as const), row)
    .map(([direction, fields]) => (seq: number) => ({
      ...{ kind: 'put' as const, direction, row: { ...fields, seq } },
    })),
  fc
    .record({ lane, id: text, lasting: fc.boolean(), link: text })
    .map((fields) => () => ({ kind: 'subdevice' as const, row: fields })),
  fc.record({ lane, filter: text, qos }).map((fields) => () => ({ kind: 'subscribe' as const, row: fields })),
  fc.record({ lane, topicId: number, topic: text }).map((fields) => () => ({ kind: 'topicId' as const, ...fields })),
  fc
    .record({ lane, topic: text, payload, qos, aliveMs: number })
    .map((fields) => () => ({ kind: 'will' as const, row: fields })),
  text.map((filter) => () => ({ kind: 'filterGranted' as const, filter })),
  fc
    .record({ lane, topic: text, last: text, retained: text })
    .map((mark) => () => ({ kind: 'commandMark' as const, mark })),
  fc
    .record({
      direction: fc.constantFrom('downlink' as const),
      subdevice: lane,
      filter: text,
      since: fc.constant({ epoch: 1, upMs: 1 }),
    })
    .map((hold) => () => ({ kind: 'hold' as const, hold })),
  fc.uniqueArray(text, { maxLength: 3 }).map((filters) => () => ({ kind: 'alarmTopics' as const, filters })),
);

it('a store with invalid rows is opened, and uplinks of a subdevice arrive at the hub', {
  timeout: 600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (makes) => {
      const wire = await HandWire.open();
      await wire.connect();
      wire.world.killProcess(300);
      wire.world.store.plant(makes.map((make, place) => make(1_000_000 + place)));
      await wire.pass(20_000);
      const broken = wire.world.complaints.filter((complaint) => complaint.includes('the gateway broke'));
      expect(broken).toEqual([]);
      expect(wire.world.gateway).toBeDefined();
      expect(kindsOf(await wire.connect())).toContain('connack');
      expect(kindsOf(await wire.send([publication(9, 'after')], 30_000))).toContain('puback');
      await wire.pass(30_000);
      expect(wire.arrived.map(([, said]) => said)).toContain('after');
    }),
    { numRuns: 60 },
  );
});

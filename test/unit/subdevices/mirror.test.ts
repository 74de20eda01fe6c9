import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Qos } from '../../../src/base/message.ts';
import { filterMatches } from '../../../src/base/topic.ts';
import { Mirror } from '../../../src/subdevices/registry.ts';

const EMPTY = { subdevices: [], subscriptions: [], topicIds: [] };

const routed = (mirror: Mirror, topic: string) => mirror.route(topic).map(({ subdevice, qos }) => [subdevice.id, qos]);

describe('the mirror', () => {
  it('gives each new subdevice a number of its own, and a known one its own again', () => {
    const mirror = new Mirror({ ...EMPTY, subdevices: [{ lane: 7, id: 'pump', lasting: true, link: 'a' }] });
    expect(mirror.enter('pump', 'b')).toMatchObject({ isNew: false, subdevice: { lane: 7 } });
    expect(mirror.enter('valve', 'b')).toMatchObject({ isNew: true, subdevice: { lane: 8 } });
    expect(mirror.enter('valve', 'b').isNew).toBe(false);
  });

  it('knows sessions again after a restart', () => {
    const mirror = new Mirror({
      subdevices: [{ lane: 1, id: 'pump', lasting: true, link: 'a' }],
      subscriptions: [
        { lane: 1, filter: 'p/#', qos: 1 },
        { lane: 9, filter: 'of/nobody', qos: 1 },
      ],
      topicIds: [{ lane: 1, topicId: 5, topic: 'x' }],
    });
    expect(routed(mirror, 'p/a')).toEqual([['pump', 1]]);
    expect(mirror.byId('pump')?.topicIds.get(5)).toBe('x');
    expect([...mirror.wantedFilters()]).toEqual(['p/#']);
  });

  it('routes to each subdevice once, with the highest QoS of its filters that match', () => {
    const mirror = new Mirror(EMPTY);
    const { subdevice } = mirror.enter('pump', 'a');
    mirror.subscribe(subdevice, 'a/b', 0);
    mirror.subscribe(subdevice, 'a/+', 1);
    mirror.subscribe(subdevice, '#', 0);
    expect(routed(mirror, 'a/b')).toEqual([['pump', 1]]);
    expect(routed(mirror, 'b')).toEqual([['pump', 0]]);
  });

  it('wants a filter as long as one subdevice does', () => {
    const mirror = new Mirror(EMPTY);
    const [one, two] = ['one', 'two'].map((id) => mirror.enter(id, 'a').subdevice);
    if (one === undefined || two === undefined) throw new Error('nobody entered');
    for (const subdevice of [one, two]) mirror.subscribe(subdevice, 'a/+', 1);
    mirror.unsubscribe(one, 'a/+');
    expect([mirror.isWanted('a/+'), routed(mirror, 'a/b')]).toEqual([true, [['two', 1]]]);
    mirror.clear(two);
    expect([mirror.isWanted('a/+'), mirror.route('a/b')]).toEqual([false, []]);
  });

  it('routes as the standard matches, whatever is subscribed and given up', () => {
    const filter = fc.constantFrom('a', 'a/b', 'a/+', '+/b', '#', 'a/#', '+', '$x/+', 'b/+/c');
    const topic = fc.constantFrom('a', 'b', 'a/b', 'a/c', 'b/b', '$x/a', 'b/a/c', 'a/b/c');
    const change = fc.tuple(fc.boolean(), fc.constantFrom('one', 'two'), filter, fc.constantFrom<Qos>(0, 1));
    fc.assert(
      fc.property(fc.array(change), topic, (changes, published) => {
        const mirror = new Mirror(EMPTY);
        const model = new Map<string, Map<string, Qos>>([
          ['one', new Map()],
          ['two', new Map()],
        ]);
        for (const [subscribes, id, wanted, qos] of changes) {
          const { subdevice } = mirror.enter(id, 'a');
          if (subscribes) mirror.subscribe(subdevice, wanted, qos);
          else mirror.unsubscribe(subdevice, wanted);
          if (subscribes) model.get(id)?.set(wanted, qos);
          else model.get(id)?.delete(wanted);
        }
        const expected = [...model].flatMap(([id, filters]) => {
          const matching = [...filters].filter(([wanted]) => filterMatches(wanted, published)).map(([, qos]) => qos);
          return matching.length === 0 ? [] : [[id, Math.max(...matching)]];
        });
        expect(routed(mirror, published).toSorted()).toEqual(expected.toSorted());
      }),
    );
  });
});

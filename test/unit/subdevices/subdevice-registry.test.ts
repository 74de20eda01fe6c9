import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Qos } from '../../../src/base/message.ts';
import { filterMatches } from '../../../src/base/topic.ts';
import { SubdeviceRegistry } from '../../../src/subdevices/registry.ts';

const EMPTY = { subdevices: [], subscriptions: [], topicIds: [] };

const routed = (registry: SubdeviceRegistry, topic: string) =>
  registry.route(topic).map(({ subdevice, qos }) => [subdevice.id, qos]);

describe('the registry', () => {
  it('gives each new subdevice a number of its own, and a known one its stored number', () => {
    const registry = new SubdeviceRegistry({
      ...EMPTY,
      subdevices: [{ lane: 7, id: 'pump', lasting: true, link: 'a' }],
    });
    expect(registry.enter('pump', 'b')).toMatchObject({ isNew: false, subdevice: { lane: 7 } });
    expect(registry.enter('valve', 'b')).toMatchObject({ isNew: true, subdevice: { lane: 8 } });
    expect(registry.enter('valve', 'b').isNew).toBe(false);
  });

  it('has the sessions again after a restart', () => {
    const registry = new SubdeviceRegistry({
      subdevices: [{ lane: 1, id: 'pump', lasting: true, link: 'a' }],
      subscriptions: [
        { lane: 1, filter: 'p/#', qos: 1 },
        { lane: 9, filter: 'of/nobody', qos: 1 },
      ],
      topicIds: [{ lane: 1, topicId: 5, topic: 'x' }],
    });
    expect(routed(registry, 'p/a')).toEqual([['pump', 1]]);
    expect(registry.byId('pump')?.topicIds.get(5)).toBe('x');
    expect([...registry.wantedFilters()]).toEqual(['p/#']);
  });

  it('routes to each subdevice once, with the highest QoS of its matching filters', () => {
    const registry = new SubdeviceRegistry(EMPTY);
    const { subdevice } = registry.enter('pump', 'a');
    registry.subscribe(subdevice, 'a/b', 0);
    registry.subscribe(subdevice, 'a/+', 1);
    registry.subscribe(subdevice, '#', 0);
    expect(routed(registry, 'a/b')).toEqual([['pump', 1]]);
    expect(routed(registry, 'b')).toEqual([['pump', 0]]);
  });

  it('wants a filter as long as one subdevice does', () => {
    const registry = new SubdeviceRegistry(EMPTY);
    const [one, two] = ['one', 'two'].map((id) => registry.enter(id, 'a').subdevice);
    if (one === undefined || two === undefined) throw new Error('no subdevice was entered');
    for (const subdevice of [one, two]) registry.subscribe(subdevice, 'a/+', 1);
    registry.unsubscribe(one, 'a/+');
    expect([registry.isWanted('a/+'), routed(registry, 'a/b')]).toEqual([true, [['two', 1]]]);
    registry.clear(two);
    expect([registry.isWanted('a/+'), registry.route('a/b')]).toEqual([false, []]);
  });

  it('routes as the standard matches, for any sequence of subscriptions', () => {
    const filter = fc.constantFrom('a', 'a/b', 'a/+', '+/b', '#', 'a/#', '+', '$x/+', 'b/+/c');
    const topic = fc.constantFrom('a', 'b', 'a/b', 'a/c', 'b/b', '$x/a', 'b/a/c', 'a/b/c');
    const change = fc.tuple(fc.boolean(), fc.constantFrom('one', 'two'), filter, fc.constantFrom<Qos>(0, 1));
    fc.assert(
      fc.property(fc.array(change), topic, (changes, published) => {
        const registry = new SubdeviceRegistry(EMPTY);
        const model = new Map<string, Map<string, Qos>>([
          ['one', new Map()],
          ['two', new Map()],
        ]);
        for (const [subscribes, id, wanted, qos] of changes) {
          const { subdevice } = registry.enter(id, 'a');
          if (subscribes) registry.subscribe(subdevice, wanted, qos);
          else registry.unsubscribe(subdevice, wanted);
          if (subscribes) model.get(id)?.set(wanted, qos);
          else model.get(id)?.delete(wanted);
        }
        const expected = [...model].flatMap(([id, filters]) => {
          const matching = [...filters].filter(([wanted]) => filterMatches(wanted, published)).map(([, qos]) => qos);
          return matching.length === 0 ? [] : [[id, Math.max(...matching)]];
        });
        expect(routed(registry, published).toSorted()).toEqual(expected.toSorted());
      }),
    );
  });
});

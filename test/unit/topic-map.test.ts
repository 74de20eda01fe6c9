import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterMatches, filterProblem, topicProblem } from '../../src/base/topic.ts';
import { type TopicOwner, topicMap } from '../../src/session/topic-map.ts';

const HUB_TEMPLATE = '{product_id}/{device_name}/{topic}';
const PUMP: TopicOwner = { gateway: 'gw', subdevice: 'pump-7', productId: 'PPPPPPPPPP', deviceName: 'pump-7' };
const VALVE: TopicOwner = { gateway: 'gw', subdevice: 'valve', productId: 'PPPPPPPPPP', deviceName: 'valve' };
const pump = topicMap(HUB_TEMPLATE, PUMP);

describe('a topic of a subdevice', () => {
  it.each([
    ['event', 'PPPPPPPPPP/pump-7/event'],
    ['a/b', 'PPPPPPPPPP/pump-7/a/b'],
    ['#', 'PPPPPPPPPP/pump-7/#'],
    ['../valve/event', 'PPPPPPPPPP/pump-7/../valve/event'],
    ['$ota/report/PPPPPPPPPP/pump-7', '$ota/report/PPPPPPPPPP/pump-7'],
    ['$shadow/operation/result/PPPPPPPPPP/pump-7', '$shadow/operation/result/PPPPPPPPPP/pump-7'],
    ['$resource/up/service/PPPPPPPPPP/pump-7', '$resource/up/service/PPPPPPPPPP/pump-7'],
    ['$rrpc/rxd/PPPPPPPPPP/pump-7/+', '$rrpc/rxd/PPPPPPPPPP/pump-7/+'],
  ])('%s is %s at the hub, and back', (own, atHub) => {
    expect(pump.toHub(own)).toBe(atHub);
    expect(pump.toSubdevice(atHub)).toBe(own);
  });

  it.each([
    '',
    '$gateway/operation/GGGGGGGGGG/gw',
    '$ota/report/PPPPPPPPPP/valve',
    '$shadow/operation/OOOOOOOOOO/PPPPPPPPPP/pump-7',
    '$shadow/+/PPPPPPPPPP/pump-7',
    '$shadow/#',
    '$/PPPPPPPPPP/pump-7',
    '$SYS/broker',
  ])('%s is none it may use', (topic) => {
    expect(pump.toHub(topic)).toBeUndefined();
  });

  it.each(['PPPPPPPPPP/valve/event', 'PPPPPPPPPP/pump-7', 'PPPPPPPPPP/pump-7/', 'PPPPPPPPPP/pump-77/a'])(
    '%s at the hub is none of its own',
    (atHub) => {
      expect(pump.toSubdevice(atHub)).toBeUndefined();
    },
  );

  it('has no services of the hub where the hub has none', () => {
    const owner = { gateway: 'gw', subdevice: 'pump-7', productId: undefined, deviceName: undefined };
    const map = topicMap('{gateway}/{subdevice}/{topic}', owner);
    expect([map.toHub('a'), map.toHub('$x/y/undefined/undefined')]).toEqual(['gw/pump-7/a', undefined]);
  });
});

/** Levels that an attacker would try. */
const anyTopic = fc
  .array(
    fc.constantFrom(
      '$ota',
      '$shadow',
      'update',
      'result',
      'service',
      'PPPPPPPPPP',
      'pump-7',
      'valve',
      '..',
      '',
      '+',
      '#',
      'a',
    ),
    {
      minLength: 1,
      maxLength: 7,
    },
  )
  .map((levels) => levels.join('/'));

describe.each([HUB_TEMPLATE, 'x/{product_id}/{device_name}/{topic}', '{gateway}/{subdevice}/{topic}'])(
  'with the template %s',
  (template) => {
    const owners = [PUMP, VALVE].map((owner) => topicMap(template, owner));
    const [mine, other] = owners as [(typeof owners)[0], (typeof owners)[0]];

    it('nothing that one publishes or subscribes to reaches or reads another', () => {
      fc.assert(
        fc.property(anyTopic, anyTopic, (published, subscribed) => {
          const topic = mine.toHub(published);
          if (topic === undefined || topicProblem(topic) !== undefined) return;
          expect(other.toSubdevice(topic)).toBeUndefined();
          const filter = other.toHub(subscribed);
          if (filter === undefined || filterProblem(filter) !== undefined) return;
          expect(filterMatches(filter, topic)).toBe(false);
        }),
        { numRuns: 2000 },
      );
    });

    it('what goes up comes back under its own name', () => {
      fc.assert(
        fc.property(anyTopic, (own) => {
          const atHub = mine.toHub(own);
          if (atHub !== undefined) expect(mine.toSubdevice(atHub)).toBe(own);
        }),
      );
    });
  },
);

it('a map without a prefix of its own would be found out', () => {
  const shared = topicMap('{gateway}/{topic}', PUMP);
  expect(topicMap('{gateway}/{topic}', VALVE).toSubdevice(shared.toHub('a') ?? '')).toBe('a');
});

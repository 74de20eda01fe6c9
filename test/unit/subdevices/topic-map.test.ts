import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterMatches, filterProblem, topicProblem } from '../../../src/base/topic.ts';
import { SERVICE_TOPICS } from '../../../src/subdevices/service-topics.ts';
import { type TopicMap, type TopicOwner, topicMap } from '../../../src/subdevices/topic-map.ts';

const HUB_TEMPLATE = '{product_id}/{device_name}/{topic}';
const PUMP: TopicOwner = { gateway: 'gw', subdevice: 'pump-7', productId: 'PPPPPPPPPP', deviceName: 'pump-7' };
const VALVE: TopicOwner = { gateway: 'gw', subdevice: 'valve', productId: 'PPPPPPPPPP', deviceName: 'valve' };

/** Map with one template for both directions. */
const mapOf = (template: string, owner: TopicOwner): TopicMap =>
  topicMap({ uplink: template, downlink: template }, owner);
const pump = mapOf(HUB_TEMPLATE, PUMP);

describe('a topic of a subdevice', () => {
  it.each([
    ['event', 'PPPPPPPPPP/pump-7/event'],
    ['a/b', 'PPPPPPPPPP/pump-7/a/b'],
    ['#', 'PPPPPPPPPP/pump-7/#'],
    ['../valve/event', 'PPPPPPPPPP/pump-7/../valve/event'],
  ])('%s is %s at the hub, in both directions', (own, atHub) => {
    expect([pump.toHub(own), pump.filterToHub(own)]).toEqual([atHub, atHub]);
    expect(pump.toSubdevice(atHub)).toBe(own);
  });

  it.each(['PPPPPPPPPP/valve/event', 'PPPPPPPPPP/pump-7', 'PPPPPPPPPP/pump-7/', 'PPPPPPPPPP/pump-77/a'])(
    '%s at the hub does not belong to the subdevice',
    (atHub) => {
      expect(pump.toSubdevice(atHub)).toBeUndefined();
    },
  );
});

describe('a service of the hub', () => {
  const named = (name: string): string => `${name}/PPPPPPPPPP/pump-7`;

  it.each(SERVICE_TOPICS.filter(({ direction, isNumbered }) => direction === 'up' && !isNumbered))(
    'on $name can be published to, and not subscribed to',
    ({ name }) => {
      expect([pump.toHub(name), pump.filterToHub(name)]).toEqual([named(name), undefined]);
      expect(pump.toSubdevice(named(name))).toBeUndefined();
    },
  );

  it.each(SERVICE_TOPICS.filter(({ direction, isNumbered }) => direction === 'down' && !isNumbered))(
    'on $name can be subscribed to, and not published to',
    ({ name }) => {
      expect([pump.toHub(name), pump.filterToHub(name)]).toEqual([undefined, named(name)]);
      expect(pump.toSubdevice(named(name))).toBe(name);
    },
  );

  it('with calls is received under the number of the call, all of them or one, and answered under it', () => {
    expect(pump.filterToHub('$rrpc/rxd/+')).toBe('$rrpc/rxd/PPPPPPPPPP/pump-7/+');
    expect(pump.filterToHub('$rrpc/rxd/17')).toBe('$rrpc/rxd/PPPPPPPPPP/pump-7/17');
    expect(pump.toSubdevice('$rrpc/rxd/PPPPPPPPPP/pump-7/17')).toBe('$rrpc/rxd/17');
    expect(pump.toHub('$rrpc/txd/17')).toBe('$rrpc/txd/PPPPPPPPPP/pump-7/17');
  });

  it.each([
    '',
    '$gateway/operation',
    '$gateway/operation/result',
    '$gateway/operation/PPPPPPPPPP/pump-7',
    '$ota/update/PPPPPPPPPP/pump-7',
    '$ota/update/PPPPPPPPPP/valve',
    '$ota',
    '$ota/update/',
    '$ota/+',
    '$shadow/#',
    '$rrpc/rxd',
    '$rrpc/rxd/',
    '$rrpc/rxd/#',
    '$rrpc/rxd/a/b',
    '$rrpc/txd/valve/1',
    '$/PPPPPPPPPP/pump-7',
    '$SYS/broker',
  ])('that would be %s is not allowed', (topic) => {
    expect([pump.toHub(topic), pump.filterToHub(topic)]).toEqual([undefined, undefined]);
  });

  it('belongs to no subdevice if the hub has none', () => {
    const owner = { gateway: 'gw', subdevice: 'pump-7', productId: undefined, deviceName: undefined };
    const map = mapOf('{gateway}/{subdevice}/{topic}', owner);
    expect([map.toHub('a'), map.toHub('$ota/report')]).toEqual(['gw/pump-7/a', undefined]);
  });
});

/** Any text, and the topic levels that an attacker would try. */
const LEVELS = [
  ...['$ota', '$shadow', '$rrpc', '$sys', '$gateway', 'update', 'operation', 'rxd', 'txd', 'result', 'service'],
  ...['PPPPPPPPPP', 'pump-7', 'valve', '..', '', '+', '#', 'a'],
];
const anyTopic = fc.oneof(
  fc.array(fc.constantFrom(...LEVELS), { minLength: 1, maxLength: 7 }).map((levels) => levels.join('/')),
  fc.tuple(fc.constantFrom(...SERVICE_TOPICS.map(({ name }) => name)), fc.string()).map((parts) => parts.join('')),
  fc.string(),
);

/** Device that owns the topic according to the topic table of the hub: `product/device`. */
function identityIn(atHub: string): string | undefined {
  const levels = atHub.split('/');
  if (!atHub.startsWith('$')) return levels.slice(0, 2).join('/');
  const at = SERVICE_TOPICS.filter(({ name }) => atHub.startsWith(`${name}/`))
    .map(({ name }) => name.split('/').length)
    .sort((left, right) => right - left)[0];
  return at === undefined ? undefined : levels.slice(at, at + 2).join('/');
}

it('the device in the topic of the hub is always the subdevice itself, for any name', () => {
  const names = { used: 0, refused: 0 };
  fc.assert(
    fc.property(anyTopic, (topic) => {
      for (const atHub of [pump.toHub(topic), pump.filterToHub(topic)]) {
        names[atHub === undefined ? 'refused' : 'used'] += 1;
        if (atHub !== undefined) expect(identityIn(atHub)).toBe('PPPPPPPPPP/pump-7');
      }
    }),
    { numRuns: 5000 },
  );
  expect(Math.min(names.used, names.refused)).toBeGreaterThan(500);
});

it('negative control: a map that passes names unchanged', () => {
  expect(identityIn('$ota/update/PPPPPPPPPP/valve')).toBe('PPPPPPPPPP/valve');
  expect(identityIn('$gateway/operation/GGGGGGGGGG/gw')).toBeUndefined();
});

describe.each([
  HUB_TEMPLATE,
  'x/{product_id}/{device_name}/{topic}',
  '{gateway}/{subdevice}/{topic}',
  '$aws/things/{subdevice}/{topic}',
  '{topic}/{subdevice}',
  'a/{topic}/of/{device_name}/b',
  'devices/{gateway}/messages/events/subdevice={subdevice}&topic={topic}',
  'devices/{gateway}/messages/events/subdevice={subdevice}&topic={topic_encoded}',
  'Ölstand {subdevice}: {topic_encoded}!',
])('with the template %s', (template) => {
  const owners = [PUMP, VALVE].map((owner) => mapOf(template, owner));
  const [mine, other] = owners as [(typeof owners)[0], (typeof owners)[0]];

  it('a call of a service whose number is the name of another subdevice does not belong to that one', () => {
    const topic = mine.toHub('$rrpc/txd/valve') ?? '';
    expect(topic).toBe('$rrpc/txd/PPPPPPPPPP/pump-7/valve');
    expect([other.toSubdevice(topic), other.ofUplink(topic)]).toEqual([undefined, undefined]);
  });

  it('no topic that a subdevice publishes or subscribes to belongs to another', () => {
    fc.assert(
      fc.property(anyTopic, anyTopic, (published, subscribed) => {
        const topic = mine.toHub(published);
        if (topic === undefined || topicProblem(topic) !== undefined) return;
        expect(other.toSubdevice(topic)).toBeUndefined();
        const filter = other.filterToHub(subscribed);
        if (filter === undefined || filterProblem(filter) !== undefined) return;
        expect(filterMatches(filter, topic)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('a downlink of a subscription arrives under the subdevice’s own name', () => {
    fc.assert(
      fc.property(anyTopic, (own) => {
        const atHub = mine.filterToHub(own);
        if (atHub !== undefined && own.isWellFormed()) expect(mine.toSubdevice(atHub)).toBe(own);
      }),
    );
  });
});

it('negative control: a map without a prefix for each subdevice', () => {
  const shared = mapOf('{gateway}/{topic}', PUMP);
  expect(mapOf('{gateway}/{topic}', VALVE).toSubdevice(shared.toHub('a') ?? '')).toBe('a');
});

describe('templates of both directions', () => {
  const map = topicMap(
    { uplink: 'up/{subdevice}/{topic}', downlink: '{gateway}/{topic_encoded}/to/{subdevice}' },
    PUMP,
  );

  it('are used for their direction only', () => {
    expect(map.toHub('a/b')).toBe('up/pump-7/a/b');
    expect(map.ofUplink('up/pump-7/a/b')).toBe('a/b');
    expect(map.toSubdevice('up/pump-7/a/b')).toBeUndefined();
    expect(map.filterToHub('a/b')).toBe('gw/a%2Fb/to/pump-7');
    expect(map.toSubdevice('gw/a%2Fb/to/pump-7')).toBe('a/b');
    expect(map.ofUplink('gw/a%2Fb/to/pump-7')).toBeUndefined();
  });

  it('do not encode a wildcard as an ordinary character', () => {
    expect(['#', '+', 'a/+'].map((filter) => map.filterToHub(filter))).toEqual([undefined, undefined, undefined]);
  });

  it.each(['gw/a%2fb/to/pump-7', 'gw/%ZZ/to/pump-7', 'gw/a/b/to/pump-7', 'gw//to/pump-7', 'gw/a/to/pump-77'])(
    'accept only the encoding that the gateway makes: not %s',
    (atHub) => expect(map.toSubdevice(atHub)).toBeUndefined(),
  );

  it('make one topic of all uplinks if the template has no place for the topic', () => {
    const one = topicMap({ uplink: 'v1/devices/me/telemetry', downlink: 'v1/devices/me/{topic}' }, PUMP);
    expect([one.toHub('a'), one.toHub('b/c')]).toEqual(['v1/devices/me/telemetry', 'v1/devices/me/telemetry']);
    expect([one.hasUplink('v1/devices/me/telemetry'), one.hasUplink('v1/devices/me/x')]).toEqual([true, false]);
    expect(one.ofUplink('v1/devices/me/telemetry')).toBeUndefined();
    expect(one.filterToHub('rpc/request/+')).toBe('v1/devices/me/rpc/request/+');
    expect(one.toSubdevice('v1/devices/me/rpc/request/7')).toBe('rpc/request/7');
  });

  it('fill a value that contains braces as it is', () => {
    const owner = { ...PUMP, gateway: '{topic}' };
    expect(topicMap({ uplink: '{gateway}/{topic}', downlink: '{topic}' }, owner).toHub('a')).toBe('{topic}/a');
  });
});

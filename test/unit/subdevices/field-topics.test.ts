/** Topics with fields of the message: values, fallbacks, and the topics of other subdevices out of reach. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SharedTopic } from '../../../src/base/shared-topic.ts';
import { filterMatches, filterProblem, topicProblem } from '../../../src/base/topic.ts';
import { SharedTopics } from '../../../src/subdevices/shared-topics.ts';
import { type TopicMap, type TopicOwner, topicMap } from '../../../src/subdevices/topic-map.ts';

const PUMP: TopicOwner = { gateway: 'gw', subdevice: 'pump', productId: undefined, deviceName: undefined };
const VALVE: TopicOwner = { ...PUMP, subdevice: 'valve' };
const ROOMS = 'plants/{subdevice}/{field:room}/{topic}';

const bytes = (payload: unknown): Uint8Array =>
  Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
const mapOf = (uplink: string, owner = PUMP, downlink = 'down/{subdevice}/{topic}'): TopicMap =>
  topicMap({ uplink, downlink }, owner);

describe('a topic with fields', () => {
  it.each([
    [ROOMS, { room: 'kitchen' }, 'plants/pump/kitchen/t/flow'],
    [ROOMS, { room: 'a/b' }, 'plants/pump/a%2Fb/t/flow'],
    [ROOMS, { room: '../valve' }, 'plants/pump/%2E%2E%2Fvalve/t/flow'],
    ['{field:place.floor}/{subdevice}', { place: { floor: 2 } }, '2/pump'],
    ['{subdevice}/{field:a}/{field:b|none}', { a: true }, 'pump/true/none'],
    [
      'devices/{gateway}/messages/events/subdevice={subdevice}&room={field_encoded:room}&topic={topic_encoded}',
      { room: 'a&b=/c' },
      'devices/gw/messages/events/subdevice=pump&room=a%26b%3D%2Fc&topic=t%2Fflow',
    ],
  ])('by %s with the payload %j is %s', (template, payload, topic) => {
    const map = mapOf(template);
    expect(map.uplinkTopic('t/flow', bytes(payload))?.topic).toBe(topic);
    expect(map.hasUplink(topic)).toBe(true);
    expect(map.ofUplink(topic)).toBe(template.includes('{topic') ? 't/flow' : undefined);
  });

  it.each([
    ['21.5', '{field:room}: the payload is not a JSON object of at most 64 levels'],
    [{}, '{field:room}: the payload has no member "room"'],
    [{ room: null }, '{field:room}: "room" is not a text, a number or a boolean'],
    [{ room: '' }, '{field:room}: "room" is empty'],
    [{ room: 'x'.repeat(129) }, '{field:room}: "room" has more than 128 bytes in a topic'],
    [{ room: '/'.repeat(43) }, '{field:room}: "room" has more than 128 bytes in a topic'],
  ])('has the fallback if the payload is %j', (payload, fallback) => {
    expect(mapOf(ROOMS).uplinkTopic('t', bytes(payload))).toEqual({ topic: 'plants/pump/unknown/t', fallback });
  });

  it('has all fallbacks if its values make it longer than the hub allows', () => {
    const map = (bytesMax: number): TopicMap =>
      topicMap({ uplink: '{subdevice}/{field:a}/{field:b|n}', downlink: '{topic}' }, PUMP, undefined, bytesMax);
    const payload = bytes({ a: 'x', b: 'y'.repeat(20) });
    const longest = `pump/x/${'y'.repeat(20)}`;
    expect(map(longest.length).uplinkTopic('t', payload)).toEqual({ topic: longest });
    expect(map(longest.length - 1).uplinkTopic('t', payload)).toEqual({
      topic: 'pump/unknown/n',
      fallback: 'with the values of its fields, the topic has more than 26 bytes',
    });
  });

  it('has the fallbacks for a message of the gateway itself, and + in a filter', () => {
    const map = mapOf(ROOMS);
    expect([map.toHub('firmware/report'), map.uplinkFilter('t')]).toEqual([
      'plants/pump/unknown/firmware/report',
      'plants/pump/+/t',
    ]);
    expect(mapOf('{subdevice}&{field_encoded:x}').uplinkFilter('t')).toBeUndefined();
  });

  it('is not used for shared topics and the services of the hub', () => {
    const shared: SharedTopic = { topic: 'v1/all', form: 'with-device', uplinks: ['t/#'], downlink: undefined };
    const map = topicMap({ uplink: ROOMS, downlink: '{topic}' }, PUMP, new SharedTopics([shared], new Map()));
    expect(map.uplinkTopic('t/flow', bytes({}))).toEqual({ topic: 'v1/all' });
    expect([map.uplinkTopic('$ota/report', bytes({})), map.uplinkTopic('', bytes({}))]).toEqual([undefined, undefined]);
  });
});

const word = fc.oneof(
  fc.constantFrom(
    'pump',
    'valve',
    'down',
    'plants',
    'plants/valve',
    'valve/x',
    '../valve',
    '+',
    '#',
    '$SYS',
    '%2F',
    '\0',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const payloads = fc.oneof(
  fc.record({ room: word, b: fc.oneof(word, fc.integer(), fc.constant(null)) }).map(bytes),
  fc.record({ room: fc.jsonValue() }).map(bytes),
  word.map(bytes),
);
const topics = fc.string({
  unit: fc.constantFrom('a', 'b', '/', '&', '=', '%', 'valve', 'pump', 'down', 'room='),
  minLength: 1,
  maxLength: 8,
});

describe.each([
  [ROOMS, 'plants/{subdevice}/{topic}'],
  ['{field:room}/{subdevice}/{topic}', '{gateway}/{subdevice}/{topic}'],
  ['{subdevice}/{topic}/{field:room}/{field:b|none}', '{subdevice}/{topic}'],
  ['up/{topic}/{subdevice}/{field:room}', 'down/{topic}/{subdevice}'],
  ['up/{field:room}/{subdevice}', 'down/{subdevice}/{topic}'],
  ['e/s={subdevice}&room={field_encoded:room}&t={topic_encoded}', 'd/{subdevice}/{topic}'],
  ['e/{topic}&room={field_encoded:room}&s={subdevice}', 'd/{subdevice}/{topic}'],
])('with the template %s', (template, downlink) => {
  const [mine, other] = [mapOf(template, PUMP, downlink), mapOf(template, VALVE, downlink)];

  it('no value leads to a topic of another subdevice, and each topic leads back to its owner', () => {
    let values = 0;
    fc.assert(
      fc.property(topics, payloads, topics, (own, payload, subscribed) => {
        const found = mine.uplinkTopic(own, payload);
        if (found === undefined || topicProblem(found.topic) !== undefined) return;
        if (found.fallback === undefined) values += 1;
        const { topic } = found;
        expect(mine.hasUplink(topic)).toBe(true);
        expect(mine.ofUplink(topic)).toBe(template.includes('{topic') ? own : undefined);
        expect([other.hasUplink(topic), other.toSubdevice(topic)]).toEqual([false, undefined]);
        const filter = other.filterToHub(subscribed);
        if (filter !== undefined && filterProblem(filter) === undefined)
          expect(filterMatches(filter, topic)).toBe(false);
        const wide = other.filterToHub('#');
        if (wide !== undefined && filterProblem(wide) === undefined) expect(filterMatches(wide, topic)).toBe(false);
      }),
      { numRuns: 3000 },
    );
    expect(values).toBeGreaterThan(300);
  });

  it('a value never makes a topic invalid', () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        expect(topicProblem(mine.uplinkTopic('t', payload)?.topic ?? '')).toBeUndefined();
      }),
    );
  });
});

it('negative control: by a template that config check rejects, a value reaches the topics of another subdevice', () => {
  const [mine, other] = [mapOf('{field:room}/{topic}'), mapOf('{field:room}/{topic}', VALVE)];
  const topic = mine.uplinkTopic('t', bytes({ room: 'valve' }))?.topic ?? '';
  expect(other.hasUplink(topic)).toBe(true);
  const crossed = mapOf('{gateway}/{field:room}/{subdevice}', PUMP).uplinkTopic('t', bytes({ room: 'valve' }));
  expect(mapOf('x/{topic}', VALVE, '{gateway}/{subdevice}/{topic}').toSubdevice(crossed?.topic ?? '')).toBe('pump');
});

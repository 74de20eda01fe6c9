/** Rules of the templates of topics: what they may contain, and that no two subdevices share a topic by mistake. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topicsBySubdevice } from '../../../src/app/plan.ts';
import { canMeet } from '../../../src/base/topic-meeting.ts';
import { isFixed, reachesTopic, type TopicShape, topicAtHub } from '../../../src/base/topic-template.ts';
import { configOf, GENERIC, HUB, pathsOf, problemsOf, under } from './config-rig.ts';

const TWO = `${GENERIC}[[subdevice]]\nid = "meter-2"\n`;
const TWO_LINKS = under(
  '[[subdevice]]',
  'link = "meters"',
  `${GENERIC}[[link]]\nname = "pumps"\npath = "/dev/ttyUSB1"\nuplink_topic = "pumps/{subdevice}/{topic}"\n`,
).concat('[[subdevice]]\nid = "pump"\nlink = "pumps"\n');

describe('a template', () => {
  it.each([
    'up-{subdevice}/{topic}',
    '{subdevice}/{topic}/x',
    '{topic}/{subdevice}',
    '$aws/things/{subdevice}/{topic}',
    'devices/{gateway}/messages/events/subdevice={subdevice}&topic={topic_encoded}',
    'Straße 7/ä ö ü/{subdevice}/~!"§%&/()=?/{topic}',
    '//{subdevice}//{topic}//',
  ])('may be %s', (template) => {
    expect(problemsOf(under('[hub]', `topic_template = '${template}'`))).toEqual([]);
  });

  it.each([
    ['{gateway}/{topic}', /does not identify the subdevice/],
    ['{topic}/{subdevice}/{topic}', /more than one place/],
    ['{topic}/{subdevice}/{topic_encoded}', /more than one place/],
    ['{product_id}/{subdevice}/{topic}', /\{product_id\}, which is not a placeholder of profile "generic"/],
    ['{Subdevice}/{topic}', /\{Subdevice\}, which is not a placeholder/],
    ['{subdevice}/{topic', /a brace that does not belong to a placeholder/],
    ['{sub device}/{topic}', /a brace that does not belong to a placeholder/],
    ['+/{subdevice}/{topic}', /not a valid topic: topic name with a wildcard/],
    ['{subdevice}/#/{topic}', /not a valid topic: topic name with a wildcard/],
    ['$share/group/{subdevice}/{topic}', /is reserved: it is the beginning of a shared subscription/],
    ['$SYS/{subdevice}/{topic}', /is reserved: it begins with \$SYS, the topics of the broker itself/],
    ['{subdevice}/up', /does not contain \{topic\}/],
    ['{subdevice}{topic}', /does not separate \{subdevice\} from its neighbour/],
    ['{subdevice}-{topic}', /does not separate \{subdevice\} from its neighbour/],
    ['{topic}{subdevice}', /does not separate \{subdevice\} from its neighbour/],
    ['{subdevice}{gateway}/{topic}', /does not separate \{subdevice\} from its neighbour/],
  ])('cannot be %s', (template, what) => {
    const problems = problemsOf(under('[hub]', `topic_template = '${template}'`));
    expect(problems).toEqual([
      expect.objectContaining({ path: 'hub.topic_template', what: expect.stringMatching(what) }),
    ]);
  });

  it('of a hub profile does not begin with $', () => {
    expect(pathsOf(under('[hub]', 'uplink_topic = "$up/{device_name}/{topic}"', HUB))).toEqual(['hub.uplink_topic']);
  });

  it('for uplinks needs no place for the topic and no subdevice; one for downlinks does', () => {
    expect(pathsOf(under('[hub]', 'uplink_topic = "v1/devices/me/telemetry"', TWO))).toEqual([]);
    expect(pathsOf(under('[hub]', 'downlink_topic = "v1/devices/me/rpc"', TWO))).toEqual(['hub.downlink_topic']);
  });

  it('has no effect if both directions have their own', () => {
    const lines =
      'topic_template = "a/{subdevice}/{topic}"\nuplink_topic = "u/{subdevice}/{topic}"\ndownlink_topic = "d/{subdevice}/{topic}"';
    expect(pathsOf(under('[hub]', lines))).toEqual(['hub.topic_template']);
  });

  it.each([
    ['topic_bytes_max = 20', 'xxxxxxxxxxxxxxxxxxxxxxxx', /at least 24 bytes; hub.topic_bytes_max is 20/],
    ['topic_bytes_max = 20', '{subdevice}/xxxxxxxxxxx/{topic}', /at least 21 bytes/],
    ['topic_slashes_max = 2', 'a/{subdevice}/b/{topic}', /at least 3 slashes; hub.topic_slashes_max is 2/],
  ])('is rejected if no topic can be within %s: %s', (limit, template, what) => {
    const problems = problemsOf(under('[hub]', `${limit}\nuplink_topic = "${template}"`));
    expect(problems.filter(({ path }) => path === 'hub.uplink_topic')).toEqual([
      expect.objectContaining({ what: expect.stringMatching(what) }),
    ]);
  });

  it('reports all problems at once', () => {
    const text = under('[hub]', 'uplink_topic = "{x}"\ndownlink_topic = "{y}"', TWO);
    expect(pathsOf(`${text}uplink_topic = "+"\n`)).toEqual([
      'hub.uplink_topic',
      'hub.downlink_topic',
      'subdevice[1].uplink_topic',
    ]);
  });
});

describe('templates of links and subdevices', () => {
  const topicsOf = (text: string, id: string): readonly (string | undefined)[] => {
    const map = topicsBySubdevice(configOf(text))(id);
    return [map.toHub('t'), map.filterToHub('t')];
  };

  it('are used in the order subdevice, link, hub, for each direction', () => {
    const text = under('[hub]', 'topic_template = "all/{subdevice}/{topic}"', TWO_LINKS);
    expect(topicsOf(text, 'meter-1')).toEqual(['all/meter-1/t', 'all/meter-1/t']);
    expect(topicsOf(text, 'pump')).toEqual(['pumps/pump/t', 'all/pump/t']);
    expect(topicsOf(`${text}uplink_topic = "big pump/{topic}"\n`, 'pump')).toEqual(['big pump/t', 'all/pump/t']);
  });

  it('need no subdevice in them as long as no other subdevice has the topics', () => {
    const alone = `${TWO}uplink_topic = "factory/{topic}"\n`;
    expect(pathsOf(alone)).toEqual([]);
    expect(pathsOf(alone.replace('id = "meter-1"', 'id = "meter-1"\nuplink_topic = "factory/hall/{topic}"'))).toEqual([
      'subdevice[0].uplink_topic',
    ]);
    expect(pathsOf(alone.replace('id = "meter-1"', 'id = "meter-1"\nuplink_topic = "factory/hall"'))).toHaveLength(1);
    expect(pathsOf(under('[[link]]', 'downlink_topic = "factory/{topic}"', TWO))).toEqual(['link[0].downlink_topic']);
  });

  it('do not meet the topics of other subdevices by the template of the hub', () => {
    const text = `${TWO}downlink_topic = "shed-3/meter-1/{topic}"\n`;
    expect(problemsOf(text)).toEqual([
      {
        path: 'subdevice[1].downlink_topic',
        what: expect.stringMatching(/^gives subdevice "meter-2" topics that subdevice "meter-1" also has$/),
        hint: expect.stringMatching(/\{subdevice\}/),
      },
    ]);
  });

  it('of a link are rejected if another link without them serves the subdevice too', () => {
    const text = `${GENERIC}[[link]]\nname = "pumps"\npath = "/dev/ttyUSB1"\nuplink_topic = "p/{subdevice}/{topic}"\n`;
    expect(pathsOf(text)).toEqual(['link[1].uplink_topic']);
  });

  it('of a link are rejected if the link serves unknown subdevices', () => {
    const text = under(
      '[gateway]',
      'accept_unknown_subdevices = true',
      under('[[link]]', 'uplink_topic = "l/{subdevice}/{topic}"'),
    );
    expect(problemsOf(text)).toEqual([
      expect.objectContaining({ path: 'link[0].uplink_topic', what: expect.stringMatching(/does not name/) }),
    ]);
  });
});

describe('topics of the gateway itself', () => {
  it.each([
    ['up', 'uplink_topic = "{topic}/of/{subdevice}"', 'health/of/meter-1', ['telemetry.topic']],
    ['down', 'downlink_topic = "{subdevice} gets {topic}"', 'meter-1 gets health', ['telemetry.topic']],
    ['neither', 'uplink_topic = "{topic}/of/{subdevice}"', 'health/of/meter-7', []],
  ])('are kept apart from the topics of subdevices: %s', (_, line, topic, paths) => {
    expect(pathsOf(`${under('[hub]', line)}[telemetry]\ntopic = "${topic}"\n`)).toEqual(paths);
  });

  it('are kept apart from the topics that unknown subdevices may have', () => {
    const text = under(
      '[gateway]',
      'accept_unknown_subdevices = true',
      under('[hub]', 'uplink_topic = "{topic}/of/{subdevice}"'),
    );
    expect(pathsOf(`${text}[telemetry]\ntopic = "health/of/anyone"\n`)).toEqual(['telemetry.topic']);
  });
});

describe('filters of retained uplinks', () => {
  it.each([
    ['[outbox]\nretain_topics = ["a"]\n', 'outbox.retain_topics'],
    ['[outbox]\nretain_topics = ["a/#/b"]\n', 'outbox.retain_topics[0]'],
    ['[outbox]\nretain_topics = ["a", "a"]\n', 'outbox.retain_topics[1]'],
  ])('are rejected: %j', (section, path) => {
    const text = path.endsWith(']') ? under('[hub]', 'retain = true') : GENERIC;
    expect(pathsOf(`${text}${section}`)).toEqual([path]);
  });

  it('are rejected for all reasons at once', () => {
    expect(pathsOf(`${GENERIC}[outbox]\nretain_topics = ["a#b"]\n`)).toEqual([
      'outbox.retain_topics[0]',
      'outbox.retain_topics',
    ]);
  });

  it('of a link replace those of the outbox', () => {
    const text = under(
      '[hub]',
      'retain = true',
      TWO_LINKS.replace('name = "pumps"', 'name = "pumps"\nretain_topics = []'),
    );
    const { links } = configOf(`${text}[outbox]\nretain_topics = ["state"]\n`);
    expect(links.map(({ retainTopics }) => retainTopics)).toEqual([['state'], []]);
  });
});

describe('two shapes', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 3 });
  const shape: fc.Arbitrary<TopicShape> = fc.oneof(
    fc.record({ before: text, varying: fc.constant([{ kind: 'topic', place: 'topic' } as const]), after: text }),
    text.map((before) => ({ before, varying: [], after: '' })),
  );

  it('that cannot meet never result in the same topic', () => {
    let meetings = 0;
    fc.assert(
      fc.property(shape, shape, text, (one, other, own) => {
        if (own === '' || (isFixed(one) && isFixed(other))) return;
        if (!reachesTopic(other, topicAtHub(one, own))) return;
        meetings += 1;
        expect(canMeet(one, other)).toBe(true);
      }),
      { numRuns: 5000 },
    );
    expect(meetings).toBeGreaterThan(100);
  });
});

/** Rules of fields of the message in templates: what they may contain, and that no value reaches another subdevice. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topicsBySubdevice } from '../../../src/app/plan.ts';
import { topicProblem } from '../../../src/base/topic.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { configOf, GENERIC, HUB, pathsOf, problemsOf, under } from './config-rig.ts';

const TWO = `${GENERIC}[[subdevice]]\nid = "meter-2"\n`;
const DOWN = 'downlink_topic = "down/{subdevice}/{topic}"';
const withUplink = (template: string, text = TWO): string =>
  under('[hub]', `uplink_topic = '${template}'\n${DOWN}`, text);

describe('a template for uplinks', () => {
  it.each([
    'plants/{subdevice}/{field:room}/{topic}',
    '{field:room}/{subdevice}/{topic}',
    '{subdevice}/{topic}/{field:room}',
    'x/{subdevice}/{field:room|n-a}/{field:place.floor|0}',
    'x/{field:room}/{subdevice}',
    '{subdevice}/{field:1-0:1.8.0}',
    '{subdevice}/{field:Raum Nr}/{field:größe|unbekannt}',
    'e/{gateway}/s={subdevice}&t={topic_encoded}&r={field_encoded:room}',
    'e/{field_encoded:room}={subdevice}',
    '$aws/rules/plant/{subdevice}/{field:room}',
  ])('may be %s', (template) => {
    expect(problemsOf(withUplink(template))).toEqual([]);
  });

  it.each([
    ['x/{field:room}/{topic}', /does not identify the subdevice/],
    ['x/{field:room}', /does not identify the subdevice/],
    ['{subdevice}-{field_encoded:room}/{topic}', /could be part of its value/],
    ['{subdevice}{field:room}/{topic}', /\{field:room\}, which is not a whole level/],
    ['{subdevice}/r{field:room}/{topic}', /not a whole level/],
    ['{subdevice}/{field:room}x', /not a whole level/],
    ['{subdevice}/{field:a}{field:b}', /not a whole level/],
    ['{subdevice}/{field_encoded:a}{field_encoded:b}', /could be part of its value/],
    ['{subdevice}/{topic_encoded}.{field_encoded:b}', /could be part of its value/],
    ['{subdevice}/{field:}', /\{field:\} without a name/],
    ['{subdevice}/{field:a.b.c.d.e}', /a path of 5 names/],
    ['{subdevice}/{field:a}/{field:b}/{field:c}/{field:d}/{field:e}', /has 5 fields/],
    ['{subdevice}/{field:room|}', /the fallback "", which cannot/],
    ['{subdevice}/{field:room|a/b}', /the fallback "a\/b"/],
    ['{subdevice}/{field:room|+}', /the fallback "\+"/],
    ['{subdevice}/{field:room|n.a}', /the fallback "n.a"/],
    ['{subdevice}/{field_encoded:room|ü}', /the fallback "ü"/],
    [`{subdevice}/{field:room|${'x'.repeat(129)}}`, /the fallback "x+"/],
    ['{subdevice}/{field:room|{gateway}}', /a brace that does not belong to a placeholder/],
    ['{subdevice}/{fields:room}', /a brace that does not belong to a placeholder/],
    ['{subdevice}/{field}', /\{field\}, which is not a placeholder/],
  ])('cannot be %s', (template, what) => {
    expect(problemsOf(withUplink(template))).toEqual([
      expect.objectContaining({ path: 'hub.uplink_topic', what: expect.stringMatching(what) }),
    ]);
  });

  it('of a single subdevice need not name it; one that meets it is rejected', () => {
    const text = withUplink('up/{subdevice}/{topic}');
    expect(problemsOf(`${text}uplink_topic = "hall/{field:room}/{topic}"\n`)).toEqual([]);
    expect(problemsOf(`${text}uplink_topic = "up/{field:room}/{topic}"\n`)).toEqual([
      expect.objectContaining({
        path: 'subdevice[1].uplink_topic',
        what: 'gives subdevice "meter-2" topics that subdevice "meter-1" also has',
      }),
    ]);
    expect(pathsOf(`${text}uplink_topic = "{field:room}/meter-1/{topic}"\n`)).toEqual(['subdevice[1].uplink_topic']);
    expect(pathsOf(`${text}uplink_topic = "{field:room}/hall/{topic}"\n`)).toEqual([]);
  });

  it('has no value with which it is a topic for downlinks of another subdevice', () => {
    const text = (uplink: string, subdevices = TWO): string => under('[hub]', `uplink_topic = "${uplink}"`, subdevices);
    expect(problemsOf(text('{gateway}/{field:room}/{subdevice}/{topic}'))).toEqual([
      {
        path: 'hub.uplink_topic',
        what: expect.stringMatching(
          /^gives subdevice "meter-[12]" topics for uplinks on which subdevice "meter-[12]" gets/,
        ),
        hint: expect.stringMatching(/different levels/),
      },
    ]);
    expect(pathsOf(text('{gateway}/{subdevice}/{field:room}/{topic}'))).toEqual([]);
    expect(pathsOf(text('{field:site}/{subdevice}/{topic}'))).toEqual([]);
    // a single subdevice meets no other one, unless the gateway serves unknown ones
    const one = text('{gateway}/{field:room}/{subdevice}/{topic}', GENERIC);
    expect(pathsOf(one)).toEqual([]);
    expect(problemsOf(under('[gateway]', 'accept_unknown_subdevices = true', one))).toEqual([
      expect.objectContaining({ path: 'hub.uplink_topic', what: expect.stringContaining('an unknown subdevice') }),
    ]);
  });

  it('is rejected if the fallbacks alone are beyond a limit of the hub', () => {
    const limited = (bytes: number): string =>
      under('[hub]', `topic_bytes_max = ${bytes}`, withUplink('u/{subdevice}/{field:room}'));
    expect(pathsOf(limited('u/meter-1/unknown'.length))).toEqual([]);
    expect(problemsOf(limited('u/meter-1/unknown'.length - 1))).toEqual([
      expect.objectContaining({ path: 'hub.uplink_topic', what: expect.stringMatching(/at least 17 bytes/) }),
    ]);
  });
});

describe('fields are rejected', () => {
  it.each([
    ['in topic_template', 'topic_template = "{subdevice}/{field:room}/{topic}"', 'hub.topic_template'],
    ['in downlink_topic', 'downlink_topic = "{subdevice}/{field:room}/{topic}"', 'hub.downlink_topic'],
  ])('%s', (_, line, path) => {
    expect(problemsOf(under('[hub]', line))).toEqual([
      {
        path,
        what: expect.stringMatching(/cannot depend on a message/),
        hint: expect.stringMatching(/uplink_topic only/),
      },
    ]);
  });

  it('with a hub profile, whose topics are fixed', () => {
    const text = under('[hub]', 'uplink_topic = "{product_id}/{device_name}/{field:room}"', HUB);
    expect(problemsOf(text)).toEqual([
      expect.objectContaining({ path: 'hub.uplink_topic', what: expect.stringMatching(/fixed topics/) }),
    ]);
  });

  it('in topics of the gateway itself', () => {
    expect(problemsOf(`${GENERIC}[telemetry]\ntopic = "health/{field:state}"\n`)).toEqual([
      { path: 'telemetry.topic', what: 'has a field of the message', hint: expect.stringMatching(/uplink_topic/) },
    ]);
  });

  it('in each place, all at once', () => {
    const text = under('[[link]]', 'uplink_topic = "{subdevice}/{field:}"', withUplink('{subdevice}/x{field:a}'));
    expect(pathsOf(`${text}downlink_topic = "{field:a}/{topic}"\n`)).toEqual([
      'hub.uplink_topic',
      'link[0].uplink_topic',
      'subdevice[1].downlink_topic',
    ]);
  });
});

it('topics of the gateway itself are kept apart from topics with fields', () => {
  const telemetry = (topic: string): string =>
    `${withUplink('{field:site}/{subdevice}/{topic}')}[telemetry]\ntopic = "${topic}"\n`;
  expect(pathsOf(telemetry('holdfast/meter-1/health'))).toEqual(['telemetry.topic']);
  expect(pathsOf(telemetry('holdfast/meter-7/health'))).toEqual([]);
});

describe('two subdevices', () => {
  const level = fc.constantFrom(
    ...['a', 'u', 'meter-1', 'meter-2', '{gateway}', '{subdevice}', '{subdevice}', '{topic}', '-{subdevice}'],
    ...[
      '{field:r}',
      '{field:r|u}',
      '{field:s|a}',
      'a{field:r}',
      'a&{field_encoded:s|a}',
      '{field_encoded:r}={subdevice}',
    ],
    ...[
      '{subdevice}&{topic_encoded}',
      '{topic_encoded}-{subdevice}',
      '{topic}&{field_encoded:r}',
      '{topic}&{subdevice}',
    ],
  );
  const template = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
  const downlink = fc.constantFrom(
    'd/{subdevice}/{topic}',
    '{subdevice}/{topic}',
    '{topic}/{subdevice}',
    'a/{subdevice}&{topic}',
  );
  const word = fc.constantFrom('a', 'u', 'meter-1', 'meter-2', 'a/meter-2', '/', '-', '&', 'shed-3', 'd', '%', '+');
  const words = fc.array(word, { minLength: 1, maxLength: 4 }).map((list) => list.join('/'));
  const message = fc.record({ own: words, r: fc.oneof(word, words), s: word });

  it('never have the same topic at the hub, with any accepted templates and any values', () => {
    const seen = { accepted: 0, rejected: 0, compared: 0 };
    const messages = fc.array(message, { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(template, fc.option(template, { nil: undefined }), downlink, messages, (hub, own, down, list) => {
        const second = own === undefined ? '' : `uplink_topic = "${own}"\n`;
        const text = `${under('[hub]', `uplink_topic = "${hub}"\ndownlink_topic = "${down}"`, TWO)}${second}`;
        const parsed = parseConfig(text);
        if (!parsed.ok) {
          seen.rejected += 1;
          return;
        }
        const hasField = [hub, own ?? hub].map((one) => one.includes('{field'));
        if (!hasField.includes(true)) return;
        seen.accepted += 1;
        const topicsOf = topicsBySubdevice(parsed.config);
        const maps = [topicsOf('meter-1'), topicsOf('meter-2')] as const;
        const sent = maps.map((map) =>
          list.flatMap(({ own: topic, r, s }) => {
            const atHub = map.uplinkTopic(topic, Buffer.from(JSON.stringify({ r, s })))?.topic ?? '';
            return topicProblem(atHub) === undefined ? [atHub] : [];
          }),
        );
        for (const [index, other] of [1, 0].entries())
          for (const topic of sent[index] ?? []) {
            seen.compared += 1;
            const reached = {
              topic,
              asUplink: maps[other]?.hasUplink(topic),
              asDownlink: hasField[index] && maps[other]?.toSubdevice(topic) !== undefined,
            };
            expect(reached).toEqual({ topic, asUplink: false, asDownlink: false });
          }
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(seen.accepted, seen.rejected)).toBeGreaterThan(100);
    expect(seen.compared).toBeGreaterThan(500);
  });

  it('negative control: the same templates without the rules have topics in common', () => {
    const config = configOf(withUplink('u/{subdevice}/{topic}'));
    const topicsOf = topicsBySubdevice({
      ...config,
      hub: { ...config.hub, topics: { uplink: 'u/{field:r}', downlink: '{topic}' } },
    });
    const topic = topicsOf('meter-1').uplinkTopic('t', Buffer.from('{"r":"a"}'))?.topic ?? '';
    expect(topicsOf('meter-2').hasUplink(topic)).toBe(true);
  });
});

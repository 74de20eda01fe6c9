/** Sections `[[shared_topic]]`, the names of subdevices in documents, and the topics of presence messages. */
import { describe, expect, it } from 'vitest';
import { changesBetween } from '../../../src/config/config-changes.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { configOf, GENERIC, HUB, problemsOf, under } from './config-rig.ts';

const shared = (keys: string): string => `[[shared_topic]]\n${keys}\n`;
const TELEMETRY = shared('topic = "v1/gateway/telemetry"\nform = "values-by-device"\nuplinks = ["#"]');
const RPC = shared('topic = "v1/gateway/rpc"\nuplinks = ["rpc"]\ndownlinks = "rpc"');
const PRESENCE = '[availability]\nconnect_topic = "c"\ndisconnect_topic = "d"\n';

const wordsOf = (text: string): string[] => problemsOf(text).map(({ path, what }) => `${path} ${what}`);

describe('[[shared_topic]]', () => {
  it('has the form with-device and no topics of subdevices by default', () => {
    expect(configOf(GENERIC).sharedTopics).toEqual([]);
    expect(configOf(`${GENERIC}${TELEMETRY}${RPC}`).sharedTopics).toEqual([
      { topic: 'v1/gateway/telemetry', form: 'values-by-device', uplinks: ['#'], downlink: undefined },
      { topic: 'v1/gateway/rpc', form: 'with-device', uplinks: ['rpc'], downlink: 'rpc' },
    ]);
  });

  it('fills the name of the gateway into the topic', () => {
    const [topic] = configOf(`${GENERIC}${shared('topic = "up/{gateway}"\nuplinks = ["#"]')}`).sharedTopics;
    expect(topic?.topic).toBe('up/shed-3');
  });

  it.each([
    [
      'topic = "t/{subdevice}"\nuplinks = ["#"]',
      /^shared_topic\[0\]\.topic has \{subdevice\}, which is not a placeholder/,
    ],
    ['topic = "$t"\nuplinks = ["#"]', /^shared_topic\[0\]\.topic is not a topic for PUBLISH/],
    [
      'topic = "shed-3/meter-1/x"\nuplinks = ["#"]',
      /^shared_topic\[0\]\.topic is .* which is a topic of the subdevice "meter-1"/,
    ],
    ['topic = "t"', /^shared_topic\[0\] has no effect: it has neither uplinks nor downlinks/],
    ['topic = "t"\nuplinks = ["a#"]', /^shared_topic\[0\]\.uplinks\[0\] is not a filter of topics/],
    ['topic = "t"\nuplinks = ["$a"]', /^shared_topic\[0\]\.uplinks\[0\] is not a filter of topics: it begins with \$/],
    ['topic = "t"\ndownlinks = "a/+"', /^shared_topic\[0\]\.downlinks is not a topic/],
    ['topic = "t"\ndownlinks = "$a"', /^shared_topic\[0\]\.downlinks is not a topic: it begins with \$/],
  ])('with %j is a problem', (keys, problem) => {
    expect(wordsOf(`${GENERIC}${shared(keys)}`)).toEqual([expect.stringMatching(problem)]);
  });

  it('has a topic of its own, and an own topic of subdevices for its downlinks', () => {
    expect(wordsOf(`${GENERIC}${RPC}${RPC}`)).toEqual([
      expect.stringMatching(/^shared_topic\[1\]\.downlinks is "rpc", the same as shared_topic\[0\]\.downlinks/),
      expect.stringMatching(
        /^shared_topic\[1\]\.topic is "v1\/gateway\/rpc", which shared_topic\[0\]\.topic also uses/,
      ),
    ]);
  });

  it('is for profile generic, and needs room for the document', () => {
    expect(wordsOf(`${HUB}${TELEMETRY}`)).toEqual([expect.stringMatching(/^shared_topic\[0\] has no effect with hub/)]);
    const small = (bytes: number) => under('[hub]', `payload_bytes_max = ${bytes}`, `${GENERIC}${TELEMETRY}`);
    expect(wordsOf(small(1023))).toEqual([
      expect.stringMatching(/^shared_topic needs a payload limit of at least 1024/),
    ]);
    expect(wordsOf(small(1024))).toEqual([]);
  });

  it('restarts the gateway when it changes, comes or goes', () => {
    const loaded = (text: string) => {
      const parsed = parseConfig(text);
      if (!parsed.ok) throw new Error('invalid');
      return parsed;
    };
    const [none, rpc] = [loaded(GENERIC), loaded(`${GENERIC}${RPC}`)];
    const other = loaded(`${GENERIC}${RPC.replace('["rpc"]', '["answer"]')}`);
    const changes = ([one, two]: readonly (typeof none)[]) =>
      one && two ? changesBetween(one, two).map(({ key, change, restarts }) => `${key} ${change} ${restarts}`) : [];
    expect(
      [
        [none, rpc],
        [rpc, none],
        [rpc, other],
      ].flatMap(changes),
    ).toEqual([
      'shared_topic[0] added gateway',
      'shared_topic[0] removed gateway',
      'shared_topic[0].uplinks changed gateway',
    ]);
  });
});

describe('hub_name', () => {
  const named = (name: string, text: string): string =>
    under('[[subdevice]]', `hub_name = ${JSON.stringify(name)}`, text);
  const second = '[[subdevice]]\nid = "meter-2"\n';

  it('is any text, for shared topics and for presence messages', () => {
    expect(configOf(named('Zähler 1 "A"', `${GENERIC}${RPC}`)).subdevices[0]?.hubName).toBe('Zähler 1 "A"');
    expect(wordsOf(named('Device A', `${GENERIC}${PRESENCE}`))).toEqual([]);
  });

  it.each(['', 'a\nb', 'x'.repeat(129)])('is not %j', (name) => {
    expect(wordsOf(named(name, `${GENERIC}${RPC}`))).toEqual([expect.stringMatching(/^subdevice\[0\]\.hub_name /)]);
  });

  it('has no effect without documents', () => {
    expect(wordsOf(named('A', GENERIC))).toEqual([expect.stringMatching(/^subdevice\[0\]\.hub_name has no effect/)]);
  });

  it('is not the name or the id of another subdevice', () => {
    expect(wordsOf(named('meter-2', `${GENERIC}${second}${RPC}`))).toEqual([
      'subdevice[0].hub_name is "meter-2", which is also the name of subdevice[1]',
    ]);
  });

  it('is not possible with unknown subdevices, one of which could use the name', () => {
    const text = under('[gateway]', 'accept_unknown_subdevices = true', `${GENERIC}${RPC}`);
    expect(wordsOf(named('A', text))).toEqual([
      expect.stringMatching(/^subdevice\[0\]\.hub_name is not possible with/),
    ]);
  });
});

describe('connect_topic and disconnect_topic', () => {
  it('are off by default, and need no state of the gateway', () => {
    expect(configOf(GENERIC).presenceMessages).toBeUndefined();
    const { presenceMessages, availability } = configOf(`${GENERIC}${PRESENCE}`);
    expect([presenceMessages, availability]).toEqual([{ connectTopic: 'c', disconnectTopic: 'd' }, undefined]);
  });

  it('need each other, a topic of their own, and profile generic', () => {
    expect(wordsOf(`${GENERIC}[availability]\nconnect_topic = "c"`)).toEqual([
      'availability.disconnect_topic is missing',
    ]);
    expect(wordsOf(`${GENERIC}[availability]\ndisconnect_topic = "c"`)).toEqual([
      'availability.connect_topic is missing',
    ]);
    expect(wordsOf(`${GENERIC}${PRESENCE.replace('"d"', '"c"')}`)).toEqual([
      'availability.disconnect_topic is "c", which availability.connect_topic also uses',
    ]);
    expect(wordsOf(`${GENERIC}${PRESENCE.replace('"d"', '"shed-3/meter-1/d"')}`)).toHaveLength(1);
    expect(wordsOf(`${HUB}${PRESENCE}`)).toHaveLength(2);
  });
});

/** Shared topics: topics in both directions, and the subdevice that a downlink names. */
import { describe, expect, it } from 'vitest';
import type { SharedTopic } from '../../../src/base/shared-topic.ts';
import { SharedTopics } from '../../../src/subdevices/shared-topics.ts';
import { topicMap } from '../../../src/subdevices/topic-map.ts';

const TOPICS: readonly SharedTopic[] = [
  { topic: 'v1/attributes', form: 'by-device', uplinks: ['attributes'], downlink: 'attributes' },
  { topic: 'v1/rpc', form: 'with-device', uplinks: ['rpc'], downlink: 'rpc' },
  { topic: 'v1/telemetry', form: 'values-by-device', uplinks: ['t/#', 'state'], downlink: undefined },
];
const NAMES = new Map([['a', 'Device A']]);
const shared = new SharedTopics(TOPICS, NAMES);
const map = topicMap(
  { uplink: '{subdevice}/{topic}', downlink: '{subdevice}/{topic}' },
  { gateway: 'gw', subdevice: 'a', productId: undefined, deviceName: undefined },
  shared,
);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Text that the subdevice gets, after its id; or the reason why none does. */
function open(text: string, topic = 'v1/rpc'): string | undefined {
  const opened = shared.open({ topic, payload: bytesOf(text), qos: 1 }, (id) => ['a', 'b'].includes(id));
  if (opened?.kind !== 'named') return opened?.kind;
  return `${opened.subdevice} ${new TextDecoder().decode(opened.message.payload)}`;
}

describe('a topic of a subdevice', () => {
  it.each([
    ['attributes', 'v1/attributes', 'v1/attributes'],
    ['rpc', 'v1/rpc', 'v1/rpc'],
    ['t/outside', 'v1/telemetry', 'a/t/outside'],
    ['state', 'v1/telemetry', 'a/state'],
    ['other', 'a/other', 'a/other'],
    ['#', 'a/#', 'a/#'],
  ])('%s is %s for uplinks and %s for downlinks', (own, uplink, downlink) => {
    expect([map.toHub(own), map.filterToHub(own)]).toEqual([uplink, downlink]);
  });

  it('receives the downlinks of its shared topic, and a shared topic of uplinks only is none for downlinks', () => {
    expect(['v1/rpc', 'v1/attributes', 'v1/telemetry', 'a/x'].map((topic) => map.toSubdevice(topic))).toEqual([
      'rpc',
      'attributes',
      undefined,
      'x',
    ]);
    expect(['v1/rpc', 'v1/telemetry', 'v1/none'].map((topic) => map.hasUplink(topic))).toEqual([true, true, false]);
    expect(map.ofUplink('v1/telemetry')).toBeUndefined();
  });
});

describe('a downlink on a shared topic', () => {
  it('goes to the subdevice of the name, with the bytes of its data', () => {
    expect(open('{"device":"Device A","data":{"id":1, "params":1.0}}')).toBe('a {"id":1, "params":1.0}');
    expect(open('{"data":[],"device":"b"}')).toBe('b []');
  });

  it('without data is passed on as a whole', () => {
    expect(open('{"id":1,"device":"b","value":2}')).toBe('b {"id":1,"device":"b","value":2}');
  });

  it.each(['{"device":"a","data":1}', '{"device":"c","data":1}', '{"device":"","data":1}'])(
    '%s names no subdevice: the id of one with another name is none',
    (text) => {
      expect(open(text)).toBe('names no subdevice');
    },
  );

  it.each([
    '',
    'x',
    '[]',
    '{"data":1}',
    '{"device":1}',
    '{"device":null}',
    `{"device":"b","data":${'['.repeat(70)}${']'.repeat(70)}}`,
  ])('%j is invalid', (text) => {
    expect(open(text)).toBe('invalid document');
  });

  it('that is not UTF-8 is invalid, and one on another topic is not opened', () => {
    const payload = Uint8Array.of(0xff);
    expect(shared.open({ topic: 'v1/rpc', payload, qos: 1 }, () => true)?.kind).toBe('invalid document');
    expect(open('{"device":"b"}', 'v1/telemetry')).toBeUndefined();
  });
});

import { describe, expect, it, test } from 'vitest';
import { filterMatches, filterProblem, topicProblem } from '../../../src/base/topic.ts';

describe('a filter', () => {
  // Examples of MQTT 3.1.1 §4.7.1 and §4.7.2, and their edge cases.
  test.each([
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/tennis/player1/#', 'sport/tennis/player10', false],
    ['sport/#', 'sport', true],
    ['#', 'anything/at/all', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['+', 'finance', true],
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/', false],
    ['a/b/', 'a/b', false],
    ['a//c', 'a//c', true],
    ['a/+/c', 'a//c', true],
    ['ACCOUNTS', 'Accounts', false],
    ['/finance', 'finance', false],
    ['a/+/#', 'a', false],
    ['a/+/#', 'a/b', true],
  ])('matches a topic as the standard says: %s and %s: %s', (filter, topic, matches) => {
    expect(filterMatches(filter, topic)).toBe(matches);
  });

  test.each([
    ['#', '$SYS/monitor/clients', false],
    ['+/monitor/clients', '$SYS/monitor/clients', false],
    ['$SYS/#', '$SYS/monitor/clients', true],
    ['$SYS/monitor/+', '$SYS/monitor/clients', true],
    ['+', '$SYS', false],
  ])(
    '[MQTT-4.7.2-1] with a leading wildcard does not match a topic that begins with $: %s and %s: %s',
    (filter, topic, matches) => {
      expect(filterMatches(filter, topic)).toBe(matches);
    },
  );
});

describe('a topic name', () => {
  test.each([
    ['a/#', 'MQTT-3.3.2-2'],
    ['a+b', 'MQTT-3.3.2-2'],
    ['', 'MQTT-4.7.3-1'],
    ['a\0b', 'MQTT-4.7.3-2'],
    ['a\ud800b', 'MQTT-1.5.3-1'],
    ['é'.repeat(32_768), 'MQTT-4.7.3-3'],
  ])('%j is rejected by [%s]', (topic, tag) => {
    expect(topicProblem(topic)?.tag).toBe(tag);
  });

  it('may have 65535 bytes, spaces, empty levels and a leading $', () => {
    for (const topic of ['a'.repeat(65_535), 'a b', '/', '//', '$gateway/operation/p/d']) {
      expect(topicProblem(topic)).toBeUndefined();
    }
  });
});

describe('a topic filter', () => {
  test.each([
    ['sport/tennis#', 'MQTT-4.7.1-2'],
    ['sport/tennis/#/ranking', 'MQTT-4.7.1-2'],
    ['##', 'MQTT-4.7.1-2'],
    ['sport+', 'MQTT-4.7.1-3'],
    ['sport/+x/y', 'MQTT-4.7.1-3'],
    ['++', 'MQTT-4.7.1-3'],
    ['', 'MQTT-4.7.3-1'],
    ['\0', 'MQTT-4.7.3-2'],
  ])('%j is rejected by [%s]', (filter, tag) => {
    expect(filterProblem(filter)?.tag).toBe(tag);
  });

  test.each(['#', '+', '/', '+/#', '+/tennis/#', 'sport/+/player1', '/+', 'a/b'])('%s is valid', (filter) => {
    expect(filterProblem(filter)).toBeUndefined();
  });
});

/**
 * Topic names and topic filters of MQTT 3.1.1, §4.7. Used on both sides of the gateway and by the bench hub.
 *
 * Levels are separated by `/`. An empty level is a level. Wildcards are allowed in filters only.
 */

/** Problem, and the statement of the standard that the text violates. */
export interface TopicProblem {
  readonly problem: string;
  readonly tag: string;
}

/** Largest length of a topic in bytes of UTF-8: the length field before the text has two bytes [MQTT-4.7.3-3]. */
const TEXT_BYTES_MAX = 65_535;

/** Reason why `topic` is invalid for PUBLISH. `undefined`: valid. */
export function topicProblem(topic: string): TopicProblem | undefined {
  if (topic.includes('#') || topic.includes('+')) {
    return { problem: 'topic name with a wildcard', tag: 'MQTT-3.3.2-2' };
  }
  return textProblem(topic);
}

/** Reason why `filter` is invalid for SUBSCRIBE. `undefined`: valid. */
export function filterProblem(filter: string): TopicProblem | undefined {
  const hash = filter.indexOf('#');
  if (hash !== -1 && (hash !== filter.length - 1 || (hash > 0 && filter[hash - 1] !== '/'))) {
    return { problem: '# must be the whole last level', tag: 'MQTT-4.7.1-2' };
  }
  for (let plus = filter.indexOf('+'); plus !== -1; plus = filter.indexOf('+', plus + 1)) {
    const fillsItsLevel = (filter[plus - 1] ?? '/') === '/' && (filter[plus + 1] ?? '/') === '/';
    if (!fillsItsLevel) return { problem: '+ must be a whole level', tag: 'MQTT-4.7.1-3' };
  }
  return textProblem(filter);
}

/**
 * True if `filter` matches `topic`. Both must be valid. `a/#` also matches `a` (§4.7.1.2). Names are compared character
 * by character and case-sensitively [MQTT-4.7.3-4].
 */
export function filterMatches(filter: string, topic: string): boolean {
  const startsWild = filter.startsWith('#') || filter.startsWith('+');
  // [MQTT-4.7.2-1]: a topic that begins with $ belongs to the hub; a leading wildcard does not match it.
  if (startsWild && topic.startsWith('$')) return false;
  let at = 0;
  let inTopic = 0;
  while (at <= filter.length) {
    const level = levelAt(filter, at);
    if (level === '#') return true;
    if (inTopic > topic.length) return false;
    const actual = levelAt(topic, inTopic);
    if (level !== '+' && level !== actual) return false;
    at += level.length + 1;
    inTopic += actual.length + 1;
  }
  return inTopic > topic.length;
}

/** Level that begins at `start`. If `start` is one past the end of the text, the last level is empty. */
function levelAt(text: string, start: number): string {
  const end = text.indexOf('/', start);
  return end === -1 ? text.slice(start) : text.slice(start, end);
}

function textProblem(text: string): TopicProblem | undefined {
  if (text === '') return { problem: 'empty topic', tag: 'MQTT-4.7.3-1' };
  if (text.includes('\0')) return { problem: 'NUL in a topic', tag: 'MQTT-4.7.3-2' };
  if (!text.isWellFormed()) return { problem: 'topic that cannot be encoded in UTF-8', tag: 'MQTT-1.5.3-1' };
  if (Buffer.byteLength(text) > TEXT_BYTES_MAX)
    return { problem: 'topic longer than 65535 bytes', tag: 'MQTT-4.7.3-3' };
  return undefined;
}

/**
 * Topic names and topic filters of MQTT 3.1.1, §4.7. Used on both sides of the gateway and by the bench hub.
 *
 * Levels are separated by `/`; an empty level is a level. Wildcards belong to filters only.
 */

/** What is wrong, and the statement of the standard that says so. */
export interface TopicProblem {
  readonly problem: string;
  readonly tag: string;
}

/** Bytes of UTF-8, since a two-byte length stands before the text [MQTT-4.7.3-3]. */
const TEXT_BYTES_MAX = 65_535;

/** Why nobody may publish to `topic`; `undefined`: one may. */
export function topicProblem(topic: string): TopicProblem | undefined {
  if (topic.includes('#') || topic.includes('+')) {
    return { problem: 'topic name with a wildcard', tag: 'MQTT-3.3.2-2' };
  }
  return textProblem(topic);
}

/** Why nobody may subscribe to `filter`; `undefined`: one may. */
export function filterProblem(filter: string): TopicProblem | undefined {
  const hash = filter.indexOf('#');
  if (hash !== -1 && (hash !== filter.length - 1 || (hash > 0 && filter[hash - 1] !== '/'))) {
    return { problem: '# anywhere but as the whole last level', tag: 'MQTT-4.7.1-2' };
  }
  for (let plus = filter.indexOf('+'); plus !== -1; plus = filter.indexOf('+', plus + 1)) {
    const fillsItsLevel = (filter[plus - 1] ?? '/') === '/' && (filter[plus + 1] ?? '/') === '/';
    if (!fillsItsLevel) return { problem: '+ that is not a whole level', tag: 'MQTT-4.7.1-3' };
  }
  return textProblem(filter);
}

/**
 * Does a message on `topic` go to who subscribed to `filter`? Both are taken to be without problem.
 * `a/#` takes `a` too (§4.7.1.2); names are compared character by character, case and all [MQTT-4.7.3-4].
 */
export function filterMatches(filter: string, topic: string): boolean {
  const startsWild = filter.startsWith('#') || filter.startsWith('+');
  // [MQTT-4.7.2-1]: what begins with $ is the hub's own and must be named.
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

/** The level that begins at `start`. One past the end of the text is an empty last level. */
function levelAt(text: string, start: number): string {
  const end = text.indexOf('/', start);
  return end === -1 ? text.slice(start) : text.slice(start, end);
}

function textProblem(text: string): TopicProblem | undefined {
  if (text === '') return { problem: 'empty topic', tag: 'MQTT-4.7.3-1' };
  if (text.includes('\0')) return { problem: 'NUL in a topic', tag: 'MQTT-4.7.3-2' };
  if (!text.isWellFormed()) return { problem: 'topic that UTF-8 cannot spell', tag: 'MQTT-1.5.3-1' };
  if (Buffer.byteLength(text) > TEXT_BYTES_MAX)
    return { problem: 'topic longer than 65535 bytes', tag: 'MQTT-4.7.3-3' };
  return undefined;
}

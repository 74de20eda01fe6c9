/**
 * Template of the topics at the hub, `site/{subdevice}/up/{topic}`, filled for one subdevice: a fixed text before and
 * after the topic that the subdevice uses. So every topic that is made here has both texts, and a topic of the hub
 * belongs to the subdevice only if it has both.
 *
 * `{topic}` is the topic as the subdevice writes it. `{topic_encoded}` is the topic in percent-encoding (RFC 3986 §2.1),
 * for hubs that read properties in the last level. A template for uplinks may have neither: then all topics of the
 * subdevice become one.
 */
import { fieldsOf, parseTemplate } from './template.ts';

/** Templates of both directions. */
export interface TopicTemplates {
  readonly uplink: string;
  readonly downlink: string;
}

/** Placeholders for the topic of the subdevice. */
export const OWN_TOPIC_PLACES = ['topic', 'topic_encoded'] as const;
type OwnTopicPlace = (typeof OWN_TOPIC_PLACES)[number];

/** Texts around the topic of the subdevice. */
export interface TopicShape {
  readonly before: string;
  readonly after: string;
  /** `undefined`: the template has no place for the topic, and `before` is the whole topic. */
  readonly place: OwnTopicPlace | undefined;
}

/** @param valueFor value of another placeholder; a placeholder without a value is filled with nothing */
export function shapeOf(template: string, valueFor: (name: string) => string | undefined): TopicShape {
  let before = '';
  let after = '';
  let place: OwnTopicPlace | undefined;
  for (const part of parseTemplate(template)) {
    const found = part.kind === 'field' ? placeNamed(part.name) : undefined;
    if (found !== undefined) place = found;
    else {
      const text = part.kind === 'text' ? part.text : (valueFor(part.name) ?? '');
      if (place === undefined) before += text;
      else after += text;
    }
  }
  return { before, after, place };
}

/** Returns the topic at the hub for a topic of the subdevice. */
export function topicAtHub({ before, after, place }: TopicShape, own: string): string {
  if (place === undefined) return before;
  // a text that cannot be encoded stays as it is, and is rejected as a topic
  const isEncoded = place === 'topic_encoded' && own.isWellFormed();
  return before + (isEncoded ? encodeURIComponent(own) : own) + after;
}

/**
 * Returns the topic of the subdevice for a topic at the hub. `undefined`: the topic does not belong to the subdevice,
 * or its own topic cannot be known.
 */
export function topicOfOwner({ before, after, place }: TopicShape, atHub: string): string | undefined {
  if (place === undefined || atHub.length <= before.length + after.length) return undefined;
  if (!atHub.startsWith(before) || !atHub.endsWith(after)) return undefined;
  const own = atHub.slice(before.length, atHub.length - after.length);
  return place === 'topic' ? own : decodedTopic(own);
}

/** Returns true if `shape` can result in `topic`, also if the topic of the subdevice cannot be known. */
export function reachesTopic(shape: TopicShape, topic: string): boolean {
  return shape.place === undefined ? shape.before === topic : topicOfOwner(shape, topic) !== undefined;
}

/** Returns true if a topic exists that both shapes can result in. Two shapes without a place share on purpose. */
export function canMeet(one: TopicShape, other: TopicShape): boolean {
  if (one.place === undefined && other.place === undefined) return false;
  if (one.place === undefined) return reachesTopic(other, one.before);
  if (other.place === undefined) return reachesTopic(one, other.before);
  const startsAlike = one.before.startsWith(other.before) || other.before.startsWith(one.before);
  return startsAlike && (one.after.endsWith(other.after) || other.after.endsWith(one.after));
}

/** Returns the placeholders of a template for the topic of the subdevice, in their order. */
export function topicPlacesOf(template: string): readonly string[] {
  return fieldsOf(parseTemplate(template)).filter((name) => placeNamed(name) !== undefined);
}

function placeNamed(name: string): OwnTopicPlace | undefined {
  return OWN_TOPIC_PLACES.find((place) => place === name);
}

/** @returns `undefined` if the text is not the percent-encoding that the gateway makes */
function decodedTopic(text: string): string | undefined {
  try {
    const own = decodeURIComponent(text);
    return encodeURIComponent(own) === text ? own : undefined;
  } catch {
    return undefined;
  }
}

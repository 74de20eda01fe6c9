/**
 * Template of the topics at the hub, `site/{subdevice}/up/{topic}`, filled for one subdevice: a fixed text before and
 * after the parts that vary, which are the topic that the subdevice uses and fields of its messages. So every topic
 * that is made here has both texts, and a topic of the hub belongs to the subdevice only if it has both.
 *
 * `{topic}` is the topic as the subdevice writes it. `{topic_encoded}` is the topic in percent-encoding (RFC 3986 §2.1),
 * for hubs that read properties in the last level. A template for uplinks may have neither: then all topics of the
 * subdevice become one. `{field:…}` and `{field_encoded:…}` are values of the message (`topic-field.ts`).
 */
import { DEFAULT_FALLBACK, type TopicField } from './topic-field.ts';

/** Templates of both directions. */
export interface TopicTemplates {
  readonly uplink: string;
  readonly downlink: string;
}

/** Placeholders for the topic of the subdevice. */
export const OWN_TOPIC_PLACES = ['topic', 'topic_encoded'] as const;
type OwnTopicPlace = (typeof OWN_TOPIC_PLACES)[number];

interface TextPart {
  readonly kind: 'text';
  readonly text: string;
}
interface TopicPart {
  readonly kind: 'topic';
  readonly place: OwnTopicPlace;
}
interface FieldPart {
  readonly kind: 'field';
  readonly field: TopicField;
}

export type TopicTemplatePart =
  | TextPart
  | TopicPart
  | FieldPart
  /** Placeholder with a value for each subdevice, or an unknown one. */
  | { readonly kind: 'name'; readonly name: string };

export type ShapePart = TextPart | TopicPart | FieldPart;

/** Topics of one subdevice: `before`, the parts that vary with the texts between them, `after`. */
export interface TopicShape {
  readonly before: string;
  /** Begins and ends with a part that varies. Empty: `before` is the whole topic. */
  readonly varying: readonly ShapePart[];
  readonly after: string;
}

/** Placeholder, or a field with its path and its fallback. */
const PLACE = /\{(?:(field|field_encoded):([^{}|]*)(?:\|([^{}]*))?|([A-Za-z_][A-Za-z0-9_]*))\}/g;

export function parseTopicTemplate(source: string): TopicTemplatePart[] {
  const parts: TopicTemplatePart[] = [];
  let at = 0;
  for (const found of source.matchAll(PLACE)) {
    if (found.index > at) parts.push({ kind: 'text', text: source.slice(at, found.index) });
    const [whole, form, path = '', fallback = DEFAULT_FALLBACK, name = ''] = found;
    const place = OWN_TOPIC_PLACES.find((one) => one === name);
    if (form !== undefined) parts.push({ kind: 'field', field: { path, isEncoded: form !== 'field', fallback } });
    else parts.push(place === undefined ? { kind: 'name', name } : { kind: 'topic', place });
    at = found.index + whole.length;
  }
  if (at < source.length) parts.push({ kind: 'text', text: source.slice(at) });
  return parts;
}

/** @param valueFor value of a placeholder; a placeholder without a value is filled with nothing */
export function shapeOf(template: string, valueFor: (name: string) => string | undefined): TopicShape {
  const filled: ShapePart[] = [];
  for (const part of parseTopicTemplate(template)) {
    const text = part.kind === 'text' ? part.text : part.kind === 'name' ? (valueFor(part.name) ?? '') : undefined;
    const last = filled.at(-1);
    if (text === undefined) filled.push(part as TopicPart | FieldPart);
    else if (last?.kind === 'text') filled.splice(-1, 1, { kind: 'text', text: last.text + text });
    else if (text !== '') filled.push({ kind: 'text', text });
  }
  const before = textAt(filled, 0);
  const after = filled.length > 1 ? textAt(filled, -1) : '';
  return { before, varying: filled.slice(before === '' ? 0 : 1, after === '' ? undefined : -1), after };
}

/** Returns the topic at the hub for a topic of the subdevice. @param textFor text of a field; its fallback by default */
export function topicAtHub(
  { before, varying, after }: TopicShape,
  own: string,
  textFor: (field: TopicField) => string = ({ fallback }) => fallback,
): string {
  let topic = before;
  for (const part of varying)
    topic += part.kind === 'text' ? part.text : part.kind === 'field' ? textFor(part.field) : ownText(part.place, own);
  return topic + after;
}

/** Returns the fields of the message in the topics. */
export function fieldsIn({ varying }: TopicShape): TopicField[] {
  return varying.flatMap((part) => (part.kind === 'field' ? [part.field] : []));
}

/** Placeholder for the topic of the subdevice. `undefined`: the template has none. */
export function placeIn({ varying }: TopicShape): OwnTopicPlace | undefined {
  return varying.find((part) => part.kind === 'topic')?.place;
}

/** Returns true if the subdevice cannot choose its topic, because there is only one. */
export function isFixed({ varying }: TopicShape): boolean {
  return varying.length === 0;
}

/**
 * Returns the topic of the subdevice for a topic at the hub. `undefined`: the topic does not belong to the subdevice,
 * or its own topic cannot be known.
 */
export function topicOfOwner(shape: TopicShape, atHub: string): string | undefined {
  const place = placeIn(shape);
  const own = place === undefined ? undefined : variedTexts(shape, atHub)?.own;
  return own === undefined || place === 'topic' ? own : decodedTopic(own);
}

/** Returns true if `shape` can result in `topic`, also if the topic of the subdevice cannot be known. */
export function reachesTopic(shape: TopicShape, topic: string): boolean {
  if (isFixed(shape)) return shape.before === topic;
  return placeIn(shape) === undefined
    ? variedTexts(shape, topic) !== undefined
    : topicOfOwner(shape, topic) !== undefined;
}

interface VariedTexts {
  /** `undefined`: the shape has no place for the topic of the subdevice. */
  readonly own: string | undefined;
}

/** @returns `undefined` if the shape cannot result in the topic, apart from the encoding of `own` */
function variedTexts({ before, varying, after }: TopicShape, atHub: string): VariedTexts | undefined {
  if (atHub.length <= before.length + after.length) return undefined;
  if (!atHub.startsWith(before) || !atHub.endsWith(after)) return undefined;
  const text = atHub.slice(before.length, atHub.length - after.length);
  if (varying.length === 1 && varying[0]?.kind === 'topic') return { own: text };
  const found = new RegExp(`^${varying.map(patternOf).join('')}$`, 'su').exec(text);
  return found === null ? undefined : { own: found[1] };
}

/** A field has no separator of levels, and only one part is the own topic, so a text has one division into the parts. */
function patternOf(part: ShapePart): string {
  if (part.kind === 'text') return RegExp.escape(part.text);
  if (part.kind === 'topic') return '(.+)';
  return part.field.isEncoded ? '[A-Za-z0-9_~%\\-]+' : '[^\\/]+';
}

function textAt(parts: readonly ShapePart[], index: number): string {
  const part = parts.at(index);
  return part?.kind === 'text' ? part.text : '';
}

function ownText(place: OwnTopicPlace, own: string): string {
  // a text that cannot be encoded stays as it is, and is rejected as a topic
  return place === 'topic_encoded' && own.isWellFormed() ? encodeURIComponent(own) : own;
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

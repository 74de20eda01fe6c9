/**
 * What one line says: whose it is, on which topic, with which fields, and what would be answered to it.
 *
 *     octets ▶ check ▶ text ▶ fields (groups of the pattern, members of the JSON object) ▶ topic, payload, answers
 *
 * Invariants: total; a value can make neither a level nor a wildcard nor a service name in a topic, nor a second line in
 * an answer; whatever a template needs is there and short, or the line is malformed.
 */
import { fillTemplate, type Template } from '../base/template.ts';
import { crc32 } from '../codec/crc32.ts';
import { removeCheck } from '../codec/line-check.ts';
import { decodeText } from '../codec/lines.ts';
import type { LineOutlet, LineShape } from './lines-outlet.ts';

/** Matches in time linear in the text. */
export interface LinePattern {
  match(text: string): ReadonlyMap<string, string> | undefined;
}

export interface ReadingTerms extends LineShape {
  readonly subdevice: string;
  readonly subdeviceField: string | undefined;
  /** Whom `subdeviceField` may name. */
  readonly allowedSubdevices: readonly string[] | undefined;
  readonly format: 'text' | 'ndjson';
  readonly pattern: LinePattern | undefined;
  readonly topic: Template;
  readonly payload: 'line' | 'json';
  readonly answers:
    | {
        readonly ack: Template;
        readonly busy: Template | undefined;
        readonly refused: Template | undefined;
        readonly sequence: string | undefined;
      }
    | undefined;
  readonly downlinkAck: LinePattern | undefined;
}

export interface LineMessage {
  readonly kind: 'message';
  readonly subdevice: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  /** What tells it from other lines. */
  readonly identity: string;
  /** It has a number, so that the same line again is the same message again. */
  readonly isNumbered: boolean;
  readonly answers: LineAnswers | undefined;
}

/** Whole lines; `undefined`: nothing is said. */
export interface LineAnswers {
  readonly ack: Uint8Array;
  readonly busy: Uint8Array | undefined;
  readonly refused: Uint8Array | undefined;
}

export type Reading =
  | LineMessage
  /** The device answers a downlink, of that number if it says so. */
  | { readonly kind: 'answer'; readonly number: string | undefined }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'malformed' };

type Fields = ReadonlyMap<string, string>;

/** A topic is at most 255 characters at any hub we know, and it has other parts too. */
const TOPIC_VALUE_MAX = 128;
const MALFORMED: Reading = { kind: 'malformed' };

export function readLine(line: Uint8Array, terms: ReadingTerms, outlet: LineOutlet): Reading {
  const body = removeCheck(line, terms.check);
  if (body === undefined) return { kind: 'damaged' };
  const text = decodeText(body, terms.encoding);
  if (text === undefined) return MALFORMED;
  const answer = terms.downlinkAck?.match(text);
  if (answer !== undefined) return { kind: 'answer', number: answer.get('number') };
  const said = fieldsIn(text, terms);
  const subdevice = said === undefined ? undefined : subdeviceOf(said, terms);
  if (said === undefined || subdevice === undefined) return MALFORMED;
  const fields = new Map(said).set('subdevice', subdevice);
  const topic = fillTemplate(terms.topic, (name) => topicValue(fields.get(name)));
  const answers = answersTo(fields, terms, outlet);
  const { sequence } = terms.answers ?? {};
  if (topic === undefined || answers === 'impossible' || (sequence !== undefined && !fields.has(sequence)))
    return MALFORMED;
  return {
    ...{ kind: 'message', subdevice, topic, answers, isNumbered: sequence !== undefined },
    payload: payloadOf({ body, text, fields: said }, terms),
    identity: `${subdevice} ${fields.get(sequence ?? '') ?? ''} ${body.length} ${crc32(body)}`,
  };
}

function fieldsIn(text: string, { format, pattern }: ReadingTerms): Fields | undefined {
  if (format === 'ndjson') return membersIn(text);
  return pattern === undefined ? new Map() : pattern.match(text);
}

/** Members of a JSON object that are texts, truth values, or numbers that JavaScript can spell as they came. */
function membersIn(text: string): Fields | undefined {
  const object = objectIn(text);
  if (object === undefined) return undefined;
  return new Map(
    Object.entries(object).flatMap(([name, value]) => {
      if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) return [];
      const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
      return isScalar ? [[name, String(value)] as const] : [];
    }),
  );
}

function objectIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function subdeviceOf(fields: Fields, terms: ReadingTerms): string | undefined {
  const named = terms.subdeviceField === undefined ? undefined : fields.get(terms.subdeviceField);
  if (named === undefined) return terms.subdevice;
  return terms.allowedSubdevices?.includes(named) === true ? named : undefined;
}

/** Letters, digits and -_.~ stay; everything else is %XX of its UTF-8: different values, different topics. */
function topicValue(value: string | undefined): string | undefined {
  if (value === undefined || value === '' || value.length > TOPIC_VALUE_MAX || !value.isWellFormed()) return undefined;
  return encodeURIComponent(value).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

function answersTo(fields: Fields, terms: ReadingTerms, outlet: LineOutlet): LineAnswers | undefined | 'impossible' {
  if (terms.answers === undefined) return undefined;
  const say = (template: Template | undefined): Uint8Array | undefined => {
    const text = template && fillTemplate(template, (name) => writtenValue(fields.get(name), terms.format));
    const line = text === undefined ? undefined : outlet.lineOf(text);
    return typeof line === 'string' ? undefined : line;
  };
  const ack = say(terms.answers.ack);
  if (ack === undefined) return 'impossible';
  return { ack, busy: say(terms.answers.busy), refused: say(terms.answers.refused) };
}

/** In JSON a value is what may stand between the quotes of a text, or a number as it is. */
export function writtenValue(value: string | undefined, format: 'text' | 'ndjson'): string | undefined {
  return value === undefined || format === 'text' ? value : JSON.stringify(value).slice(1, -1);
}

function payloadOf(
  line: { readonly body: Uint8Array; readonly text: string; readonly fields: Fields },
  { payload, encoding }: ReadingTerms,
): Uint8Array {
  if (payload === 'json') return new TextEncoder().encode(JSON.stringify(Object.fromEntries(line.fields)));
  return encoding === 'latin1' ? new TextEncoder().encode(line.text) : line.body.slice();
}

/**
 * What one line says: whose it is, on which topic, with which fields, and what would be answered to it.
 *
 *     octets ▶ check ▶ text ▶ fields (groups of the pattern, members of the JSON object) ▶ topic, payload, answers
 *
 * Invariants: total; a value can make neither a level nor a wildcard nor a service name in a topic, nor a second line in
 * an answer; whatever a template needs is there and short, or the line is malformed.
 */
import type { DiscardReason } from '../../base/discard.ts';
import { fieldsOf, fillTemplate, type Template } from '../../base/template.ts';
import { crc32 } from '../../codec/crc32.ts';
import { removeCheck, withoutCheck } from '../../codec/line-check.ts';
import { decodeText } from '../../codec/lines.ts';
import { isNoise } from '../../codec/noise.ts';
import type { LinePacketSink, LineShape } from './packet-sink.ts';

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
  readonly downlinkRefused: LinePattern | undefined;
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

/** The device answers a downlink. */
export interface DownlinkAnswer {
  readonly kind: 'answer';
  /** Of the downlink, if it says so. */
  readonly number: string | undefined;
  /** Why it refuses the downlink; `undefined`: it has taken it. */
  readonly refusal: string | undefined;
}

/** A line that is no message. */
export interface Rejection {
  readonly kind: 'rejected';
  readonly reason: DiscardReason;
  /** What is the matter, beside the reason. */
  readonly detail: string | undefined;
  /**
   * Whole line for the device that waits for an answer: `refused` if the line would be no message either when it came
   * again; `busy`, so that it comes again, if it was damaged on the way. `undefined`: it cannot be formed, or nobody waits.
   */
  readonly answer: Uint8Array | undefined;
}

export type LineReading = LineMessage | DownlinkAnswer | Rejection;

type Fields = ReadonlyMap<string, string>;

/** A topic is at most 255 characters at any hub we know, and it has other parts too. */
const TOPIC_VALUE_MAX = 128;
/** Of the words of a device. */
const REFUSAL_CHARS_MAX = 128;

export function readLine(line: Uint8Array, terms: ReadingTerms, sink: LinePacketSink): LineReading {
  const body = removeCheck(line, terms.check);
  if (body === undefined) return damaged('line check', line, { terms, sink });
  const text = decodeText(body, terms.encoding);
  const answer = text === undefined ? undefined : answerIn(text, terms);
  if (answer !== undefined) return answer;
  const said = text === undefined ? undefined : fieldsIn(text, terms);
  // what is legible of a line that cannot be read
  const legible = said ?? legibleFields(text ?? textOf(body), terms);
  const rejected = (reason: DiscardReason, detail?: string): Rejection => ({
    ...{ kind: 'rejected', reason, detail },
    answer: answerLine(terms.answers?.refused, named(legible, terms), { terms, sink }),
  });
  if (said === undefined && terms.check.kind === 'none' && isNoise(body))
    return damaged('line noise', line, { terms, sink });
  if (text === undefined) return rejected('line encoding');
  if (said === undefined) return rejected(terms.format === 'ndjson' ? 'line not JSON' : 'line pattern');
  const subdevice = subdeviceOf(said, terms);
  if (subdevice === undefined) return rejected('line subdevice', `${terms.subdeviceField} names none of this link`);
  const fields = new Map(said).set('subdevice', subdevice);
  const topic = fillTemplate(terms.topic, (name) => topicValue(fields.get(name)));
  if (topic === undefined) return rejected('line field', missingIn(terms.topic, fields, topicValue));
  const { sequence, ack } = terms.answers ?? {};
  if (sequence !== undefined && !fields.has(sequence)) return rejected('line sequence', `${sequence} is missing`);
  const answers = answersTo(fields, terms, sink);
  if (answers === 'impossible')
    return rejected(
      'line field',
      missingIn(ack ?? [], fields, (value) => value),
    );
  return {
    ...{ kind: 'message', subdevice, topic, answers, isNumbered: sequence !== undefined },
    payload: payloadOf({ body, text, fields: said }, terms),
    identity: `${subdevice} ${fields.get(sequence ?? '') ?? ''} ${body.length} ${crc32(body)}`,
  };
}

/** @param begun beginning of a line that is too long */
export function readOverlong(begun: Uint8Array, terms: ReadingTerms, sink: LinePacketSink): Rejection {
  // two lines whose delimiter was damaged are one that is too long
  if (terms.check.kind !== 'none' || isNoise(begun)) {
    const reason = isNoise(begun) ? 'line noise' : 'line too long';
    return damaged(reason, begun, { terms, sink });
  }
  // a number at the cut may have more digits
  const legible = terms.format === 'text' ? new Map() : legibleFields(`${textOf(begun)}…`, terms);
  const answer = answerLine(terms.answers?.refused, named(legible, terms), { terms, sink });
  return { kind: 'rejected', reason: 'line too long', detail: undefined, answer };
}

function damaged(
  reason: DiscardReason,
  line: Uint8Array,
  { terms, sink }: { readonly terms: ReadingTerms; readonly sink: LinePacketSink },
): Rejection {
  const legible = legibleFields(textOf(withoutCheck(line, terms.check)), terms);
  const answer = answerLine(terms.answers?.busy, named(legible, terms), { terms, sink });
  return { kind: 'rejected', reason, detail: undefined, answer };
}

/** One character an octet. */
function textOf(octets: Uint8Array): string {
  return decodeText(octets, 'bytes') ?? '';
}

function answerIn(text: string, { downlinkAck, downlinkRefused }: ReadingTerms): DownlinkAnswer | undefined {
  const taken = downlinkAck?.match(text);
  if (taken !== undefined) return { kind: 'answer', number: taken.get('number'), refusal: undefined };
  const refused = downlinkRefused?.match(text);
  if (refused === undefined) return undefined;
  const refusal = (refused.get('reason') ?? text).slice(0, REFUSAL_CHARS_MAX);
  return { kind: 'answer', number: refused.get('number'), refusal };
}

function missingIn(template: Template, fields: Fields, wordOf: (value: string | undefined) => string | undefined) {
  const name = fieldsOf(template).find((field) => wordOf(fields.get(field)) === undefined);
  if (name === undefined) return 'its answer is no line';
  return `${name} ${fields.has(name) ? 'is empty or too long for a topic' : 'is missing'}`;
}

function fieldsIn(text: string, { format, pattern }: ReadingTerms): Fields | undefined {
  if (format === 'ndjson') return membersIn(text);
  return pattern === undefined ? new Map() : pattern.match(text);
}

/** Members of a JSON object that are texts, truth values, or numbers, which stay as they are written. */
function membersIn(text: string): Fields | undefined {
  const object = objectIn(text);
  if (object === undefined) return undefined;
  return new Map(
    Object.entries(object).flatMap(([name, value]) => {
      if (value instanceof Numeral) return [[name, value.source] as const];
      return typeof value === 'string' || typeof value === 'boolean' ? [[name, String(value)] as const] : [];
    }),
  );
}

/** A number as it is written: an integer of any length is no other integer. */
class Numeral {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Reviver = (name: string, value: unknown, context: { readonly source?: string }) => unknown;

const keepNumerals: Reviver = (_, value, { source }) =>
  typeof value === 'number' ? new Numeral(source ?? String(value)) : value;

function objectIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text, keepNumerals as Parameters<typeof JSON.parse>[1]);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Of a line that is no message: the fields that an answer needs, each where it stands in it exactly once and ends there. */
function legibleFields(text: string, { format, pattern, answers }: ReadingTerms): Fields {
  if (format === 'text') return pattern?.match(text) ?? new Map();
  const fields = new Map<string, string>();
  for (const name of fieldsOf([...(answers?.refused ?? []), ...(answers?.busy ?? [])])) {
    const [, value, ...others] = text.split(new RegExp(`"${name}"\\s*:`));
    const found = /^\s*(?:"([^"\\\u0000-\u001f]*)"|(-?[0-9]+)(?=[\s,}]|$))/.exec(value ?? '');
    const said = found?.[1] ?? found?.[2];
    if (said !== undefined && others.length === 0) fields.set(name, said);
  }
  return fields;
}

/** With the name that an answer is to have in it. */
function named(fields: Fields, terms: ReadingTerms): Fields {
  const said = terms.subdeviceField === undefined ? undefined : fields.get(terms.subdeviceField);
  return new Map(fields).set('subdevice', said ?? terms.subdevice);
}

function subdeviceOf(fields: Fields, terms: ReadingTerms): string | undefined {
  const name = terms.subdeviceField === undefined ? undefined : fields.get(terms.subdeviceField);
  if (name === undefined) return terms.subdevice;
  return terms.allowedSubdevices?.includes(name) === true ? name : undefined;
}

/** Letters, digits and -_.~ stay; everything else is %XX of its UTF-8: different values, different topics. */
function topicValue(value: string | undefined): string | undefined {
  if (value === undefined || value === '' || value.length > TOPIC_VALUE_MAX || !value.isWellFormed()) return undefined;
  return encodeURIComponent(value).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

function answersTo(fields: Fields, terms: ReadingTerms, sink: LinePacketSink): LineAnswers | undefined | 'impossible' {
  if (terms.answers === undefined) return undefined;
  const say = (template: Template | undefined) => answerLine(template, fields, { terms, sink });
  const ack = say(terms.answers.ack);
  if (ack === undefined) return 'impossible';
  return { ack, busy: say(terms.answers.busy), refused: say(terms.answers.refused) };
}

function answerLine(
  template: Template | undefined,
  fields: Fields,
  { terms, sink }: { readonly terms: ReadingTerms; readonly sink: LinePacketSink },
): Uint8Array | undefined {
  const text = template && fillTemplate(template, (name) => writtenValue(fields.get(name), terms.format));
  const line = text === undefined ? undefined : sink.lineOf(text);
  return line instanceof Uint8Array ? line : undefined;
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

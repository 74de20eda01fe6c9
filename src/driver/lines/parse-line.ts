/**
 * Content of one line: its subdevice, topic, fields and possible answers.
 *
 *     octets ▶ check ▶ text ▶ fields (groups of the pattern, members of the JSON object) ▶ topic, payload, answers
 *
 * Invariants: total. A value cannot add a level, a wildcard or a service name to a topic, nor a second line to an
 * answer. All fields of a template must be present and short, otherwise the line is malformed.
 */
import type { DiscardReason } from '../../base/discard.ts';
import { fieldsOf, fillTemplate, type Template } from '../../base/template.ts';
import { crc32 } from '../../codec/crc32.ts';
import { removeCheck, withoutCheck } from '../../codec/line-check.ts';
import { decodeText } from '../../codec/lines.ts';
import { isNoise } from '../../codec/noise.ts';
import type { LinePattern } from './line-pattern.ts';
import type { LinesSection } from './link-keys.ts';
import type { LinePacketSink, LineShape } from './packet-sink.ts';
import { type FieldPlan, readTyped } from './typed-fields.ts';

export interface ReadingTerms extends LineShape {
  readonly subdevice: string;
  readonly subdeviceField: string | undefined;
  /** Names that `subdeviceField` may contain. */
  readonly allowedSubdevices: readonly string[] | undefined;
  readonly format: LinesSection['format'];
  readonly pattern: LinePattern | undefined;
  /** Fields with types, besides the groups of `pattern`. */
  readonly fields: readonly FieldPlan[];
  readonly topic: Template;
  readonly payload: LinesSection['payload'];
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
  /** Value that distinguishes this line from others. */
  readonly identity: string;
  /** The line has a number, so the same line again is the same message again. */
  readonly isNumbered: boolean;
  readonly answers: LineAnswers | undefined;
}

/** Possible answers to a line, each as a whole line. `undefined`: this answer is not sent. */
export interface LineAnswers {
  readonly ack: Uint8Array;
  readonly busy: Uint8Array | undefined;
  readonly refused: Uint8Array | undefined;
}

/** Answer of the device to a downlink. */
export interface DownlinkAnswer {
  readonly kind: 'answer';
  /** Number of the downlink, if the answer contains it. */
  readonly number: string | undefined;
  /** Reason why the device rejects the downlink. `undefined`: accepted. */
  readonly refusal: string | undefined;
}

/** A line that is not a message. */
export interface Rejection {
  readonly kind: 'rejected';
  readonly reason: DiscardReason;
  /** Detail beside the reason. */
  readonly detail: string | undefined;
  /**
   * Answer to a device that waits for one, as a whole line: `refused` if a repetition would be invalid too, `busy` if
   * the line was damaged on the way and a repetition may succeed. `undefined`: no answer can be formed, or the device
   * does not wait.
   */
  readonly answer: Uint8Array | undefined;
}

export type LineReading = LineMessage | DownlinkAnswer | Rejection;

type Fields = ReadonlyMap<string, string>;

/**
 * Largest length of a value that becomes part of a topic, characters. All known hubs limit topics to 255 characters,
 * and a topic has other parts too.
 */
const TOPIC_VALUE_MAX = 128;
/** Largest number of characters taken from a device's text. */
const REFUSAL_CHARS_MAX = 128;

export function readLine(line: Uint8Array, terms: ReadingTerms, sink: LinePacketSink): LineReading {
  const body = removeCheck(line, terms.check);
  if (body === undefined) return damaged('line check', line, { terms, sink });
  const text = decodeText(body, terms.encoding);
  const answer = text === undefined ? undefined : answerIn(text, terms);
  if (answer !== undefined) return answer;
  const parsed = text === undefined ? undefined : fieldsIn(text, terms);
  // an invalid line may have readable fields, which the answer needs
  const readable = parsed ?? readableFields(text ?? textOf(body), terms);
  const rejected = (reason: DiscardReason, detail?: string): Rejection => ({
    kind: 'rejected',
    reason,
    detail,
    answer: answerLine(terms.answers?.refused, named(readable, terms), { terms, sink }),
  });
  if (parsed === undefined && terms.check.kind === 'none' && isNoise(body))
    return damaged('line noise', line, { terms, sink });
  if (text === undefined) return rejected('line encoding');
  if (parsed === undefined) return rejected(terms.format === 'ndjson' ? 'line not JSON' : 'line pattern');
  const typed = readTyped(text, parsed, terms.fields);
  if (typeof typed === 'string') return rejected('line field', typed);
  const subdevice = subdeviceOf(typed.texts, terms);
  if (subdevice === undefined)
    return rejected('line subdevice', `${terms.subdeviceField} names no subdevice of this link`);
  const fields = new Map(typed.texts).set('subdevice', subdevice);
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
    kind: 'message',
    subdevice,
    topic,
    answers,
    isNumbered: sequence !== undefined,
    payload: payloadOf({ body, text, json: typed.json }, terms),
    identity: `${subdevice} ${fields.get(sequence ?? '') ?? ''} ${body.length} ${crc32(body)}`,
  };
}

/** @param begun beginning of a line that is too long */
export function readOverlong(begun: Uint8Array, terms: ReadingTerms, sink: LinePacketSink): Rejection {
  // two lines with a damaged delimiter between them form one that is too long
  if (terms.check.kind !== 'none' || isNoise(begun)) {
    const reason = isNoise(begun) ? 'line noise' : 'line too long';
    return damaged(reason, begun, { terms, sink });
  }
  // a number at the cut may have more digits
  const readable = terms.format === 'text' ? new Map() : readableFields(`${textOf(begun)}…`, terms);
  const answer = answerLine(terms.answers?.refused, named(readable, terms), { terms, sink });
  return { kind: 'rejected', reason: 'line too long', detail: undefined, answer };
}

function damaged(
  reason: DiscardReason,
  line: Uint8Array,
  { terms, sink }: { readonly terms: ReadingTerms; readonly sink: LinePacketSink },
): Rejection {
  const readable = readableFields(textOf(withoutCheck(line, terms.check)), terms);
  const answer = answerLine(terms.answers?.busy, named(readable, terms), { terms, sink });
  return { kind: 'rejected', reason, detail: undefined, answer };
}

/** Decodes octets as text, one character per octet. */
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
  if (name === undefined) return 'its answer is not a valid line';
  return `${name} ${fields.has(name) ? 'is empty or too long for a topic' : 'is missing'}`;
}

function fieldsIn(text: string, { format, pattern }: ReadingTerms): Fields | undefined {
  if (format === 'ndjson') return membersIn(text);
  return pattern === undefined ? new Map() : pattern.match(text);
}

/** Members of a JSON object that are strings, truth values, or numbers. Numbers stay as written. */
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

/** Number as written: two integers that differ only beyond a double's precision stay different. */
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

/** Fields of an invalid line that an answer needs. A field counts only if it occurs exactly once and is complete. */
function readableFields(text: string, { format, pattern, answers }: ReadingTerms): Fields {
  if (format === 'text') return pattern?.match(text) ?? new Map();
  const fields = new Map<string, string>();
  for (const name of fieldsOf([...(answers?.refused ?? []), ...(answers?.busy ?? [])])) {
    const [, value, ...others] = text.split(new RegExp(`"${name}"\\s*:`));
    const found = /^\s*(?:"([^"\\\u0000-\u001f]*)"|(-?[0-9]+)(?=[\s,}]|$))/.exec(value ?? '');
    const member = found?.[1] ?? found?.[2];
    if (member !== undefined && others.length === 0) fields.set(name, member);
  }
  return fields;
}

/** Fields with the subdevice's name for an answer. */
function named(fields: Fields, terms: ReadingTerms): Fields {
  const name = terms.subdeviceField === undefined ? undefined : fields.get(terms.subdeviceField);
  return new Map(fields).set('subdevice', name ?? terms.subdevice);
}

function subdeviceOf(fields: Fields, terms: ReadingTerms): string | undefined {
  const name = terms.subdeviceField === undefined ? undefined : fields.get(terms.subdeviceField);
  if (name === undefined) return terms.subdevice;
  return terms.allowedSubdevices?.includes(name) === true ? name : undefined;
}

/**
 * Encodes a value for a topic. Letters, digits and -_.~ stay; other characters become %XX of their UTF-8, so different
 * values give different topics. `undefined`: the value is absent, empty, too long or malformed.
 */
function topicValue(value: string | undefined): string | undefined {
  if (value === undefined || value === '' || value.length > TOPIC_VALUE_MAX || !value.isWellFormed()) return undefined;
  return encodeURIComponent(value).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

function answersTo(fields: Fields, terms: ReadingTerms, sink: LinePacketSink): LineAnswers | undefined | 'impossible' {
  if (terms.answers === undefined) return undefined;
  const lineFor = (template: Template | undefined) => answerLine(template, fields, { terms, sink });
  const ack = lineFor(terms.answers.ack);
  if (ack === undefined) return 'impossible';
  return { ack, busy: lineFor(terms.answers.busy), refused: lineFor(terms.answers.refused) };
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

/** Text of a value in an answer. In JSON: the content of a string, or a number as written. */
export function writtenValue(value: string | undefined, format: LinesSection['format']): string | undefined {
  return value === undefined || format === 'text' ? value : JSON.stringify(value).slice(1, -1);
}

function payloadOf(
  line: { readonly body: Uint8Array; readonly text: string; readonly json: Fields },
  { payload, encoding }: ReadingTerms,
): Uint8Array {
  if (payload === 'json') {
    const members = [...line.json].map(([name, value]) => `${JSON.stringify(name)}:${value}`);
    return new TextEncoder().encode(`{${members.join(',')}}`);
  }
  return encoding === 'latin1' ? new TextEncoder().encode(line.text) : line.body.slice();
}

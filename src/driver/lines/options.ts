/** Conversion of a valid `[link.lines]` into options of the machine: templates are parsed, patterns compiled. */
import { parseTemplate, type Template } from '../../base/template.ts';
import { readoutRequest } from '../../codec/iec62056.ts';
import { checkBytes, type LineCheck } from '../../codec/line-check.ts';
import { compilePattern, type Pattern } from '../../config/kinds/pattern.ts';
import type { AskSection } from './ask-keys.ts';
import type { AskPlan } from './asks.ts';
import type { FieldSection } from './field-keys.ts';
import type { LinesLinkOptions } from './link.ts';
import type { LinesSection } from './link-keys.ts';
import type { ReadoutSection } from './readout-keys.ts';
import type { FieldPlan } from './typed-fields.ts';

/** `[link.lines]` in the form for the machine. */
export type LinesOptions = Omit<
  LinesLinkOptions,
  'random' | 'reopen' | 'uplinksMax' | 'baudRate' | 'retryMs' | 'retriesMax' | 'allowedSubdevices'
>;

/** @param dataBits of the link */
export function decodeLines(lines: LinesSection, dataBits: number): LinesOptions {
  const check = checkOf(lines);
  return {
    subdevice: lines.subdevice,
    subdeviceField: lines.subdevice_field,
    format: lines.format,
    delimiter: octetsOf(lines.delimiter),
    start: lines.start === undefined ? undefined : octetsOf(lines.start),
    fixedBytes: lines.line_bytes,
    telegramBegin: patternOf(lines.telegram_begin),
    telegramEnd: patternOf(lines.telegram_end),
    lineBytesMax: lines.line_bytes_max,
    encoding: lines.encoding,
    bitSeven: lines.bit_7,
    skipsNul: lines.skip_nul,
    isSevenBit: dataBits === 7 || lines.bit_7 !== 'data',
    check,
    tailBytes: isAfterDelimiter(lines) ? checkBytes(check) : 0,
    pattern: patternOf(lines.pattern),
    fields: lines.field.map(fieldOf),
    asks: [...lines.ask.map((ask) => askOf(ask, lines)), ...lines.readout.map((one) => readoutOf(one, lines))],
    topic: parseTemplate(lines.topic),
    payload: lines.payload,
    answers: answersOf(lines),
    // a device that is asked is present once it has answered
    attach: lines.ask.length + lines.readout.length === 0 ? lines.attach : 'line',
    silenceMs: lines.silence_s * 1000,
    skipsFirstLine: lines.skip_first_line,
    isEchoed: lines.echo,
    downlinks: lines.downlinks,
    downlink: parseTemplate(lines.downlink),
    downlinkAck: patternOf(lines.downlink_ack),
    downlinkRefused: patternOf(lines.downlink_refused),
  };
}

function askOf(ask: AskSection, lines: LinesSection): AskPlan {
  return {
    name: ask.name,
    subdevice: ask.subdevice ?? lines.subdevice,
    bytes: Uint8Array.from(Buffer.from(ask.send, 'latin1')),
    everyMs: ask.every_ms,
    answer: patternOf(ask.answer),
    topic: parseTemplate(ask.topic ?? lines.topic),
    readout: undefined,
  };
}

function readoutOf(readout: ReadoutSection, lines: LinesSection): AskPlan {
  return {
    name: readout.name,
    subdevice: readout.subdevice ?? lines.subdevice,
    bytes: readoutRequest(readout.address ?? ''),
    everyMs: readout.every_ms,
    answer: undefined,
    topic: parseTemplate(readout.topic ?? lines.topic),
    readout: { speedMax: readout.speed_max },
  };
}

function fieldOf(field: FieldSection): FieldPlan {
  return {
    name: field.name,
    pattern: patternOf(field.pattern),
    type: field.type,
    decimal: field.decimal,
    unitField: field.unit_field,
    trueTexts: field.true_texts,
    falseTexts: field.false_texts,
    isOptional: field.optional,
  };
}

function checkOf(lines: LinesSection): LineCheck {
  const { check, check_separator = '*', check_form: form, check_range: range, start } = lines;
  if (check === 'none') return { kind: check };
  if (check === 'dsmr') return { kind: check, separator: octetsOf('!') };
  const separator = octetsOf(isAfterDelimiter(lines) ? lines.delimiter : check_separator);
  return {
    kind: check,
    separator,
    form,
    start: start === undefined ? undefined : octetsOf(start),
    coversStart: range === 'start' || range === 'all',
    coversSeparator: range === 'separator' || range === 'all',
  };
}

function isAfterDelimiter({ check, check_place }: LinesSection): boolean {
  return check !== 'none' && check_place === 'after-delimiter';
}

function answersOf({ ack, busy, refused, sequence }: LinesSection): LinesOptions['answers'] {
  if (ack === undefined) return undefined;
  const optional = (text: string | undefined): Template | undefined =>
    text === undefined ? undefined : parseTemplate(text);
  return { ack: parseTemplate(ack), busy: optional(busy), refused: optional(refused), sequence };
}

/** Compiles a pattern that the rules have already checked. */
function patternOf(source: string | undefined): Pattern | undefined {
  const compiled = source === undefined ? undefined : compilePattern(source);
  return compiled?.ok === true ? compiled.value : undefined;
}

function octetsOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Compiles the text of a pattern in the header of a recording. @throws if the text is not a valid pattern */
export function recallPattern(recorded: object | undefined): Pattern | undefined {
  if (recorded === undefined) return undefined;
  const pattern = compilePattern('source' in recorded ? String(recorded.source) : '');
  if (!pattern.ok) throw new Error(pattern.problem);
  return pattern.value;
}

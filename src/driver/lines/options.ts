/** Conversion of a valid `[link.lines]` into options of the machine: templates are parsed, patterns compiled. */
import { parseTemplate, type Template } from '../../base/template.ts';
import { compilePattern, type Pattern } from '../../config/kinds/pattern.ts';
import type { LinesLinkOptions } from './link.ts';
import type { LinesSection } from './link-keys.ts';

/** `[link.lines]` in the form for the machine. */
export type LinesOptions = Omit<
  LinesLinkOptions,
  'random' | 'reopen' | 'uplinksMax' | 'retryMs' | 'retriesMax' | 'allowedSubdevices'
>;

export function decodeLines(lines: LinesSection): LinesOptions {
  const { check } = lines;
  return {
    subdevice: lines.subdevice,
    subdeviceField: lines.subdevice_field,
    format: lines.format,
    delimiter: octetsOf(lines.delimiter),
    lineBytesMax: lines.line_bytes_max,
    encoding: lines.encoding,
    check: check === 'none' ? { kind: check } : { kind: check, separator: octetsOf(lines.check_separator) },
    pattern: patternOf(lines.pattern),
    topic: parseTemplate(lines.topic),
    payload: lines.payload,
    answers: answersOf(lines),
    attach: lines.attach,
    silenceMs: lines.silence_s * 1000,
    skipsFirstLine: lines.skip_first_line,
    isEchoed: lines.echo,
    downlinks: lines.downlinks,
    downlink: parseTemplate(lines.downlink),
    downlinkAck: patternOf(lines.downlink_ack),
    downlinkRefused: patternOf(lines.downlink_refused),
  };
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

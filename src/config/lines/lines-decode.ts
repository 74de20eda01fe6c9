/** `[link.lines]` without a problem becomes a `LinesConfig`: templates parsed, patterns compiled. */
import { parseTemplate, type Template } from '../../base/template.ts';
import { compilePattern, type Pattern } from '../pattern.ts';
import type { LinesSection } from './lines-keys.ts';
import type { AnswersConfig, LinesConfig } from './lines-schema.ts';

export function decodeLines(lines: LinesSection): LinesConfig {
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

function answersOf({ ack, busy, refused, sequence }: LinesSection): AnswersConfig | undefined {
  if (ack === undefined) return undefined;
  const optional = (text: string | undefined): Template | undefined =>
    text === undefined ? undefined : parseTemplate(text);
  return { ack: parseTemplate(ack), busy: optional(busy), refused: optional(refused), sequence };
}

/** The rules have seen that it compiles. */
function patternOf(source: string | undefined): Pattern | undefined {
  const compiled = source === undefined ? undefined : compilePattern(source);
  return compiled?.ok === true ? compiled.value : undefined;
}

function octetsOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

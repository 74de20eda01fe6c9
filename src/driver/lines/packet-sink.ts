/**
 * Actions of one input in their order, counters, and the conversion from a text to the octets of a line. Shared by the
 * parts of a link of lines.
 */
import { type DiscardReason, type ExcessSize, sampleBytes } from '../../base/discard.ts';
import { type LinkCounters, NO_COUNTS } from '../../base/link-counters.ts';
import type { ChannelAction } from '../../base/machine.ts';
import { type ByteCleaning, withParity } from '../../codec/bit-seven.ts';
import { appendCheck, type LineCheck } from '../../codec/line-check.ts';
import { encodeText, type LineEncoding } from '../../codec/lines.ts';
import type { DriverReport, LinkAction } from '../driver.ts';
import { LINE_BYTES_KEY } from './link-keys.ts';

export interface LineShape extends ByteCleaning {
  /** At least one octet. */
  readonly delimiter: Uint8Array;
  /** Octets of the longest line in either direction, without the delimiter. */
  readonly lineBytesMax: number;
  readonly encoding: LineEncoding;
  /** The line carries 7 bits of each byte. */
  readonly isSevenBit: boolean;
  readonly check: LineCheck;
  /** Octets of the check after the delimiter. 0: the check is before the delimiter. */
  readonly tailBytes: number;
  /** The device echoes written lines. */
  readonly isEchoed: boolean;
}

/** Reason why a text cannot be written as a line. */
export interface NoLine {
  readonly why: 'invalid' | 'empty' | 'too large';
  readonly because?: string;
  readonly size?: ExcessSize;
}

export function noLine(because: string): NoLine {
  return { why: 'invalid', because };
}

/** Largest number of written lines whose echo may still come. */
const ECHOES_MAX = 16;

export class LinePacketSink {
  readonly counters: { -readonly [Name in keyof LinkCounters]: number } = { ...NO_COUNTS };
  private readonly shape: LineShape;
  /** Lines without their delimiters, oldest first. */
  private echoes: string[] = [];
  private readonly actions: LinkAction[] = [];
  private lastToken = 0;

  constructor(shape: LineShape) {
    this.shape = shape;
  }

  /** @returns the line with check and delimiter, or the reason why there is none */
  lineOf(text: string): Uint8Array | NoLine {
    const { delimiter, lineBytesMax, encoding, check, isSevenBit, tailBytes } = this.shape;
    const encoded = encodeText(text, encoding);
    if (encoded === undefined) return noLine(`the text has characters that ${encoding} lacks`);
    if (isSevenBit && encoded.some((octet) => octet > 0x7f))
      return noLine('the text has characters of more than 7 bits');
    if (encoded.length === 0) return { why: 'empty' };
    const body = Buffer.from(appendCheck(encoded, check));
    const beforeDelimiter = tailBytes === 0 ? body : Buffer.from(encoded);
    if (beforeDelimiter.includes(Buffer.from(delimiter))) return noLine('the text contains the line delimiter');
    const { length } = beforeDelimiter;
    if (length > lineBytesMax)
      return { why: 'too large', size: { bytes: length, bytesMax: lineBytesMax, key: LINE_BYTES_KEY } };
    return Uint8Array.from(tailBytes === 0 ? Buffer.concat([body, delimiter]) : body);
  }

  /** @param line line with its delimiter, or a request */
  write(line: Uint8Array): void {
    this.counters.framesOut += 1;
    this.counters.bytesOut += line.length;
    this.actions.push({ kind: 'write', bytes: withParity(line, this.shape) });
    if (!this.shape.isEchoed) return;
    this.echoes.push(keyOf(line.subarray(0, line.length - this.shape.delimiter.length)));
    if (this.echoes.length > ECHOES_MAX) this.echoes.shift();
  }

  /** True if this line is the echo of a written one. Echoes of earlier lines are no longer expected then. */
  isEcho(line: Uint8Array): boolean {
    const at = this.echoes.length === 0 ? -1 : this.echoes.indexOf(keyOf(line));
    this.echoes.splice(0, at + 1);
    if (at !== -1) this.counters.echoes += 1;
    return at !== -1;
  }

  closed(): void {
    this.echoes = [];
  }

  report(report: DriverReport): void {
    this.actions.push(report);
  }

  discard(reason: DiscardReason, sample: Uint8Array | string, subdevice: string | undefined, count = 1): void {
    const kept = typeof sample === 'string' ? sample : sampleBytes(sample);
    this.report({ kind: 'discarded', subdevice, reason, sample: kept, count });
  }

  act(actions: readonly ChannelAction[]): void {
    this.actions.push(...actions);
  }

  drawToken(): number {
    this.lastToken += 1;
    return this.lastToken;
  }

  /** Returns all actions since the last call. */
  take(): LinkAction[] {
    return this.actions.splice(0);
  }
}

function keyOf(line: Uint8Array): string {
  return Buffer.from(line).toString('latin1');
}

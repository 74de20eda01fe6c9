/** Lines within recorded bytes. */
import { type Frame, type FrameSource, limitIn, unread } from '../../base/recorded-frame.ts';
import { type BitSeven, type ByteCleaning, cleanReceived } from '../../codec/bit-seven.ts';
import { decodeText, type LineEncoding, LineReader, type LineSplitter } from '../../codec/lines.ts';
import { MarkedLineReader } from '../../codec/marked-lines.ts';

const NEWLINE = 0x0a;
const BITS: readonly BitSeven[] = ['data', 'ignore', 'even', 'odd'];
/** A recording shows all bytes, so bytes outside of lines are not reported again. */
const NO_EVENTS = { overlong: () => {}, cut: () => {}, outside: () => {} };
/** Largest check after a delimiter: the digits of a CRC-32. */
const TAIL_BYTES_MAX = 8;
/** Number of bytes without an end of a line that are shown as they are. */
const UNENDED_BYTES = 256;

/** Lines with all their octets, including a carriage return that is not part of the message. */
export class LineSource implements FrameSource {
  readonly #reader: LineSplitter;
  readonly #encoding: LineEncoding;
  readonly #cleaning: ByteCleaning;
  #shownBytes = 0;

  constructor(options: object) {
    const given = 'delimiter' in options && options.delimiter instanceof Uint8Array ? options.delimiter : undefined;
    const delimiter = given === undefined || given.length === 0 ? Uint8Array.of(NEWLINE) : given;
    this.#encoding = 'encoding' in options && options.encoding !== 'utf-8' ? 'latin1' : 'utf-8';
    this.#cleaning = {
      bitSeven: BITS.find((one) => 'bitSeven' in options && options.bitSeven === one) ?? 'data',
      skipsNul: 'skipsNul' in options && options.skipsNul === true,
    };
    const limits = { delimiter, lineBytesMax: limitIn({}), encoding: 'bytes' } as const;
    const start = 'start' in options && options.start instanceof Uint8Array ? options.start : undefined;
    const fixedBytes = 'fixedBytes' in options && Number.isInteger(options.fixedBytes) ? Number(options.fixedBytes) : 0;
    const isTailed = 'tailBytes' in options && Number.isInteger(options.tailBytes);
    const tailBytes = isTailed ? Math.min(Math.max(0, Number(options.tailBytes)), TAIL_BYTES_MAX) : 0;
    this.#reader =
      start === undefined || start.length === 0
        ? new LineReader(limits)
        : new MarkedLineReader(
            { ...limits, start, fixedBytes: fixedBytes > 0 ? fixedBytes : undefined, tailBytes },
            NO_EVENTS,
          );
  }

  read(bytes: Uint8Array): Frame[] {
    const lines = [...this.#reader.push(cleanReceived(bytes, this.#cleaning))].map((line): Frame => {
      const text = decodeText(line, this.#encoding);
      if (text === undefined) return unread(line, 'a line that is not valid UTF-8');
      const packet = { kind: 'line', text };
      return { bytes: line, packet, problem: undefined };
    });
    return [...lines, ...this.#unended(bytes)];
  }

  #unended(bytes: Uint8Array): Frame[] {
    const { unendedBytes } = this.#reader;
    if (unendedBytes < this.#shownBytes) this.#shownBytes = 0;
    if (unendedBytes < this.#shownBytes + UNENDED_BYTES) return [];
    this.#shownBytes = unendedBytes;
    return [unread(bytes, `${unendedBytes} bytes so far, and no end of a line`)];
  }
}

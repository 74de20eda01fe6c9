/** Lines within recorded bytes. */
import { type Frame, type FrameSource, limitIn, unread } from '../../base/recorded-frame.ts';
import { decodeText, type LineEncoding, LineReader } from '../../codec/lines.ts';

const NEWLINE = 0x0a;
/** Number of bytes without an end of a line that are shown as they are. */
const UNENDED_BYTES = 256;

/** Lines with all their octets, including a carriage return that is not part of the message. */
export class LineSource implements FrameSource {
  readonly #reader: LineReader;
  readonly #encoding: LineEncoding;
  #shownBytes = 0;

  constructor(options: object) {
    const given = 'delimiter' in options && options.delimiter instanceof Uint8Array ? options.delimiter : undefined;
    const delimiter = given === undefined || given.length === 0 ? Uint8Array.of(NEWLINE) : given;
    this.#encoding = 'encoding' in options && options.encoding !== 'utf-8' ? 'latin1' : 'utf-8';
    this.#reader = new LineReader({ delimiter, lineBytesMax: limitIn({}), encoding: 'bytes' });
  }

  read(bytes: Uint8Array): Frame[] {
    const lines = this.#reader.push(bytes).map((line): Frame => {
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

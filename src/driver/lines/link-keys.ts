/** Keys of `[link.lines]`: format of the lines of a link. */
import { z } from 'zod';
import type { SizeKey } from '../../base/discard.ts';
import { means, NAME, text, whole } from '../../config/kinds/key-kinds.ts';
import { ASK } from './ask-keys.ts';
import { FIELD, FIELD_NAME } from './field-keys.ts';
import { READOUT } from './readout-keys.ts';

const template = z.string().min(1).max(255);
const pattern = z.string().min(1).max(256);

/** Largest value of `line_bytes_max`. */
const LINE_BYTES_LIMIT = 16_384;

export const LINE_BYTES_KEY: SizeKey = { name: 'line_bytes_max', largest: LINE_BYTES_LIMIT };

export const LINES_TABLE = z.strictObject({
  subdevice: NAME.meta(means('Id of the [[subdevice]] that sends the lines.')),
  subdevice_field: FIELD_NAME.optional().meta(
    means(
      'Field that contains the id of the subdevice, which must be in `subdevices` of the link.',
      'every line is from `subdevice`',
    ),
  ),
  format: z.enum(['text', 'ndjson']).default('text').meta(means('Format of a line: text, or one JSON object.')),
  delimiter: z.string().min(1).max(8).default('\n').meta(means('Characters that end a line, e.g. "\\r\\n" or ";".')),
  start: z
    .string()
    .min(1)
    .max(8)
    .optional()
    .meta(
      means(
        'Characters with which each line begins, e.g. "\\u0002" (STX). They and the bytes before them are not part of the line.',
        'a line begins after the delimiter',
      ),
    ),
  line_bytes: whole(1, 1024)
    .optional()
    .meta(
      means(
        'Length of every line after start, bytes, for devices that send no delimiter. Requires start.',
        'a line ends with the delimiter',
      ),
    ),
  telegram_begin: pattern
    .optional()
    .meta(
      means(
        'RE2 expression for the first line of a telegram. All lines up to the one that matches telegram_end are one message.',
        'each line is a message',
      ),
    ),
  telegram_end: pattern
    .optional()
    .meta(means('RE2 expression for the last line of a telegram. With telegram_begin only.')),
  line_bytes_max: whole(16, LINE_BYTES_LIMIT)
    .default(1024)
    .meta(
      means(
        'Largest length of a line without its delimiter, or of a telegram, bytes. Longer ones are discarded and counted.',
      ),
    ),
  encoding: z
    .enum(['utf-8', 'latin1', 'bytes'])
    .default('utf-8')
    .meta(means('Encoding of a line. utf-8 is validated, latin1 is converted to UTF-8, bytes is passed on unchanged.')),
  bit_7: z
    .enum(['data', 'ignore', 'even', 'odd'])
    .default('data')
    .meta(
      means(
        'Bit 7 of each byte, for devices with 7 data bits on an adapter without this mode (data_bits = 8). ignore: cleared in received bytes. even, odd: also the parity of written bytes.',
      ),
    ),
  skip_nul: z.boolean().default(false).meta(means('Drop received NUL bytes, which some devices send as a pause.')),
  check: z
    .enum(['none', 'crc32', 'crc16-modbus', 'xor', 'sum', 'lrc', 'nmea', 'dsmr'])
    .default('none')
    .meta(
      means(
        'Checksum of each line, in both directions. xor: all octets by XOR (BCC). sum: octets added, modulo 256; lrc: 256 minus sum. dsmr: CRC16 of a P1 telegram after its "!".',
      ),
    ),
  check_form: z
    .enum(['hex', 'bytes', 'bytes-low-first'])
    .default('hex')
    .meta(
      means(
        'Form of the checksum: hexadecimal digits, or bytes as they are, the most or the least significant one first.',
      ),
    ),
  check_separator: text(/^[\x00-\x7e]{0,4}$/, '0 to 4 characters up to \\u007E')
    .optional()
    .meta(means('Characters between the text and the checksum, except with dsmr; "" is none.', '"*"')),
  check_range: z
    .enum(['text', 'start', 'separator', 'all'])
    .default('text')
    .meta(
      means(
        'Bytes that the checksum covers: the text, the text with start, with the separator, or with both. For a checksum after the delimiter the delimiter is the separator.',
      ),
    ),
  check_place: z
    .enum(['line', 'after-delimiter'])
    .default('line')
    .meta(
      means(
        'Place of the checksum: at the end of the line, or after the delimiter, such as a BCC after ETX. Requires start.',
      ),
    ),
  pattern: pattern
    .optional()
    .meta(
      means('RE2 expression that a line must match. Its named groups `(?P<name>…)` are the fields. Format text only.'),
    ),
  topic: template
    .default('line')
    .meta(
      means(
        'Topic of the messages. {field} is replaced by the value of a field, percent-encoded, so that it is one topic level.',
      ),
    ),
  payload: z
    .enum(['line', 'json'])
    .default('line')
    .meta(
      means(
        'Payload of the messages: the line unchanged, or the fields of `pattern` and of [[link.lines.field]] as JSON.',
      ),
    ),
  field: z
    .array(FIELD)
    .max(64)
    .default([])
    .meta(means('Tables [[link.lines.field]]: fields with types. Format text only.')),
  ask: z
    .array(ASK)
    .max(64)
    .default([])
    .meta(
      means(
        'Tables [[link.lines.ask]]: requests, for devices that speak only when asked. Each line is an answer then.',
      ),
    ),
  readout: z
    .array(READOUT)
    .max(64)
    .default([])
    .meta(
      means(
        'Tables [[link.lines.readout]]: meters that are read out by IEC 62056-21, mostly through an optical head. Each data block is a message then.',
      ),
    ),
  sequence: FIELD_NAME.optional().meta(
    means(
      'Field with a number that the device increments for each new line. It identifies a repeated line. Requires ack.',
    ),
  ),
  ack: template
    .optional()
    .meta(
      means(
        'Answer to a line after its message is stored, e.g. "OK {n}".',
        'the device does not wait; a power failure loses up to hold_ms',
      ),
    ),
  busy: template.optional().meta(means('Answer to a line that the device must send again later.', 'no answer')),
  refused: template.optional().meta(means('Answer to a line that will never be accepted.', 'no answer')),
  attach: z
    .enum(['open', 'line'])
    .default('open')
    .meta(
      means('Time from which the subdevice counts as connected: when the port is open, or after the first valid line.'),
    ),
  silence_s: whole(0, 86_400)
    .default(0)
    .meta(means('Time without a valid line after which the subdevice counts as away. 0 = never.')),
  skip_first_line: z
    .boolean()
    .default(false)
    .meta(
      means(
        'Discard the characters before the first delimiter after the port was opened, and the lines before the first telegram: they may be parts.',
      ),
    ),
  echo: z
    .boolean()
    .default(false)
    .meta(means('The device sends back each line that the gateway writes. The gateway ignores these lines.')),
  downlinks: z
    .array(z.string().min(1).max(255))
    .max(64)
    .default([])
    .meta(
      means('Topic filters that the gateway subscribes for the subdevice, among its own topics, e.g. ["command"].'),
    ),
  downlink: template
    .default('{payload}')
    .meta(means('Line of a downlink. Fields: {payload}, {topic}, {subdevice}, {number} (0 to 65535).')),
  downlink_ack: pattern
    .optional()
    .meta(
      means(
        'RE2 expression for the device’s acknowledgement of a downlink. A group `number` must match the number of the downlink.',
        'a downlink counts as delivered when it is written',
      ),
    ),
  downlink_refused: pattern
    .optional()
    .meta(
      means(
        'RE2 expression for the device’s answer that rejects a downlink permanently. Groups: `number` as for downlink_ack, and `reason`, a text for reports. Requires downlink_ack.',
        'a downlink that is not acknowledged is written again',
      ),
    ),
});

export type LinesSection = z.output<typeof LINES_TABLE>;

/** Keys of a `[[link]]` with driver lines only. */
export const LINK_KEYS = {
  lines: LINES_TABLE.optional().meta(
    means('Table [link.lines] with the format of the lines. Required for driver lines, not allowed for other drivers.'),
  ),
} as const;

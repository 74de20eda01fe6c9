/** Keys of `[link.lines]`: format of the lines of a link. */
import { z } from 'zod';
import type { SizeKey } from '../../base/discard.ts';
import { means, NAME, text, whole } from '../../config/kinds/key-kinds.ts';

const FIELD = text(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'name of a field: letters, digits and _');
const template = z.string().min(1).max(255);
const pattern = z.string().min(1).max(256);

/** Largest value of `line_bytes_max`. */
const LINE_BYTES_LIMIT = 4096;

export const LINE_BYTES_KEY: SizeKey = { name: 'line_bytes_max', largest: LINE_BYTES_LIMIT };

export const LINES_TABLE = z.strictObject({
  subdevice: NAME.meta(means('Id of the [[subdevice]] that sends the lines.')),
  subdevice_field: FIELD.optional().meta(
    means(
      'Field that contains the id of the subdevice, which must be in `subdevices` of the link.',
      'every line is from `subdevice`',
    ),
  ),
  format: z.enum(['text', 'ndjson']).default('text').meta(means('Format of a line: text, or one JSON object.')),
  delimiter: z.string().min(1).max(8).default('\n').meta(means('Characters that end a line, e.g. "\\r\\n" or ";".')),
  line_bytes_max: whole(16, LINE_BYTES_LIMIT)
    .default(1024)
    .meta(means('Largest length of a line without its delimiter, bytes. Longer lines are discarded and counted.')),
  encoding: z
    .enum(['utf-8', 'latin1', 'bytes'])
    .default('utf-8')
    .meta(means('Encoding of a line. utf-8 is validated, latin1 is converted to UTF-8, bytes is passed on unchanged.')),
  check: z
    .enum(['none', 'crc32', 'crc16-modbus', 'nmea'])
    .default('none')
    .meta(means('Checksum at the end of each line, in hexadecimal digits, in both directions.')),
  check_separator: text(/^[\x21-\x7e]{1,4}$/, '1 to 4 printable characters')
    .default('*')
    .meta(means('Characters between the text and the checksum.')),
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
    .meta(means('Payload of the messages: the line unchanged, or the fields of `pattern` as JSON.')),
  sequence: FIELD.optional().meta(
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
        'Discard the characters before the first delimiter after the port was opened: they may be a part of a line.',
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

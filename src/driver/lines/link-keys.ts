/** Keys of `[link.lines]`: how the lines of a link are read and written. */
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
  subdevice: NAME.meta(means('Id of the [[subdevice]] whose lines these are.')),
  subdevice_field: FIELD.optional().meta(
    means('Field that names the subdevice instead, one of `subdevices` of the link.', 'every line is of `subdevice`'),
  ),
  format: z.enum(['text', 'ndjson']).default('text').meta(means('Lines of text, or each line a JSON object.')),
  delimiter: z.string().min(1).max(8).default('\n').meta(means('What ends a line, e.g. "\\r\\n" or ";".')),
  line_bytes_max: whole(16, LINE_BYTES_LIMIT)
    .default(1024)
    .meta(means('Longest line, delimiter not counted. Longer ones are dropped and counted.')),
  encoding: z
    .enum(['utf-8', 'latin1', 'bytes'])
    .default('utf-8')
    .meta(means('What the octets mean: UTF-8, checked; Latin-1, translated; or anything, passed as it is.')),
  check: z
    .enum(['none', 'crc32', 'crc16-modbus', 'nmea'])
    .default('none')
    .meta(means('Check at the end of each line, in hexadecimal digits; lines we write carry it too.')),
  check_separator: text(/^[\x21-\x7e]{1,4}$/, '1 to 4 printable characters')
    .default('*')
    .meta(means('What stands before the check.')),
  pattern: pattern
    .optional()
    .meta(means('RE2 expression that a line must match; its named groups `(?P<name>…)` are the fields. Text only.')),
  topic: template
    .default('line')
    .meta(means('Topic of its messages. {field} is the value of a field, percent-encoded, so it is never two levels.')),
  payload: z.enum(['line', 'json']).default('line').meta(means('The line as it came, or the fields of `pattern`.')),
  sequence: FIELD.optional().meta(
    means('Field by which a repeated line is known: a number that the device counts up. Needs ack.'),
  ),
  ack: template
    .optional()
    .meta(
      means(
        'Written back when the message is safe, e.g. "OK {n}".',
        'the device does not wait; a power failure loses up to hold_ms',
      ),
    ),
  busy: template.optional().meta(means('Written back when the line has to come again later.', 'nothing is')),
  refused: template.optional().meta(means('Written back when the line will never be taken.', 'nothing is')),
  attach: z
    .enum(['open', 'line'])
    .default('open')
    .meta(means('The subdevice is there once the port is open, or once a good line has come.')),
  silence_s: whole(0, 86_400)
    .default(0)
    .meta(means('Time without a valid line after which it counts as gone. 0 = never.')),
  skip_first_line: z
    .boolean()
    .default(false)
    .meta(means('Drop what comes before the first delimiter after opening: it may be half a line.')),
  echo: z.boolean().default(false).meta(means('The device repeats what we write; ignore that.')),
  downlinks: z
    .array(z.string().min(1).max(255))
    .max(64)
    .default([])
    .meta(means('Filters on its own topics that it is subscribed to, e.g. ["command"].')),
  downlink: template
    .default('{payload}')
    .meta(means('The line of a downlink. Fields: {payload}, {topic}, {subdevice}, {number} (0 to 65535).')),
  downlink_ack: pattern
    .optional()
    .meta(
      means(
        'RE2 expression of the device’s answer to a downlink. A group `number` must be that of the downlink.',
        'delivered once written',
      ),
    ),
  downlink_refused: pattern
    .optional()
    .meta(
      means(
        'RE2 expression of the answer of a device that will never take this downlink. Groups: `number` as above, `reason` for people. Needs downlink_ack.',
        'a downlink that is not acknowledged is written again',
      ),
    ),
});

export type LinesSection = z.output<typeof LINES_TABLE>;

/** Keys of a `[[link]]` for lines alone. */
export const LINK_KEYS = {
  lines: LINES_TABLE.optional().meta(
    means('A table [link.lines]: how lines are read. Driver lines only, required there.'),
  ),
} as const;

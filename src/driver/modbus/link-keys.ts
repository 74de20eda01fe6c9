/** Keys of `[[link.unit]]` and `[[link.unit.point]]`: units and points on a Modbus line. */
import { z } from 'zod';
import { means, NAME, whole } from '../../config/kinds/key-kinds.ts';

const DAY_MS = 86_400_000;
const pollMs = whole(20, DAY_MS);
const topic = z.string().min(1).max(255);

export const POINT = z.strictObject({
  name: NAME.meta(means('Name of the point in the messages of the unit.')),
  table: z
    .enum(['coil', 'discrete', 'holding', 'input'])
    .meta(
      means('Table of the unit: coils (0x), discrete inputs (1x), holding registers (4x) or input registers (3x).'),
    ),
  address: whole(0, 65_535).meta(means('Address as sent on the line, from 0: register 40001 of a manual is 0.')),
  type: z
    .enum([
      'bool',
      ...(['int16', 'uint16', 'int32', 'uint32', 'float32', 'int64', 'uint64', 'float64'] as const),
      'string',
    ])
    .optional()
    .meta(means('Data type of the point.', '"bool" for coil and discrete, "uint16" for the others')),
  bit: whole(0, 15).optional().meta(means('Bit of the register that a bool is in, 0 = lowest.')),
  length: whole(1, 250)
    .optional()
    .meta(means('Length of a string: octets, two in each register; for UTF-16 characters, one in each register.')),
  encoding: z
    .enum(['ascii', 'latin1', 'utf-8', 'utf-16be', 'utf-16le'])
    .optional()
    .meta(means('Encoding of a string. If registers contain the low octet first, set word_order = "BADC".', '"ascii"')),
  padding: z
    .enum(['nul', 'space', 'ff'])
    .optional()
    .meta(
      means(
        'Octet that fills a string that is written. All three kinds are removed from both ends of a string that is read.',
        '"nul"',
      ),
    ),
  word_order: z
    .enum(['ABCD', 'CDAB', 'BADC', 'DCBA'])
    .default('ABCD')
    .meta(means('Order of the octets of a value: ABCD is highest octet first, CDAB is lowest register first.')),
  scale: z.number().default(1).meta(means('Value = register · scale + offset.')),
  offset: z.number().default(0).meta(means('Added to the scaled value, see scale.')),
  deadband: z.number().min(0).default(0).meta(means('Largest change that is not reported.')),
  poll_ms: pollMs.optional().meta(means('Time between two reads of the point.', 'poll_ms of the unit')),
  writable: z.boolean().default(false).meta(means('Commands may write the point. Coils and holding registers only.')),
  min: z.number().optional().meta(means('Smallest value that a command may write.', 'the limit of the type')),
  max: z.number().optional().meta(means('Largest value that a command may write.', 'the limit of the type')),
});

export const UNIT = z.strictObject({
  id: NAME.meta(means('Id of the [[subdevice]] of the unit.')),
  address: whole(0, 247).meta(
    means('Address on the line, 1 to 247. 0 = broadcast to all units: write only, without an answer.'),
  ),
  poll_ms: pollMs.default(1000).meta(means('Time between two reads of the points.')),
  heartbeat_s: whole(0, 86_400)
    .default(60)
    .meta(
      means(
        'Longest time between two publications of the state. A publication follows a poll. 0 = publish only changes.',
      ),
    ),
  gap_max: whole(0, 100)
    .default(0)
    .meta(
      means(
        'Number of registers without a point that one request may read between two points. Some units reject such a request.',
      ),
    ),
  write_mode: z
    .enum(['single', 'multiple', 'read-write'])
    .default('single')
    .meta(
      means(
        'Modbus functions for writing: single = 5 and 6, multiple = 15 and 16, read-write = 23 for registers, which also reads them back.',
      ),
    ),
  state_topic: topic.default('state').meta(means('Topic of the state, {"name": value}.')),
  set_topic: topic.default('set').meta(means('Topic of commands to the unit, {"name": value}.')),
  busy_s: whole(0, 3600)
    .default(10)
    .meta(
      means(
        'Time for which a command is repeated if the unit is busy, or has accepted the command and not completed it.',
      ),
    ),
  result_topic: topic.default('result').meta(means('Topic of the results of commands.')),
  point: z.array(POINT).min(1).max(2000).meta(means('Points of the unit, each a [[link.unit.point]].')),
});

/** Keys of a `[[link]]` with driver modbus only. */
export const LINK_KEYS = {
  unit: z
    .array(UNIT)
    .max(247)
    .optional()
    .meta(means('Modbus units on this line, each a [[link.unit]]. Driver modbus only.', 'none')),
} as const;

export type PointSection = z.output<typeof POINT>;
export type UnitSection = z.output<typeof UNIT>;

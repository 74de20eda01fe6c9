/** Keys of `[[link.unit]]` and `[[link.unit.point]]`: units and points on a Modbus line. */
import { z } from 'zod';
import { means, NAME, whole } from '../../config/kinds/key-kinds.ts';

const DAY_MS = 86_400_000;
const pollMs = whole(20, DAY_MS);
const topic = z.string().min(1).max(255);

export const POINT = z.strictObject({
  name: NAME.meta(means('Its name in the messages of the unit.')),
  table: z
    .enum(['coil', 'discrete', 'holding', 'input'])
    .meta(means('Which table: coils (0x), discrete inputs (1x), holding registers (4x) or input registers (3x).')),
  address: whole(0, 65_535).meta(means('As on the wire, counted from 0: register 40001 of a manual is 0.')),
  type: z
    .enum([
      'bool',
      ...(['int16', 'uint16', 'int32', 'uint32', 'float32', 'int64', 'uint64', 'float64'] as const),
      'string',
    ])
    .optional()
    .meta(means('How its bits are read.', '"bool" of coil and discrete, "uint16" of the others')),
  bit: whole(0, 15).optional().meta(means('Which bit of its register a bool is, 0 = lowest.')),
  length: whole(1, 250)
    .optional()
    .meta(means('Characters of a string: octets, two in a register; of UTF-16 one in each.')),
  encoding: z
    .enum(['ascii', 'latin1', 'utf-8', 'utf-16be', 'utf-16le'])
    .optional()
    .meta(means('Encoding of a string. Registers with the low octet first: word_order = "BADC".', '"ascii"')),
  padding: z
    .enum(['nul', 'space', 'ff'])
    .optional()
    .meta(
      means('Fills up a string that is written. A string that is read loses any of the three at its ends.', '"nul"'),
    ),
  word_order: z
    .enum(['ABCD', 'CDAB', 'BADC', 'DCBA'])
    .default('ABCD')
    .meta(means('Order of the bytes: ABCD is the highest first, CDAB the lowest register first.')),
  scale: z.number().default(1).meta(means('Value = register · scale + offset.')),
  offset: z.number().default(0).meta(means('See scale.')),
  deadband: z.number().min(0).default(0).meta(means('A change by no more than this is not reported.')),
  poll_ms: pollMs.optional().meta(means('How often it is read.', 'poll_ms of the unit')),
  writable: z.boolean().default(false).meta(means('May be written by commands. Coils and holding registers only.')),
  min: z.number().optional().meta(means('Least value a command may write.', 'what the type holds')),
  max: z.number().optional().meta(means('Largest value a command may write.', 'what the type holds')),
});

export const UNIT = z.strictObject({
  id: NAME.meta(means('Id of its [[subdevice]].')),
  address: whole(0, 247).meta(
    means('Address on the line, 1 to 247. 0 = all units at once: written only, and no answer.'),
  ),
  poll_ms: pollMs.default(1000).meta(means('How often its points are read.')),
  heartbeat_s: whole(0, 86_400)
    .default(60)
    .meta(means('Longest time between two publications of its state, which follow a poll. 0 = only when it changes.')),
  gap_max: whole(0, 100)
    .default(0)
    .meta(
      means(
        'Number of registers without a point that may be read as well to save a request. Not every unit allows it.',
      ),
    ),
  write_mode: z
    .enum(['single', 'multiple', 'read-write'])
    .default('single')
    .meta(
      means('One value is written by functions 5 and 6, by 15 and 16, or registers by 23, which reads them back too.'),
    ),
  state_topic: topic.default('state').meta(means('Topic of its values, {"name": value}.')),
  set_topic: topic.default('set').meta(means('Topic of commands to it, {"name": value}.')),
  busy_s: whole(0, 3600)
    .default(10)
    .meta(means('How long a command is repeated to a unit that is busy, or that accepts it and has not done it.')),
  result_topic: topic.default('result').meta(means('Topic of the results of commands.')),
  point: z.array(POINT).min(1).max(2000).meta(means('What it has, each a [[link.unit.point]].')),
});

/** Keys of a `[[link]]` for Modbus alone. */
export const LINK_KEYS = {
  unit: z
    .array(UNIT)
    .max(247)
    .optional()
    .meta(means('Modbus units on this line, each a [[link.unit]]. Driver modbus only.', 'none')),
} as const;

export type PointSection = z.output<typeof POINT>;
export type UnitSection = z.output<typeof UNIT>;

/** Keys of `[[link.unit]]` and `[[link.unit.point]]`: units and points on a Modbus line. */
import { z } from 'zod';
import { means, NAME, PROFILE_ID, text, whole } from '../../config/kinds/key-kinds.ts';
import { STATE_CLASSES } from '../reading.ts';

const DAY_MS = 86_400_000;
const pollMs = whole(20, DAY_MS);
/** Largest pauses: the slowest known units store a setting in some seconds. */
const pauseMs = whole(0, 10_000);
const pauseAfterWriteMs = whole(0, 60_000);
const topic = z.string().min(1).max(255);
const wordOrder = z.enum(['ABCD', 'CDAB', 'BADC', 'DCBA']);
/** Text of the default of a key that a device profile may have in the place of the file. */
const UNLESS_PROFILE = 'required, unless the profile has it';

export const POINT = z.strictObject({
  name: NAME.meta(means('Name of the point in the messages of the unit.')),
  table: z.enum(['coil', 'discrete', 'holding', 'input']).meta({
    ...means(
      'Table of the unit: coils (0x), discrete inputs (1x), holding registers (4x) or input registers (3x).',
      UNLESS_PROFILE,
    ),
    ofProfile: true,
  }),
  address: whole(0, 65_535).meta({
    ...means('Address as sent on the line, from 0: register 40001 of a manual is 0.', UNLESS_PROFILE),
    ofProfile: true,
  }),
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
  word_order: wordOrder
    .optional()
    .meta(
      means(
        'Order of the octets of a value: ABCD is highest octet first, CDAB is lowest register first.',
        'word_order of the unit; "ABCD" for a string',
      ),
    ),
  scale: z.number().default(1).meta(means('Value = register · scale + offset.')),
  offset: z.number().default(0).meta(means('Added to the scaled value, see scale.')),
  unit_of_measurement: z
    .string()
    .min(1)
    .max(16)
    .optional()
    .meta(
      means(
        'Unit of the value, such as V or kWh, for `holdfast profiles check` and [home_assistant]. Not part of messages.',
      ),
    ),
  nan: z
    .array(z.union([z.int(), text(/^0x[0-9A-Fa-f]{1,16}$/, '0x and 1 to 16 hexadecimal digits')]))
    .max(8)
    .default([])
    .meta({
      ...means(
        'Register contents that mean "not available": the point is then null. E.g. [0x8000]; [0x80000000] for two registers; ["0x8000000000000000"] beyond 53 bits.',
      ),
      shape: 'list of integers or hexadecimal texts',
    }),
  deadband: z.number().min(0).default(0).meta(means('Largest change that is not reported.')),
  poll_ms: pollMs.optional().meta(means('Time between two reads of the point.', 'poll_ms of the unit')),
  writable: z.boolean().default(false).meta(means('Commands may write the point. Coils and holding registers only.')),
  min: z.number().optional().meta(means('Smallest value that a command may write.', 'the limit of the type')),
  max: z.number().optional().meta(means('Largest value that a command may write.', 'the limit of the type')),
  device_class: text(/^[a-z][a-z0-9_]{0,31}$/, 'lower-case letters, digits and _')
    .optional()
    .meta(means('Kind of the value for [home_assistant], e.g. "temperature", or "running" for a bool.')),
  state_class: z
    .enum(STATE_CLASSES)
    .optional()
    .meta(means('Behaviour of the value for [home_assistant]: with it, statistics are kept. Numbers only.')),
});

export const UNIT = z.strictObject({
  id: NAME.meta(means('Id of the [[subdevice]] of the unit.')),
  address: whole(0, 255).meta(
    means(
      'Address on the line, 1 to 247; 248 to 255 are reserved by the standard, and some devices use them. 0 = broadcast to all units: write only, without an answer. With framing mbap: unit id, 1 to 255.',
    ),
  ),
  profile: PROFILE_ID.optional().meta(
    means(
      'Id of a device profile (docs/device-profiles.md), which `holdfast profiles list` shows. Its points and keys are those of the unit; keys and points of this file go before.',
    ),
  ),
  profile_points: z
    .array(NAME)
    .min(1)
    .max(2000)
    .optional()
    .meta(means('Names of the points of the profile that are read.', 'all')),
  poll_ms: pollMs.default(1000).meta(means('Time between two reads of the points.')),
  word_order: wordOrder
    .default('ABCD')
    .meta(means('Order of the octets of the numbers that have no word_order of their own.')),
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
  pause_ms: pauseMs
    .default(0)
    .meta(
      means('Time after each request to the unit in which it gets no other request. Other units are asked meanwhile.'),
    ),
  pause_after_write_ms: pauseAfterWriteMs
    .default(0)
    .meta(
      means(
        'The same after a request that writes, if it is longer: many units answer nothing while they store a value.',
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
  point: z
    .array(POINT)
    .max(2000)
    .default([])
    .meta(
      means(
        'Points of the unit, each a [[link.unit.point]]. With a profile: additional points, and keys of its points that differ.',
        UNLESS_PROFILE,
      ),
    ),
});

export const DEFAULT_FRAMING = 'rtu';

/** Keys of a `[[link]]` with driver modbus only. */
export const LINK_KEYS = {
  framing: z
    .enum(['rtu', 'mbap'])
    .optional()
    .meta(
      means(
        'Driver modbus: rtu for frames with a checksum, also on TCP, or mbap for frames of Modbus TCP (retry_ms 1500 by default).',
        `"${DEFAULT_FRAMING}"`,
      ),
    ),
  echo: z
    .enum(['auto', 'on', 'off'])
    .optional()
    .meta(
      means(
        'The RS-485 adapter returns each request that it sends, before the answer: on = always, off = never, auto = recognised from the answers to reads. Driver modbus only.',
        '"auto"',
      ),
    ),
  pause_ms: pauseMs
    .optional()
    .meta(
      means(
        'Silence on the line after each request to any unit, in addition to the 3.5 characters of the standard. Driver modbus only.',
        '0',
      ),
    ),
  pause_after_write_ms: pauseAfterWriteMs
    .optional()
    .meta(means('The same after a request that writes, if it is longer. Driver modbus only.', '0')),
  unit: z
    .array(UNIT)
    .max(255)
    .optional()
    .meta(means('Modbus units on this line, each a [[link.unit]]. Driver modbus only.', 'none')),
} as const;

export type PointSection = z.output<typeof POINT>;
export type UnitSection = z.output<typeof UNIT>;

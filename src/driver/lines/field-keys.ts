/** Keys of `[[link.lines.field]]`: one typed value within a line or telegram. */
import { z } from 'zod';
import { means, text } from '../../config/kinds/key-kinds.ts';

export const FIELD_NAME = text(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'name of a field: letters, digits and _');

const words = () => z.array(z.string().max(64)).max(16);

export const FIELD = z.strictObject({
  name: FIELD_NAME.meta(means('Name of the field in the JSON object, and in templates.')),
  pattern: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .meta(
      means(
        'RE2 expression that finds the value anywhere in the line or telegram: its group `(?P<value>…)`.',
        'the group of this name in `pattern` of the lines',
      ),
    ),
  type: z
    .enum(['string', 'number', 'integer', 'boolean'])
    .default('string')
    .meta(
      means('Type of the value. A text after a number is its unit. A line with a value of no such type is discarded.'),
    ),
  decimal: z.enum(['.', ',']).default('.').meta(means('Decimal mark of a number.')),
  unit_field: FIELD_NAME.optional().meta(means('Field for the unit of the number.', 'the unit is dropped')),
  true_texts: words().default(['1', 'true']).meta(means('Texts that mean true. Type boolean.')),
  false_texts: words().default(['0', 'false']).meta(means('Texts that mean false. Type boolean.')),
  optional: z
    .boolean()
    .default(false)
    .meta(means('A line without the field is a message without it, and is not discarded.')),
});

export type FieldSection = z.output<typeof FIELD>;

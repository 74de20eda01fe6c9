/** Keys of `[[link.lines.ask]]`: one request to a device that speaks only when asked. */
import { z } from 'zod';
import { means, NAME, text, whole } from '../../config/kinds/key-kinds.ts';

/** Characters that stand for one byte each. */
const BYTES = text(/^[\x00-\xff]{1,255}$/, '1 to 255 characters up to \\u00FF, one for each byte');

export const ASK = z.strictObject({
  name: NAME.meta(means('Name of the request, in reports.')),
  subdevice: NAME.optional().meta(means('Id of the [[subdevice]] that answers.', '`subdevice` of the lines')),
  send: BYTES.meta(
    means('Bytes of the request with its end, e.g. "\\u00021W\\r". A character is a byte; nothing is added.'),
  ),
  every_ms: whole(50, 86_400_000).default(10_000).meta(means('Time between two requests.')),
  answer: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .meta(
      means(
        'RE2 expression that the answer must match, e.g. for the address of the device. Other lines are discarded.',
        'any line is the answer',
      ),
    ),
  topic: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .meta(means('Topic of the answer, as `topic` of the lines.', '`topic` of the lines')),
});

export type AskSection = z.output<typeof ASK>;

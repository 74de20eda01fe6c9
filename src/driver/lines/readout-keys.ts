/** Keys of `[[link.lines.readout]]`: one meter that is read out by IEC 62056-21. */
import { z } from 'zod';
import { READOUT_SPEEDS } from '../../codec/iec62056.ts';
import { means, NAME, text, whole } from '../../config/kinds/key-kinds.ts';

export const READOUT = z.strictObject({
  name: NAME.meta(means('Name of the read-out, in reports.')),
  subdevice: NAME.optional().meta(means('Id of the [[subdevice]] that is the meter.', '`subdevice` of the lines')),
  address: text(/^[A-Za-z0-9 ]{1,32}$/, '1 to 32 letters, digits or spaces')
    .optional()
    .meta(means('Address of the meter, often its number on the plate.', 'any meter answers')),
  speed_max: z
    .literal([...READOUT_SPEEDS])
    .default(19_200)
    .meta(
      means('Largest speed of the data, bits per second. The meter proposes a speed. 300 = the speed does not change.'),
    ),
  every_ms: whole(1000, 86_400_000).default(60_000).meta(means('Time between two read-outs.')),
  topic: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .meta(means('Topic of the message, as `topic` of the lines.', '`topic` of the lines')),
});

export type ReadoutSection = z.output<typeof READOUT>;

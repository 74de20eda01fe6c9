/** Keys of `[recorder]`, the flight recorder (`recorder/flight-recorder.ts`); part of the table in `keys.ts`. */
import { z } from 'zod';

/** Events that can write a recording without a command. */
export const RECORDING_TRIGGERS = ['store-failed', 'bug', 'hub-protocol', 'crc-storm', 'dead-letter'] as const;

const MEBIBYTE = 1024 * 1024;

export const RECORDER = z.strictObject({
  ring_bytes: z
    .int()
    .min(0)
    .max(64 * MEBIBYTE)
    .default(MEBIBYTE / 4)
    .meta({ description: 'Bytes of RAM for the latest steps, for each link and for the hub connection. 0 = off.' }),
  triggers: z
    .array(z.enum(RECORDING_TRIGGERS))
    .max(RECORDING_TRIGGERS.length)
    .default([...RECORDING_TRIGGERS])
    .meta({
      description: 'Events that write a recording to state_dir/recordings, each at most once in 10 minutes.',
    }),
  files_max: z
    .int()
    .min(1)
    .max(1000)
    .default(20)
    .meta({ description: 'Largest number of recordings in state_dir/recordings; the oldest are deleted first.' }),
  bytes_max: z
    .int()
    .min(65_536)
    .max(1024 * MEBIBYTE)
    .default(16 * MEBIBYTE)
    .meta({ description: 'Largest size of all recordings together, in bytes.' }),
});

export type RecorderSection = z.output<typeof RECORDER>;

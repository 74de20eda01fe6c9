/** The keys of `[recorder]`, the flight recorder (`recorder/flight-recorder.ts`); part of the table in `keys.ts`. */
import { z } from 'zod';

/** What may freeze a recording by itself. */
export const RECORDING_TRIGGERS = ['store-failed', 'bug', 'hub-protocol', 'crc-storm', 'dead-letter'] as const;

const MEBIBYTE = 1024 * 1024;

export const RECORDER = z.strictObject({
  ring_bytes: z
    .int()
    .min(0)
    .max(64 * MEBIBYTE)
    .default(MEBIBYTE / 4)
    .meta({ description: 'Memory for the last steps of each link, and of the hub’s connection. 0 = nothing is kept.' }),
  triggers: z
    .array(z.enum(RECORDING_TRIGGERS))
    .max(RECORDING_TRIGGERS.length)
    .default([...RECORDING_TRIGGERS])
    .meta({
      description: 'What writes a recording to state_dir/recordings by itself; each at most every ten minutes.',
    }),
  files_max: z
    .int()
    .min(1)
    .max(1000)
    .default(20)
    .meta({ description: 'Most recordings kept there; the oldest give way.' }),
  bytes_max: z
    .int()
    .min(65_536)
    .max(1024 * MEBIBYTE)
    .default(16 * MEBIBYTE)
    .meta({ description: 'Most bytes they may take together.' }),
});

export type RecorderSection = z.output<typeof RECORDER>;

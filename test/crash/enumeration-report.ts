/** Prints the findings and the speed of an enumeration. */
import { type Enumeration, type EnumerationOptions, enumerate } from './enumeration.ts';
import { scratchFolder } from './recording.ts';
import type { TraceEvent } from './trace.ts';

export const SEED = 20_260_701;

export function enumerateTrace(
  what: string,
  trace: readonly TraceEvent[],
  options: Partial<EnumerationOptions> = {},
): Enumeration {
  const begunMs = performance.now();
  const result = enumerate(trace, { folder: scratchFolder(), seed: SEED, ...options });
  const perMinute = Math.round((result.images / (performance.now() - begunMs)) * 60_000);
  const { images, crashPoints, lossy, corrupt, wrong, promised } = result;
  console.log(
    `${what}: ${images} images of ${crashPoints} power cuts, ${perMinute} a minute; ${lossy} lossy, ${corrupt} corrupt, ` +
      `${wrong} wrong; acknowledged: ${promised.uplinks} uplinks, ${promised.downlinks} downlinks`,
  );
  for (const story of result.stories) console.log(`  ${story}`);
  return result;
}

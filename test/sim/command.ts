/** `npm run sim -- --seed N --hours H [--seeds COUNT] [--trouble X]`: lives through worlds and tells what was wrong. */
import { parseArgs } from 'node:util';
import { simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    hours: { type: 'string', default: '24' },
    trouble: { type: 'string', default: '1' },
    story: { type: 'boolean', default: false },
  },
});

let failed = 0;
const startedMs = performance.now();
for (let seed = Number(values.seed); seed < Number(values.seed) + Number(values.seeds); seed += 1) {
  const began = performance.now();
  const outcome = await simulate({ seed, hours: Number(values.hours), trouble: Number(values.trouble) });
  const { steps, uplinks, downlinks, duplicates, commits, problems, story } = outcome;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const words = `${uplinks} uplinks, ${downlinks} downlinks, ${duplicates} duplicates, ${commits} commits, ${steps} steps, ${seconds} s`;
  process.stdout.write(`seed ${seed}: ${problems.length === 0 ? 'well' : 'WRONG'}, ${words}\n`);
  if (problems.length > 0 || values.story) process.stdout.write(`${story.slice(-40).join('\n')}\n`);
  if (problems.length > 0) failed += 1;
}
const hours = Number(values.seeds) * Number(values.hours);
const minutes = (performance.now() - startedMs) / 60_000;
process.stdout.write(
  `${values.seeds} seeds, ${failed} wrong, ${Math.round(hours / minutes)} virtual hours per minute\n`,
);
process.exit(failed === 0 ? 0 : 1);

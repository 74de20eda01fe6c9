/** `npm run sim`: runs simulated worlds and prints the problems. A world with a problem is shrunk. */
import { parseArgs } from 'node:util';
import { shrink, timelineOf } from './shrink.ts';
import { simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    hours: { type: 'string', default: '24' },
    trouble: { type: 'string', default: '1' },
    subdevices: { type: 'string', default: '8' },
    slowness: { type: 'string', default: '1' },
    'driver-mix': { type: 'string' },
    shared: { type: 'boolean', default: false },
    timeline: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const USAGE = `npm run sim -- [options]

  --seed N           first seed (1)
  --seeds COUNT      number of seeds (1)
  --hours H          length of each world in virtual hours (24)
  --trouble X        frequency of troubles: 0 = none, 1 = as in a bad week (1)
  --subdevices N     number of subdevices (8)
  --slowness X       factor of the pauses between messages (1)
  --driver-mix NAME  mixed, lines, telegrams, modbus, modbus-tcp, meters or asked
  --shared           with topics at the hub that all subdevices share
  --timeline         print all events
`;

if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}

const DRIVER_MIXES = ['mixed', 'lines', 'telegrams', 'modbus', 'modbus-tcp', 'meters', 'asked'] as const;

let failed = 0;
const firstSeed = Number(values.seed);
const seeds = Number(values.seeds);
const hours = Number(values.hours);
const startedMs = performance.now();
for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
  const seedStartedMs = performance.now();
  const request = {
    seed,
    hours,
    trouble: Number(values.trouble),
    driverMix: DRIVER_MIXES.find((one) => one === values['driver-mix']),
    hasSharedTopics: values.shared || undefined,
    subdevices: Number(values.subdevices),
    slowness: Number(values.slowness),
  };
  const outcome = await simulate(request);
  const { uplinks, downlinks, duplicates, shed, commits, problems } = outcome;
  const seconds = (performance.now() - seedStartedMs) / 1000;
  const pace = Math.round((hours / seconds) * 60);
  const words = `${uplinks} uplinks, ${downlinks} downlinks, ${duplicates} duplicates, ${shed} shed, ${commits} commits`;
  process.stdout.write(
    `seed ${seed}: ${problems.length === 0 ? 'ok' : 'FAILED'}, ${words}; ${seconds.toFixed(1)} s, ${pace} virtual hours/min\n`,
  );
  if (values.timeline) process.stdout.write(`${outcome.timeline.join('\n')}\n`);
  if (problems.length === 0) continue;
  failed += 1;
  process.stdout.write(`${problems.join('\n')}\nshrinking …\n${timelineOf(await shrink(outcome))}\n`);
}
const minutes = (performance.now() - startedMs) / 60_000;
process.stdout.write(
  `${seeds} seeds, ${failed} failed, ${Math.round((seeds * hours) / minutes)} virtual hours per minute\n`,
);
process.exit(failed === 0 ? 0 : 1);

/** `npm run fleet`: several real gateways at a hub whose nodes fail in traffic; prints a table, a plot, and JSON on request. */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { fleetLines } from './fleet-report.ts';
import { runFleet } from './fleet-run.ts';
import type { FleetHub } from './hub-node.ts';

interface Options {
  readonly gateways: number;
  readonly hub: FleetHub['kind'];
  readonly rate: number;
  readonly seconds: number;
  readonly stateDir: string;
  readonly json?: string;
}

function number(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('not a number above 0');
  return value;
}

function count(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('not a whole number from 1 to 9999');
  return Number(text);
}

const program = new Command('npm run fleet --')
  .option('--gateways <count>', 'number of gateways, each a process of about 100 MB', count, 5)
  .addOption(new Option('--hub <kind>', 'hub').choices(['mosquitto', 'rabbitmq']).default('mosquitto'))
  .option('--rate <n>', 'uplinks of each gateway per second', number, 2)
  .option('--seconds <s>', 'duration of the steady phase, and of each failure', number, 15)
  .option('--state-dir <path>', 'folder for the stores, on a disk', '/var/tmp')
  .option('--json <file>', 'write the result to a file')
  .parse();
const { gateways, hub, rate, seconds, stateDir, json } = program.opts<Options>();
const result = await runFleet({
  ...{ gateways, hub, seconds, stateDir },
  perS: rate,
  tell: (words) => console.error(`${new Date().toISOString().slice(11, 19)}  ${words}`),
});
if (json !== undefined) writeFileSync(json, `${JSON.stringify(result, undefined, 1)}\n`);
for (const line of fleetLines(result)) console.log(line);
process.exit(result.problem === null && result.uplinks.missing === 0 ? 0 : 1);

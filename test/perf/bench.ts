/**
 * `npm run bench`: measures the real gateway process on PTYs, a disk and a connection to a hub, and beside it, in the same
 * call, what the platform can do. Absolute numbers belong to the machine; ratios within one call can be compared.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { VERSION } from '../../src/cli/version.ts';
import { cases } from './cases/cases.ts';
import { machineFacts } from './report/machine.ts';
import { type BenchResult, readResult, resultOf, writeResult } from './report/result.ts';
import { caseTable, comparison, machineLines } from './report/tables.ts';
import { runCases } from './run-cases.ts';
import { warmCache } from './warm-cache.ts';

interface Options {
  readonly runs: number;
  readonly seconds: number;
  readonly stateDir: string;
  readonly json?: string;
  readonly compare?: string;
  readonly list?: true;
  readonly quick?: true;
  readonly full?: true;
  readonly pi?: true;
}

/** Default folder. It is on a disk on usual systems, where /tmp is often in RAM. */
const STATE_ROOT = '/var/tmp';
/** Run time that a JIT needs, and rings and windows to be full. */
const WARM_UP = 3000;
const WARM_UP_QUICK = 50;
const QUICK = { runs: 1, seconds: 0.5 };
/** Cases that are done within five minutes on a small board. */
const PI = {
  runs: 1,
  seconds: 5,
  warmUp: 500,
  limitMs: 300_000,
  cases: ['near', 'away', 'away-slow', 'drain', 'start', 'idle', 'machine'],
};
const PI_FILE = 'holdfast-bench.json';

function number(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('not a number above 0');
  return value;
}

const program = new Command('npm run bench --')
  .argument('[case...]', 'cases to run (default: all that are not on request)')
  .option('--runs <count>', 'number of runs, interleaved', number, 3)
  .option('--seconds <s>', 'duration of one measurement', number, 5)
  .option('--state-dir <path>', 'folder for the stores, on the disk to be measured', STATE_ROOT)
  .option('--json <file>', 'write the result to a file')
  .option('--compare <file>', 'print ratios to an earlier result')
  .option('--list', 'list the cases')
  .option('--quick', 'one short run of each case: shows that it works, and no times')
  .option('--full', 'include the parts that take minutes')
  .option('--pi', `cases of five minutes for a small board; writes ${PI_FILE}`)
  .parse();
const options = program.opts<Options>();

function chosenCases() {
  const names = options.pi === true && program.args.length === 0 ? PI.cases : program.args;
  const unknown = names.filter((name) => !cases.some((one) => one.name === name));
  if (unknown.length > 0) program.error(`no such case: ${unknown.join(', ')} (--list lists them)`);
  return cases.filter((one) => (names.length === 0 ? one.isOnRequest !== true : names.includes(one.name)));
}

async function bench(): Promise<number> {
  const chosen = chosenCases();
  if (options.list === true) {
    for (const { name, about, isOnRequest } of cases) {
      process.stdout.write(`${name.padEnd(12)} ${about}${isOnRequest === true ? ' (on request)' : ''}\n`);
    }
    return 0;
  }
  const isQuick = options.quick === true;
  const { runs, seconds } = isQuick ? QUICK : options.pi === true ? PI : options;
  const stateRoot = options.stateDir;
  mkdirSync(stateRoot, { recursive: true });
  const facts = {
    startedAt: new Date().toISOString(),
    version: VERSION,
    runs,
    seconds,
    machine: machineFacts(stateRoot),
  };
  process.stdout.write(`${machineLines(facts)}\n\n`);
  const cacheFolder = mkdtempSync(join(stateRoot, 'holdfast-bench-cache-'));
  process.once('exit', () => rmSync(cacheFolder, { recursive: true, force: true }));
  await warmCache(stateRoot, cacheFolder);
  const settings = {
    stateRoot,
    cacheFolder,
    seconds,
    warmUp: isQuick ? WARM_UP_QUICK : options.pi === true ? PI.warmUp : WARM_UP,
    isQuick,
    isFull: options.full === true,
  };
  const progress = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  const limitMs = options.pi === true ? PI.limitMs : Number.POSITIVE_INFINITY;
  const done = await runCases(chosen, settings, { runs, limitMs, progress });
  const inRam = facts.machine.isVolatile ? ['the state is in RAM: choose a disk with --state-dir'] : [];
  const remarks = [...inRam, ...done.remarks];
  const result = resultOf({ ...facts, remarks }, done.runs);
  for (const one of chosen) process.stdout.write(`${caseTable(one, result.series)}\n\n`);
  if (options.compare !== undefined) compare(result, readResult(options.compare));
  for (const remark of remarks) process.stdout.write(`note: ${remark}\n`);
  for (const failure of done.failures) process.stdout.write(`FAILED: ${failure}\n`);
  const file = options.json ?? (options.pi === true ? PI_FILE : undefined);
  if (file !== undefined) writeResult(file, result);
  return done.failures.length === 0 ? 0 : 1;
}

function compare(now: BenchResult, before: BenchResult): void {
  for (const { name } of chosenCases()) {
    process.stdout.write(`${comparison(name, now.series, before.series)}\n\n`);
  }
}

process.exit(await bench());

/**
 * `npm start`: the gateway's main function in half a minute, with real bytes on every interface, and counts that do not
 * depend on the gateway's report. Stage, acts, display and outcome are in other files of `demo/`.
 *
 * Invariant: at the end the gateway is stopped and the PTYs are removed. The folder is removed unless the demonstration
 * failed.
 */
import { join } from 'node:path';
import { EXIT } from '../../base/fault.ts';
import { type DemoOutcome, outcomeOf } from './demo-outcome.ts';
import { type Plan, planOf, SECONDS_MIN } from './demo-plan.ts';
import { closingLines } from './last-page.ts';
import { openScreen, type Screen } from './screen.ts';
import { type Stage, setStage } from './stage.ts';
import { Story } from './story.ts';
import { Watch } from './watch.ts';

export interface DemoOptions {
  /** Approximate duration; at least 10. */
  readonly seconds: number;
  /** Writes the outcome as one JSON line to standard output; the display goes to standard error. */
  readonly json: boolean;
  /** Seed of sizes, pauses and the moment of the kill. */
  readonly seed: number;
}

const SHOW_EVERY_MS = 100;
/** The shell's convention 128 + signal, because sysexits.h has no code for it. */
const EXIT_BY = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type StopSignal = keyof typeof EXIT_BY;
const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Last lines of the journal, which show why a gateway did not start. */
const JOURNAL_LINES = 20;

/** @returns 0 if nothing was lost or reordered and the ledger balances, else 1; 128 + signal if it was interrupted */
export async function runDemo({ seconds, json, seed }: DemoOptions): Promise<number> {
  if (seconds < SECONDS_MIN)
    process.stderr.write(`The demonstration needs at least ${SECONDS_MIN} s; ${seconds} s is too short.\n`);
  const plan = planOf(Math.max(SECONDS_MIN, seconds), seed);
  const screen = openScreen(json ? process.stderr : process.stdout, process.env, plan);
  const interruption = new Interruption();
  const stage = await setStage(plan);
  screen.print(introduction(stage));
  const outcome = await play(stage, plan, { screen, interruption });
  screen.close();
  const isToBeKept = outcome?.ok === false;
  if (outcome !== undefined) screen.print(['', ...closingLines(outcome, screen)]);
  if (isToBeKept) screen.print(evidence(stage));
  await stage.close(isToBeKept ? 'keep' : 'remove');
  interruption.stop();
  if (json && outcome !== undefined) process.stdout.write(`${JSON.stringify(outcome)}\n`);
  if (outcome === undefined) {
    screen.print(['', 'Interrupted: the gateway is stopped and the temporary files are removed.']);
    return interruption.exitCode;
  }
  return outcome.ok ? EXIT.ok : EXIT.unbalanced;
}

interface Playing {
  readonly screen: Screen;
  readonly interruption: Interruption;
}

/** @returns `undefined` if it was interrupted */
async function play(stage: Stage, plan: Plan, { screen, interruption }: Playing): Promise<DemoOutcome | undefined> {
  const watch = new Watch(stage, plan);
  const story = new Story(stage, plan, { watch, signal: interruption.signal });
  const showing = setInterval(() => screen.show(watch.scene()), SHOW_EVERY_MS);
  let failure: string | null = null;
  try {
    await story.tell();
  } catch (error) {
    failure = firstLineOf(error);
  } finally {
    clearInterval(showing);
  }
  if (interruption.signal.aborted) return undefined;
  screen.show(watch.scene());
  return outcomeOf({ subdevices: stage.subdevices, plan, watch, facts: story.facts, failure });
}

/** Handles Ctrl-C and other signals while the demonstration runs. */
class Interruption {
  readonly #abort = new AbortController();
  readonly #receive = (signal: NodeJS.Signals): void => {
    this.exitCode = EXIT_BY[signal as StopSignal];
    this.#abort.abort(new Error(`Ended by ${signal}.`));
  };
  exitCode: number = EXIT_BY.SIGINT;

  constructor() {
    for (const signal of STOP_SIGNALS) process.on(signal, this.#receive);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  stop(): void {
    for (const signal of STOP_SIGNALS) process.off(signal, this.#receive);
  }
}

/** The journal that some errors contain is shown separately. */
function firstLineOf(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.replace(/:$/, '.');
}

function introduction({ configText, folder }: Stage): string[] {
  return [
    'Three simulated subdevices on serial lines (PTYs), a gateway (a process of its own), a hub (MQTT on loopback TCP).',
    `Configuration of the gateway, ${join(folder, 'holdfast.toml')}:`,
    '',
    ...configText
      .trimEnd()
      .split('\n')
      .map((line) => (line === '' ? '' : `  ${line}`)),
    '',
  ];
}

/** Data for finding the cause of a failure. */
function evidence({ folder, gateway }: Stage): string[] {
  const journal = gateway.journal.trimEnd().split('\n').slice(-JOURNAL_LINES);
  return [
    '',
    'Last lines of the gateway journal:',
    ...journal.map((line) => `  ${line}`),
    '',
    `Files kept in ${folder}`,
  ];
}

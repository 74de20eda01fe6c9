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
import type { DemoOutput } from './demo-output.ts';
import { type Plan, planOf, SECONDS_MIN } from './demo-plan.ts';
import { showLastPage } from './last-page.ts';
import { SceneLog } from './scene.ts';
import { type Stage, setStage } from './stage.ts';
import { Story } from './story.ts';
import { Watch } from './watch.ts';

export interface DemoOptions {
  /** Approximate duration in seconds; at least 10. */
  readonly seconds: number;
  readonly output: DemoOutput;
  /** Called with the outcome of a demonstration that was not interrupted. */
  readonly onEnd: (outcome: DemoOutcome) => void;
  /** Seed of sizes, pauses and the moment of the kill. */
  readonly seed: number;
}

const SHOW_EVERY_MS = 100;
/** Exit code by signal: the shell's convention 128 + signal, because sysexits.h has no code for an interruption. */
const EXIT_BY = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type StopSignal = keyof typeof EXIT_BY;
const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Number of lines from the end of the journal that are shown; these lines show why a gateway did not start. */
const JOURNAL_LINES = 20;

/** @returns 0 if nothing was lost or reordered and the ledger balances, else 1; 128 + signal after an interruption */
export async function runDemo({ seconds, seed, output, onEnd }: DemoOptions): Promise<number> {
  if (seconds < SECONDS_MIN)
    output.line(`The demonstration needs at least ${SECONDS_MIN} s; ${seconds} s is too short.`);
  const plan = planOf(Math.max(SECONDS_MIN, seconds), seed);
  const interruption = new Interruption();
  const stage = await setStage(plan);
  introduce(stage, output);
  const outcome = await play(stage, plan, { output, interruption });
  const isToBeKept = outcome?.ok === false;
  if (outcome !== undefined) showLastPage(outcome, output);
  if (isToBeKept) showEvidence(stage, output);
  await stage.close(isToBeKept ? 'keep' : 'remove');
  interruption.stop();
  if (outcome === undefined) {
    output.line('');
    output.line('Interrupted: the gateway is stopped and the temporary files are removed.');
    return interruption.exitCode;
  }
  onEnd(outcome);
  return outcome.ok ? EXIT.ok : EXIT.unbalanced;
}

interface Playing {
  readonly output: DemoOutput;
  readonly interruption: Interruption;
}

/** Plays the demonstration on the stage. @returns its outcome; `undefined` after an interruption */
async function play(stage: Stage, plan: Plan, { output, interruption }: Playing): Promise<DemoOutcome | undefined> {
  const watch = new Watch(stage);
  const story = new Story(stage, plan, { watch, signal: interruption.signal });
  const log = new SceneLog(output, plan.seconds);
  const showing = setInterval(() => log.show(watch.scene()), SHOW_EVERY_MS);
  let failure: string | null = null;
  try {
    await story.tell();
  } catch (error) {
    failure = firstLineOf(error);
  } finally {
    clearInterval(showing);
  }
  if (interruption.signal.aborted) return undefined;
  log.end(watch.scene());
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

/** Returns the first line of an error. Some errors contain the journal, which is shown separately. */
function firstLineOf(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.replace(/:$/, '.');
}

function introduce({ configText, folder }: Stage, output: DemoOutput): void {
  output.sentence(
    'Three simulated subdevices on serial lines (PTYs), a gateway (a process of its own), a hub (MQTT on loopback TCP).',
  );
  output.line('Configuration of the gateway:');
  output.line(`  ${join(folder, 'holdfast.toml')}`);
  output.line('');
  for (const line of configText.trimEnd().split('\n')) output.line(line === '' ? '' : `  ${line}`);
}

/** Shows the data that help to find the cause of a failure. */
function showEvidence({ folder, gateway }: Stage, output: DemoOutput): void {
  const journal = gateway.journal.trimEnd().split('\n').slice(-JOURNAL_LINES);
  output.line('');
  output.line('Last lines of the gateway journal:');
  for (const line of journal) output.line(`  ${line}`);
  output.line('');
  output.line(`Files kept in ${folder}`);
}

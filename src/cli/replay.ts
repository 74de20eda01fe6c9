/** `holdfast replay FILE`: runs a recording through the protocol code and compares the decisions. */
import { EXIT } from '../base/fault.ts';
import { printable } from '../ops/words.ts';
import { type Difference, type Rerun, rerun } from '../recorder/rerun.ts';
import { type CommandContext, printJson } from './context.ts';
import { madeOf, readRecording } from './recording-files.ts';
import type { Terminal } from './terminal.ts';

/** @returns exit code 1 if a decision differs or the file is damaged; @throws Fault `usage` */
export async function replay(context: CommandContext, path: string): Promise<number> {
  const { terminal } = context;
  const recording = await readRecording(path);
  const run = madeOf(path, () => rerun(recording, path));
  const { damage } = recording;
  if (context.asJson) printJson(context, 'replay', { ...run, damage: damage ?? null });
  else {
    if (damage !== undefined) terminal.print(terminal.tone('warning', `${path}: ${damage}`));
    const before = run.forgotten + run.skipped;
    terminal.print(`same decisions: ${run.same} of ${run.steps}${before === 0 ? '' : beginningWords(run)}`);
    if (run.difference !== undefined) showDifference(before + run.same + 1, run.difference, terminal);
  }
  return run.difference === undefined && damage === undefined ? EXIT.ok : EXIT.unbalanced;
}

/** Text for the position of the first step that was run, counted from the start of the machine. */
function beginningWords({ forgotten, skipped }: Rerun): string {
  const first = forgotten + skipped + 1;
  return `, from step ${first} (of the steps before it, ${forgotten} were not recorded any more and ${skipped} could not be run)`;
}

function showDifference(step: number, { upMs, input, recorded, taken }: Difference, terminal: Terminal): void {
  terminal.print(`step ${step}, at ${upMs} ms: ${printable(input)}`);
  for (const [heading, lines] of [
    ['recorded', recorded],
    ['now', taken],
  ] as const) {
    terminal.print(`  ${heading}:${lines.length === 0 ? ' nothing' : ''}`);
    for (const line of lines) terminal.print(`    ${printable(line)}`);
  }
}

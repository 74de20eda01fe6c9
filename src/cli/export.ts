/** `holdfast export FILE --pcapng OUT`: converts a recording into a capture for Wireshark. */
import { EXIT } from '../base/fault.ts';
import { countOf } from '../ops/words.ts';
import { encodeCapture } from '../recorder/capture.ts';
import { type CommandContext, printJson } from './context.ts';
import { madeOf, readRecording, writeOut } from './recording-files.ts';

/** @throws Fault `usage` */
export async function exportRecording(context: CommandContext, path: string, out: string): Promise<number> {
  const recording = await readRecording(path);
  const { steps, damage } = recording;
  await writeOut(
    out,
    madeOf(path, () => encodeCapture(recording)),
  );
  if (context.asJson) printJson(context, 'export', { out, steps: steps.length, damage: damage ?? null });
  else {
    if (damage !== undefined) context.terminal.print(context.terminal.tone('warning', `${path}: ${damage}`));
    context.terminal.print(`${out}: ${countOf(steps.length, 'step')}`);
  }
  return EXIT.ok;
}

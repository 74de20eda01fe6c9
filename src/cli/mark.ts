/** `holdfast mark`: a note of a technician in the journal, in the events and in the tail. */
import { EXIT, Fault } from '../base/fault.ts';
import { noteProblem } from '../base/operator-note.ts';
import { give } from '../ops/api/control-client.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';

/** @throws Fault `usage`, `command-rejected`, `not-running` */
export async function mark(context: CommandContext, text: string): Promise<number> {
  const problem = noteProblem(text);
  if (problem !== undefined)
    throw new Fault('usage', `The note is refused: ${problem}`, {
      hint: 'Write one short sentence in quotation marks: holdfast mark "replaced the cable of meter-1".',
    });
  const { controlSocket } = await locateGateway(context);
  await give(controlSocket, 'note.add', { text });
  if (context.asJson) printJson(context, 'note', { text });
  else context.terminal.print('The note is in the journal, among the events and in recordings of this time.');
  return EXIT.ok;
}

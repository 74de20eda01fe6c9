/** Command of the administrative socket for a note of a technician. */
import { noteProblem } from '../base/operator-note.ts';
import { type AdminCommands, refusal } from '../ops/api/administration.ts';
import type { Gateway } from './gateway.ts';
import { runInMailbox } from './in-mailbox.ts';

export function noteCommands(gateway: Gateway): AdminCommands {
  return {
    'note.add': async ({ text }, by) =>
      runInMailbox(gateway, () => {
        const problem = typeof text === 'string' ? noteProblem(text) : 'the text is missing';
        if (typeof text !== 'string' || problem !== undefined)
          throw refusal(`The note is refused: ${problem}`, 'Write {"text": "replaced the cable of meter-1"}.');
        gateway.parts.facts.emit('operatorActed', { action: 'mark', subject: '', detail: text, by });
        return { text };
      }),
  };
}

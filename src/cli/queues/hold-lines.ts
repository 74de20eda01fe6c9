/** Operator holds of a queue on a screen. */
import { type HoldReport, holdOptions, holdWords } from '../../ops/queues/hold-report.ts';
import type { QueueName } from '../../ops/queues/message-selector.ts';
import { ageWords } from '../../ops/words.ts';
import { type Terminal, wrap } from '../terminal.ts';

export function holdLines(queue: QueueName, holds: readonly HoldReport[], terminal: Terminal): string[] {
  return holds.flatMap((hold) =>
    wrap(
      `On hold by an operator for ${ageWords(hold.age)}: ${holdWords(hold)}. To release: holdfast ${queue} release ${holdOptions(hold)}`,
      terminal.width,
    ).map((line) => terminal.tone('warning', line)),
  );
}

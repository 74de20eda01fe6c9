/** `holdfast config reference`: prints every configuration key. */
import { EXIT } from '../base/fault.ts';
import { keyRows } from '../config/key-table.ts';
import { renderReference } from '../config/reference.ts';
import { type CommandContext, printJson } from './context.ts';

export function showReference(context: CommandContext): number {
  if (context.asJson) printJson(context, 'config-keys', { keys: keyRows() });
  else context.terminal.print(renderReference().trimEnd(), 'as is');
  return EXIT.ok;
}

/** `holdfast config schema`: prints the JSON Schema of the configuration file, for editors. */
import { EXIT } from '../base/fault.ts';
import { configSchema } from '../config/config-schema.ts';
import { type CommandContext, printJson } from './context.ts';

export async function printSchema(context: CommandContext): Promise<number> {
  const text = JSON.stringify(configSchema(), null, 1);
  if (context.asJson) printJson(context, 'page', { text });
  else for (const line of text.split('\n')) context.terminal.print(line, 'as is');
  return EXIT.ok;
}

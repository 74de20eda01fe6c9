/** Context of every command: the output, the general options, and the paths by which a command finds the gateway. */
import { readCompleteConfig } from '../ops/complete-config.ts';
import { type JsonName, type JsonOutputs, jsonLine } from './json-outputs.ts';
import type { Terminal } from './terminal.ts';

export interface CommandContext {
  readonly terminal: Terminal;
  /** True if the output is JSON instead of text: one object, or one object on each line. */
  readonly asJson: boolean;
  readonly configPath: string;
  /** Value of `--socket`; `undefined`: the configuration names the socket. */
  readonly socketPath: string | undefined;
}

/** Prints one object on one line, with the schema of this name (`json-outputs.ts`). */
export function printJson<Name extends JsonName>(
  { terminal }: CommandContext,
  name: Name,
  output: JsonOutputs[Name],
): void {
  terminal.print(jsonLine(name, output), 'as is');
}

/** Complete text of a configuration, with its device profiles. @throws Fault `config-unreadable` */
export function readConfigText(path: string): string {
  return readCompleteConfig(path);
}

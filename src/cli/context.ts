/**
 * Context of every command: output, general options, and how to find the gateway.
 */
import { CONFIG_BYTES_MAX } from '../config/default-places.ts';
import { readConfigFile } from '../io/config-file.ts';
import type { Terminal } from './terminal.ts';

export interface CommandContext {
  readonly terminal: Terminal;
  /** Output is one JSON object, or one per line, instead of text. */
  readonly asJson: boolean;
  readonly configPath: string;
  /** Value of `--socket`; `undefined`: the configuration names the socket. */
  readonly socketPath: string | undefined;
}

export function printJson({ terminal }: CommandContext, value: unknown): void {
  terminal.print(JSON.stringify(value));
}

/** @throws Fault `config-unreadable` */
export function readConfigText(path: string): string {
  return readConfigFile(path, CONFIG_BYTES_MAX);
}

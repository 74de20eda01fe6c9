/**
 * What every command gets: where to write, what was asked for in general, and how to find the gateway.
 */
import { readFile } from 'node:fs/promises';
import { Fault } from '../base/fault.ts';
import { hasCode } from '../ops/api/control-socket.ts';
import type { Terminal } from './terminal.ts';

export interface CommandContext {
  readonly terminal: Terminal;
  /** One JSON object (or one per line) instead of words. */
  readonly asJson: boolean;
  readonly configPath: string;
  /** `--socket`; `undefined`: the configuration says. */
  readonly socketPath: string | undefined;
}

export function printJson({ terminal }: CommandContext, value: unknown): void {
  terminal.print(JSON.stringify(value));
}

/** @throws Fault `config-unreadable` */
export async function readConfigText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Fault('config-unreadable', `Cannot read the configuration ${path}: ${why}`, {
      hint: hintFor(error),
      cause: error,
    });
  }
}

function hintFor(error: unknown): string {
  if (hasCode(error, 'EACCES')) return 'Use sudo, or make the file readable for you.';
  return 'Name the file with --config, or by HOLDFAST_CONFIG.';
}

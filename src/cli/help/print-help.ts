/** `holdfast completion SHELL` and `holdfast manual`. */
import type { Command } from 'commander';
import { EXIT } from '../../base/fault.ts';
import { type CommandContext, printJson } from '../context.ts';
import { VERSION } from '../version.ts';
import { treeOf } from './command-tree.ts';
import { completionScript, SHELLS } from './completion-scripts.ts';
import { manualPage } from './manual-page.ts';

const NOTES = [
  [
    'Exit status',
    '0 success; 1 rejected, or the ledger does not balance; 64 usage error; 69 no gateway answers; 70 defect of holdfast; 74 storage failed; 76 not a gateway of this version; 77 no permission; 78 invalid configuration. status --check and doctor have codes of their own: 0, 1, 2, 3.',
  ],
  [
    'Files',
    '/etc/holdfast/holdfast.toml (configuration), /var/lib/holdfast (store), /run/holdfast/control.sock (control socket).',
  ],
  [
    'Environment',
    'HOLDFAST_CONFIG: configuration file. NO_COLOR: no colours. LC_ALL, LC_CTYPE, LANG: without UTF-8 the output is ASCII, except JSON and CSV.',
  ],
] as const;

export async function printCompletion(context: CommandContext, program: Command, name: string): Promise<number> {
  const shell = SHELLS.find((one) => one === name) ?? 'bash';
  return print(context, completionScript(shell, treeOf(program)));
}

export async function printManual(context: CommandContext, program: Command): Promise<number> {
  return print(context, manualPage(treeOf(program), VERSION, NOTES));
}

function print(context: CommandContext, text: string): number {
  if (context.asJson) printJson(context, 'page', { text });
  else context.terminal.print(text.trimEnd(), 'as is');
  return EXIT.ok;
}
